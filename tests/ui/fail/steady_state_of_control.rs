use chaos_runtime::prelude::*;

#[chaos_test(control, steady_state(p95 <= 150% of control))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
