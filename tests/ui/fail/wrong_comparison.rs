use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 = 300ms, max != 1s, mean =< 1s, p50 is 3ms, p90 == 1ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
