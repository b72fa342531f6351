//! Bodies whose type is wrong, which only shows where `#[test]` functions are compiled.

use chaos_runtime::prelude::*;

#[chaos_test]
async fn a_number(_chaos: &mut Chaos) -> u32 {
    3
}

#[chaos_test]
async fn a_value(_chaos: &mut Chaos) -> Result<u32, std::io::Error> {
    Ok(3)
}

#[chaos_test]
async fn nothing(_chaos: &mut Chaos) {}

#[chaos_test]
async fn no_error(_chaos: &mut Chaos) -> Result<(), u8> {
    Ok(())
}

struct Elsewhere;

#[chaos_test]
async fn foreign(_chaos: &mut other::Chaos) -> chaos::Result {
    let _ = Elsewhere;
    Ok(())
}

mod other {
    pub(crate) struct Chaos;
}

// No error: a body stays on its thread.
#[chaos_test]
async fn stays_on_its_thread(_chaos: &mut Chaos) -> chaos::Result {
    let local = std::rc::Rc::new(3);
    std::future::ready(()).await;
    drop(local);
    Ok(())
}

#[chaos_test]
async fn wrong_inside(_chaos: &mut Chaos) -> chaos::Result {
    let _: u8 = "three";
    Ok(())
}
