use chaos_runtime::prelude::*;

#[chaos_test(abort_if(success_rate < 10% for, error_rate > 50% for 60))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
