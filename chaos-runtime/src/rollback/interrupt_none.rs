//! No signals: on this platform an interrupted process just ends, and the next run's replay has to do.

use super::UndoLedger;
use crate::Result;
use std::sync::Arc;

/// An experiment that nothing interrupts.
#[derive(Debug)]
pub(crate) struct Registration;

/// There is nobody to register with.
pub(crate) fn register(
    _ledger: Arc<UndoLedger>,
    _on_death: impl FnOnce(&str) + Send + 'static,
) -> Result<Registration> {
    Ok(Registration)
}

/// No process dies of a signal here.
pub(crate) fn wait_for_death() {}

impl Registration {
    /// Never resolves.
    pub(crate) async fn interrupted(&self) -> &'static str {
        std::future::pending().await
    }
}
