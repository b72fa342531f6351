use chaos_runtime::prelude::*;

#[chaos_test(known_weakness(id = "PAY-142"))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
