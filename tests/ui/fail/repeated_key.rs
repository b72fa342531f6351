use chaos_runtime::prelude::*;

#[chaos_test(timeout = 5m, timeout = 6m)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
