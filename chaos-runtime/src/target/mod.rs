//! Targets: what an experiment harms or loads.

#[cfg(unix)]
pub mod process;
