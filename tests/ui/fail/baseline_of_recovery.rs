use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(recovery <= 110% of baseline, errors <= 110% of baseline))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
