use chaos_runtime::prelude::*;

#[chaos_test(steady_state(recovery <= 5s, time_to_detect <= 5s, unavailability <= 5s, orders.lost == 0))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
