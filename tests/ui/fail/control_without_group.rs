use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(during(p99 <= 110% of control)))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
