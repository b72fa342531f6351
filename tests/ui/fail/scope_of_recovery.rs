use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(after(recovery <= 5s), during(orders.lost == 0)))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
