//! Resilience assertions for `cargo test`.

#[allow(unused_extern_crates)] // The macros' paths begin with it, here too.
extern crate self as chaos_runtime;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod catalogue;
pub mod claim;
mod clock;
mod error;
pub mod experiment;
pub mod fault;
pub mod measure;
pub mod prelude;
pub mod report;
pub mod rollback;
mod slo;
mod units;

pub use catalogue::catalogue;
#[doc = include_str!("chaos_test.md")]
pub use chaos_macros::chaos_test;
pub use error::{BodyResult, Error, ErrorKind, Result};
pub use experiment::Chaos;
