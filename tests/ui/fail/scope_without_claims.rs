use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(during()))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
