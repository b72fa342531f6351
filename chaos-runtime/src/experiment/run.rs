//! Where `#[chaos_test]` enters the runtime.

use super::{Chaos, Spec};
use crate::Result;
use futures_util::future::BoxFuture;

/// The author's function, boxed: one engine serves every test, whatever their futures are.
pub type Body = for<'a> fn(&'a mut Chaos) -> BoxFuture<'a, Result<()>>;

/// Runs one experiment on the calling thread and panics with its report unless it ended well.
pub fn run(spec: &'static Spec, body: Body) {
    // The timeline comes with the engine; until then a test only says what it would claim.
    let _ = body;
    println!("{spec:#?}");
}
