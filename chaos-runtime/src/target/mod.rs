//! Targets: what an experiment harms or loads.

#[cfg(unix)]
pub mod process;

#[cfg(unix)]
pub use process::{Process, ProcessBuilder, Ready, Signal, bin};
