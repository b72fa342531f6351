//! The handle that an experiment's body gets.

use super::core::Core;
use std::sync::Arc;

/// The experiment as its body sees it: start targets and load, inject faults, state expectations.
pub struct Chaos {
    pub(crate) core: Arc<Core>,
}
