//! `use chaos_runtime::prelude::*;`: what a chaos test usually needs.

pub use crate::fault::compose::{BoxedFault, FaultExt, fault_with, flapping, parallel, repeated, sequence};
#[cfg(feature = "docker")]
pub use crate::fault::container::{ContainerFaults, partition};
pub use crate::fault::http::GrpcCode;
pub use crate::fault::{Evidence, Fault, fault};
#[cfg(feature = "tower")]
pub use crate::inside::ChaosLayer;
#[cfg(feature = "reqwest-middleware")]
pub use crate::inside::ChaosMiddleware;
#[cfg(feature = "points")]
pub use crate::inside::Points;
pub use crate::inside::StreamSwitch;
pub use crate::ledger::Ledger;
pub use crate::load::{OpId, Operation, OperationExt, Retry, http, op, poisson, ramp, stages};
pub use crate::rollback::Undo;
#[cfg(any(unix, feature = "docker"))]
pub use crate::target::Signal;
#[cfg(unix)]
pub use crate::target::{Process, ProcessBuilder, Ready, bin};
pub use crate::units::*;
pub use crate::{Chaos, Secret, chaos_test, probe, slo};
pub use std::process::Command;

/// Lets a test whose parameter is called `chaos` return `chaos::Result`.
pub mod chaos {
    pub use crate::{Error, Result};
}
