use chaos_runtime::prelude::*;

#[chaos_test(abort_if(after(p99 > 300ms)))]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
