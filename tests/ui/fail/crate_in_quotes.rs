use chaos_runtime::prelude::*;

#[chaos_test(crate = "chaos_runtime")]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
