use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 100ms, max < 1s, p99 < 100ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
