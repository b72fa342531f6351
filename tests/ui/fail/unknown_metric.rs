use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(succes_rate >= 99%))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
