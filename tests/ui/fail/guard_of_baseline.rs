use chaos_runtime::prelude::*;

#[chaos_test(abort_if(mean > 300% of baseline))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
