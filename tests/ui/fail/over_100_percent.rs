use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(success_rate >= 101%))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
