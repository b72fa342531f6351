use chaos_runtime::prelude::*;

#[chaos_test(confidence = 100%)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
