//! What everything that belongs to one experiment shares.

use super::events::EventLog;
use super::net::Net;
use crate::clock::Clock;
use crate::report::journal::OutputRecord;
use crate::rollback::UndoLedger;
use std::sync::{Arc, Mutex, PoisonError};

/// What everything that belongs to one experiment shares.
pub(crate) struct Core {
    pub(crate) clock: Clock,
    pub(crate) events: EventLog,
    pub(crate) ledger: Arc<UndoLedger>,
    pub(crate) net: Net,
    pub(crate) outputs: Outputs,
}

#[cfg(test)]
impl Core {
    /// A core without an experiment, its ledger in memory.
    pub(crate) fn for_tests() -> Self {
        let clock = Clock::start();
        Self {
            clock,
            events: EventLog::new(clock),
            ledger: UndoLedger::in_memory(),
            net: Net::default(),
            outputs: Outputs::default(),
        }
    }
}

/// Gives the last lines that a target wrote, when a report is made.
type OutputSource = Box<dyn Fn() -> OutputRecord + Send>;

/// The targets whose output is attached to the journal.
#[derive(Clone, Default)]
pub(crate) struct Outputs(Arc<Mutex<Vec<OutputSource>>>);

impl Outputs {
    /// Registers a target.
    pub(crate) fn register(&self, source: impl Fn() -> OutputRecord + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(source));
    }

    /// What they wrote until now.
    pub(crate) fn collect(&self) -> Vec<OutputRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|source| source()).collect()
    }
}
