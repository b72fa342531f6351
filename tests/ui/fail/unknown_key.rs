use chaos_runtime::prelude::*;

#[chaos_test(hypotesis(p99 < 300ms), color = 3, p99 < 300ms)]
async fn test(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
