use chaos_runtime::prelude::*;

/// The attribute is wrong, the function is not: calling it is no second error.
#[chaos_test(steady_state(p99 < 300))]
async fn test(chaos: &mut Chaos) -> chaos::Result {
    let _ = chaos;
    Ok(())
}

pub async fn caller(chaos: &mut Chaos) -> chaos::Result {
    test(chaos).await
}

fn main() {}
