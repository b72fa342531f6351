//! The watchdog: a process that undoes what the test process can't undo any more, as soon as that one is gone.
//!
//! It is the test's own executable, started once more and caught before its `main` (`sys::constructor`): nothing has
//! to be installed, and it understands exactly the ledgers that this version writes. It is started with the first undo
//! that outlives its process, sleeps in one `poll` until the test process has ended, replays that process' ledger
//! files if there are any, tells what it did ([`Rescue`]), and ends.
//!
//! - It waits on a pidfd which the test process has opened of itself, so a pid that is used again can't fool it, and
//!   an end that came before the watchdog was up is an end like any other.
//! - What it may replay is decided by the files' locks, as for every replay: whatever wakes it, nothing is undone
//!   that belongs to a living process.
//! - It has a session of its own, and nothing of the test's: no stream, no descriptor, no working directory, no lock.
//!   The environment is the test's, which commands that undo (`docker`, `aws`) need; only the mark by which processes
//!   of an experiment are found and killed is taken out.

#[cfg(target_os = "linux")]
mod keep;
mod rescue;
#[cfg(all(target_os = "linux", feature = "docker"))]
mod run_end;
mod start;

#[cfg(target_os = "linux")]
pub(crate) use keep::{arguments, main};
pub(crate) use rescue::Rescue;
#[cfg(all(target_os = "linux", feature = "docker"))]
pub(crate) use run_end::{RunEnd, remove_after};
pub(crate) use start::Watchdog;
