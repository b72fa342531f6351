use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(success_rate >= 0%, errors >= 0, p99 >= 0ms, success_rate <= 100%))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
