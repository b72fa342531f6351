use chaos_runtime::prelude::*;

#[chaos_test(known_weakness(id = "PAY-142", urgency = urgent, fix_by = "2027-02-30"))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
