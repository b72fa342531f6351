//! A process that exits by itself while an experiment runs: a test calls `std::process::exit`, or the test harness
//! gives up because nobody reads its output any more (`cargo test | head`). It rolls back first, as on a signal.

use super::interrupt::{END_LIMIT, ending, finish, is_running};
use crate::{Error, Result, sys};
use std::panic::catch_unwind;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// What experiments are told as the reason.
const REASON: &str = "the end of the process";

static LEAVING: Leaving = Leaving { stage: Mutex::new(Stage::Staying), changed: Condvar::new() };

/// How the thread that exits and the one that rolls back tell each other. That is all the former may do: its
/// thread-locals may be gone, and with them channels and the spawning of threads.
struct Leaving {
    stage: Mutex<Stage>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Staying,
    Exiting,
    RolledBack,
}

impl Leaving {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go_to(&self, stage: Stage) {
        *self.stage() = stage;
        self.changed.notify_all();
    }
}

/// The process that has installed this: a child that it forks has the handler, but none of its threads.
static INSTALLED_BY: OnceLock<u32> = OnceLock::new();

/// Lets the process roll back before it exits. To be called once.
pub(super) fn install() -> Result<()> {
    std::thread::Builder::new()
        .name("chaos-exit".into())
        .spawn(|| {
            let stage = LEAVING.stage();
            let stage = LEAVING.changed.wait_while(stage, |stage| *stage == Stage::Staying);
            drop(stage.unwrap_or_else(PoisonError::into_inner));
            let _ = catch_unwind(|| finish(REASON));
            let _ = catch_unwind(crate::report::live::close);
            LEAVING.go_to(Stage::RolledBack);
        })
        .map_err(|error| Error::new("failed to start the thread that rolls back at the exit").caused_by(error))?;
    INSTALLED_BY.get_or_init(std::process::id);
    // No room for one more handler is no reason to run nothing: the ledger is on disk all the same.
    let _ = sys::at_exit(on_exit);
    Ok(())
}

extern "C" fn on_exit() {
    if INSTALLED_BY.get() != Some(&std::process::id()) {
        return;
    }
    match ending() {
        // It dies of a signal already, in good order.
        Some(reason) if reason != REASON => std::thread::sleep(END_LIMIT),
        _ if is_running() => {
            LEAVING.go_to(Stage::Exiting);
            let _ = LEAVING.changed.wait_timeout_while(LEAVING.stage(), END_LIMIT, |stage| *stage == Stage::Exiting);
        }
        _ => {}
    }
}
