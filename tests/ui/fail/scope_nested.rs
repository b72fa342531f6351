use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(during(after(p99 < 300ms))))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
