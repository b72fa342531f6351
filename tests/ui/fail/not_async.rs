use chaos_runtime::prelude::*;

#[chaos_test]
fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
