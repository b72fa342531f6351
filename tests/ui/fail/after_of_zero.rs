use chaos_runtime::prelude::*;

#[chaos_test(after = 0s)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
