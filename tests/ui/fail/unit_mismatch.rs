use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(p99 < 5%, success_rate >= 1s, errors < 1%, recovery <= 10/s, throughput > 5ms, orders.lost <= 3ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
