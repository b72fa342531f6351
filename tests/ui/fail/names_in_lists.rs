use chaos_runtime::prelude::*;

#[chaos_test(exclusive(db), profiles(local, local), requires(dokcer))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
