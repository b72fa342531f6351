use chaos_runtime::prelude::*;

#[chaos_test(abort_if(time_to_detect > 1s))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
