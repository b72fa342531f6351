use chaos_runtime::prelude::*;

#[chaos_test(parallel, exclusive("db"))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
