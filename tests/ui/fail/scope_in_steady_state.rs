use chaos_runtime::prelude::*;

#[chaos_test(steady_state(during(p99 < 300ms)))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
