use chaos_runtime::prelude::*;

#[chaos_test(abort_if(error_rate <= 100%, success_rate > 100%))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
