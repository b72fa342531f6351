use chaos_runtime::prelude::*;

#[chaos_test]
#[tokio::test]
async fn after(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

#[tokio::test]
#[chaos_test]
async fn before(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

#[chaos_test]
#[test]
async fn plain(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

fn main() {}
