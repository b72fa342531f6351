//! `use chaos_runtime::prelude::*;`: what a chaos test usually needs.

pub use crate::units::*;
pub use crate::load::{OpId, Operation, OperationExt, Retry, poisson, ramp, stages};
pub use crate::rollback::Undo;
pub use crate::{Chaos, chaos_test, probe, slo};

/// Lets a test whose parameter is called `chaos` return `chaos::Result`.
pub mod chaos {
    pub use crate::{Error, Result};
}
