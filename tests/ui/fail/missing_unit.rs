use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 300, success_rate >= 0.99, throughput > 100))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
