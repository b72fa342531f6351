use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(lost == 0))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
