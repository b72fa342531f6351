//! Where `#[chaos_test]` enters the runtime.

use super::{Chaos, Spec};
use crate::Result;
use futures_util::future::BoxFuture;

/// Runs one experiment on the calling thread and panics with its report unless it ended well.
///
/// The body is a plain function that boxes the author's future: one engine serves every test, and is
/// compiled once.
pub fn run(spec: &'static Spec, body: for<'a> fn(&'a mut Chaos) -> BoxFuture<'a, Result<()>>) {
    // The timeline comes with the engine; until then a test only says what it would claim.
    let _ = body;
    println!("{spec:#?}");
}
