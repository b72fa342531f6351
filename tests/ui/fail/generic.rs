use chaos_runtime::prelude::*;

#[chaos_test]
async fn test<T>(_chaos: &mut Chaos) -> chaos::Result
where
    T: Copy,
{
    Ok(())
}

fn main() {}
