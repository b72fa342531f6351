//! Rollback: the undo of every fault is on disk before the fault is injected, and runs on every way out.

#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod interrupt;
#[cfg(not(unix))]
#[path = "interrupt_none.rs"]
mod interrupt;
mod ledger;
mod ledger_file;
mod lock;
#[cfg(unix)]
pub(crate) mod marked;
mod owned_file;
mod path_text;
mod replay;
mod run;
mod undo;

pub(crate) use interrupt::{Registration, register, wait_for_death};
pub(crate) use ledger::{UndoId, UndoLedger, UndoReport};
#[cfg(feature = "fuzzing")]
pub(crate) use ledger_file::fuzz as fuzz_ledger;
pub(crate) use lock::ExperimentLock;
pub use replay::{Leftover, Recovered, recover};
pub use undo::{Leader, Recipe, Undo};
