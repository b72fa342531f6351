//! Rollback: the undo of every fault is on disk before the fault is injected, and runs on every way out.

mod ledger;
mod undo;

pub(crate) use ledger::{UndoId, UndoLedger, UndoReport};
pub use undo::{Recipe, Undo};
