use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(p99 <= baseline, max <= 20ms of baseline, mean <= 110% of before))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
