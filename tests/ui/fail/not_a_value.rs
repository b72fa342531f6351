use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < "300ms", max < ten, mean < -5ms, p50 < 0x10ms, p90 < 1e3ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
