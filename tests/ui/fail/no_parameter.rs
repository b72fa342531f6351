use chaos_runtime::prelude::*;

#[chaos_test]
async fn test() -> chaos::Result {
    Ok(())
}

fn main() {}
