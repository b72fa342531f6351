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
mod figure;
pub mod load;
pub mod measure;
pub mod prelude;
pub mod probe;
pub mod proxy;
pub mod report;
pub mod rollback;
mod slo;
pub mod statistics;
mod sys;
pub mod target;
mod units;

pub use catalogue::catalogue;
#[doc = include_str!("chaos_test.md")]
pub use chaos_macros::chaos_test;
pub use error::{BodyResult, Error, ErrorKind, Result};
pub use experiment::Chaos;
#[cfg(unix)]
pub use target::bin;
pub use units::*;
