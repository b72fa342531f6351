use chaos_runtime::prelude::*;

#[test]
#[chaos_test]
async fn plain_first(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}
