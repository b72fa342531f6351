//! Targets: what an experiment harms or loads.

mod http;
#[cfg(unix)]
pub mod process;

pub use http::HttpTarget;
#[cfg(unix)]
pub use process::{Process, ProcessBuilder, Ready, Signal, bin};
