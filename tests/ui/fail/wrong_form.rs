use chaos_runtime::prelude::*;

#[chaos_test(steady_state = 5, timeout(5m), parallel = true, exclusive, worker_threads = 0, bin = 0s, warm_up = 5)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
