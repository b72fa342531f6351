use chaos_runtime::prelude::*;

#[chaos_test(hypothesis(status(99) <= 5%, status <= 5%, error(timout) <= 5%, error <= 5%, probe(lag) < 1s))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
