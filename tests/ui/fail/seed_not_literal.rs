use chaos_runtime::prelude::*;

#[chaos_test(seed = SEED)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
