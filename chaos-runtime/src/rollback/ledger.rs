//! The write-ahead ledger of undos.

use super::undo::Undo;
use crate::Result;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// An entry of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UndoId(u64);

/// How an undo ended.
#[derive(Debug, Clone)]
pub(crate) struct UndoReport {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) attempts: u32,
    pub(crate) error: Option<String>,
    pub(crate) by_hand: String,
}

/// The undos of one experiment.
pub(crate) struct UndoLedger {}

impl UndoLedger {
    /// A ledger in `dir`; the file is made with the first entry and removed when all are done.
    pub(crate) fn on_disk(_dir: PathBuf, _experiment: String) -> Arc<Self> {
        Arc::new(Self {})
    }

    /// A ledger without a file, for experiments in virtual time.
    pub(crate) fn in_memory() -> Arc<Self> {
        Arc::new(Self {})
    }

    /// Writes an undo down; on return it is on disk (fsync).
    pub(crate) fn record(&self, _what: &str, _target: &str, _undo: Undo) -> Result<UndoId> {
        unimplemented!()
    }

    /// Runs one undo, exactly once in all; a second call waits for and reports the first.
    pub(crate) async fn undo(&self, _id: UndoId) -> UndoReport {
        unimplemented!()
    }

    /// Runs all that are left: last in, first out on each target, targets concurrently.
    pub(crate) async fn undo_all(&self) -> Vec<UndoReport> {
        unimplemented!()
    }

    /// Reports of all undos that have run so far, in the order in which they ended.
    pub(crate) fn reports(&self) -> Vec<UndoReport> {
        unimplemented!()
    }
}
