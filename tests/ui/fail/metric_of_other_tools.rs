use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(latency < 300ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
