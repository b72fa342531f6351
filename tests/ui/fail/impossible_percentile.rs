use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(p100 < 1s, p100.5 < 1s, p0 < 1s, p999 < 1s, p99_9 < 1s, p99.99999 < 1s))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
