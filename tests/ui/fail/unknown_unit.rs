use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 300sec, max < 5d))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
