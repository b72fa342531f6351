use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 300ms max < 1s))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
