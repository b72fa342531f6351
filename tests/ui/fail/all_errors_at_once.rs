use chaos_runtime::prelude::*;

#[chaos_test(steady_state(p99 < 300, succes_rate >= 99%), timeout = 5, parallell)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
