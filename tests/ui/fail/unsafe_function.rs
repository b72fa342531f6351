use chaos_runtime::prelude::*;

#[chaos_test]
async unsafe fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
