use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(happiness > 3))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
