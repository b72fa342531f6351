//! Resilience assertions for `cargo test`.

extern crate self as chaos_runtime;

pub mod claim;
mod clock;
mod error;
pub mod experiment;
pub mod fault;
pub mod measure;
pub mod report;
pub mod rollback;
mod sys;
pub mod target;
mod units;

pub use error::{BodyResult, Error, ErrorKind, Result};
pub use experiment::Chaos;
