//! `use chaos_runtime::prelude::*;`: what a chaos test usually needs.

pub use crate::fault::{Evidence, Fault, fault};
pub use crate::ledger::Ledger;
pub use crate::load::{OpId, Operation, OperationExt, Retry, http, op, poisson, ramp, stages};
pub use crate::rollback::Undo;
#[cfg(unix)]
pub use crate::target::{Process, ProcessBuilder, Ready, Signal, bin};
pub use crate::units::*;
pub use crate::{Chaos, Secret, chaos_test, probe, slo};
pub use std::process::Command;

/// Lets a test whose parameter is called `chaos` return `chaos::Result`.
pub mod chaos {
    pub use crate::{Error, Result};
}
