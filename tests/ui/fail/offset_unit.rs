use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(p99 <= baseline + 20%, success_rate >= baseline - 3))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
