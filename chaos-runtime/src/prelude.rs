//! `use chaos_runtime::prelude::*;`: what a chaos test usually needs.

pub use crate::units::*;
pub use crate::{Chaos, chaos_test, slo};

/// Lets a test whose parameter is called `chaos` return `chaos::Result`.
pub mod chaos {
    pub use crate::{Error, Result};
}
