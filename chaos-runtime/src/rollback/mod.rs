//! Rollback: the undo of every fault is on disk before the fault is injected, and runs on every way out.

mod aws;
pub(crate) mod containers;
#[cfg(all(test, target_os = "linux"))]
mod cost_tests;
mod entries;
#[cfg(unix)]
mod exit;
#[cfg(target_os = "linux")]
pub(crate) mod group;
#[cfg(unix)]
mod interrupt;
#[cfg(not(unix))]
#[path = "interrupt_none.rs"]
mod interrupt;
mod ledger;
mod ledger_file;
mod left;
#[cfg(target_os = "linux")]
pub(crate) mod limits;
mod lock;
#[cfg(unix)]
pub(crate) mod marked;
#[cfg(target_os = "linux")]
pub(crate) mod mounted;
mod owned_file;
mod path_text;
mod queue;
mod replay;
mod run;
mod undo;

pub use aws::{AwsPlace, AwsStep};
pub use containers::{Beside, ContainerStep, FileSystem};
pub(crate) use interrupt::{Registration, register, wait_for_death};
pub(crate) use ledger::{UndoId, UndoLedger, UndoReport};
#[cfg(feature = "fuzzing")]
pub(crate) use ledger_file::fuzz as fuzz_ledger;
pub use left::{Left, leftovers};
pub(crate) use lock::{ExperimentLock, directory as lock_directory};
pub(crate) use queue::Wait;
pub use replay::{Leftover, Recovered, recover};
#[cfg(any(target_os = "linux", test))]
pub(crate) use replay::{OwnFiles, replay_files_of};
#[cfg(feature = "docker")]
pub(crate) use run::ATTEMPT_LIMIT;
pub(crate) use run::{COMPOSER_LIMIT, Remark, carry_out, sum_up};
pub use undo::{Leader, LimitBefore, Limited, Recipe, Undo};
