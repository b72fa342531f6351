use chaos_runtime::prelude::*;

#[chaos_test]
async fn shared(_chaos: &Chaos) -> chaos::Result {
    Ok(())
}

#[chaos_test]
async fn two(_chaos: &mut Chaos, _port: u16) -> chaos::Result {
    Ok(())
}

fn main() {}
