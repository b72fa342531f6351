use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 100ms, p99 > 200ms))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
