use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(during(success_rate >= 99%, error_rate > 5%), p50 > 1s, p99 < 500ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
