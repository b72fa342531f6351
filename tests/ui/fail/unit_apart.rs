use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 300 ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
