//! The entries of a ledger: what is pending, what runs, what is done, and the file that says so.

use super::ledger::{UndoId, UndoReport};
use super::ledger_file::LedgerFile;
use super::run::carry_out;
use super::undo::Undo;
use crate::watchdog::Watchdog;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long an undo waits for an injection that is still under way.
const INJECTION_LIMIT: Duration = Duration::from_secs(2);

pub(super) struct Inner {
    pub(super) experiment: String,
    pub(super) dir: Option<PathBuf>,
    pub(super) watchdog: Option<Arc<Watchdog>>,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) entries: BTreeMap<UndoId, Entry>,
    pub(super) reports: Vec<UndoReport>,
    pub(super) last_id: u64,
    pub(super) file: Option<LedgerFile>,
    /// Why nothing may be recorded any more.
    pub(super) closed: Option<String>,
    /// Why there is no watchdog although there should be one.
    pub(super) unwatched: Option<String>,
}

pub(super) struct Entry {
    pub(super) what: String,
    pub(super) target: String,
    pub(super) undo: Undo,
    pub(super) on_disk: bool,
    pub(super) started: bool,
    pub(super) injecting: watch::Sender<bool>,
    pub(super) done: watch::Sender<Option<UndoReport>>,
}

impl State {
    /// Removes the file if all that it says is done. The next entry makes a new one.
    pub(super) fn end_file(&mut self) {
        let undone = |entry: &Entry| entry.done.borrow().as_ref().is_some_and(|report| report.error.is_none());
        if self.entries.values().filter(|entry| entry.on_disk).all(undone)
            && let Some(file) = self.file.take()
        {
            // What stays is a file in which everything is done; the next replay removes it.
            let _ = file.remove();
        }
    }
}

impl Inner {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn run(self: Arc<Self>, id: UndoId, undo: Undo, mut injecting: watch::Receiver<bool>) {
        let _ = tokio::time::timeout(INJECTION_LIMIT, injecting.wait_for(|injecting| !injecting)).await;
        let started = Instant::now();
        let (attempts, outcome) = carry_out(&undo).await;
        let took = started.elapsed();
        let mut state = self.state();
        let State { entries, reports, file, .. } = &mut *state;
        let Some(entry) = entries.get(&id) else { return };
        // What is undone needs no hand, and its ledger file goes.
        let whole = file.as_ref().filter(|_| entry.on_disk && outcome.is_err()).map(LedgerFile::path);
        let report = UndoReport {
            what: entry.what.clone(),
            target: entry.target.clone(),
            started,
            took,
            attempts,
            by_hand: entry.undo.recipe.by_hand(whole),
            remark: outcome.as_ref().ok().cloned().flatten(),
            error: outcome.err().map(|error| error.to_string()),
        };
        if let Some(file) = file.as_mut().filter(|_| entry.on_disk && report.error.is_none()) {
            // The harm has ended; at worst the next run's replay ends it again.
            let _ = file.done(id.0);
        }
        reports.push(report.clone());
        entry.done.send_replace(Some(report));
    }

    pub(super) fn failed(&self, id: UndoId, error: &str) -> UndoReport {
        let state = self.state();
        let entry = state.entries.get(&id);
        let whole = state.file.as_ref().filter(|_| entry.is_some_and(|entry| entry.on_disk)).map(LedgerFile::path);
        UndoReport {
            what: entry.map_or_else(String::new, |entry| entry.what.clone()),
            target: entry.map_or_else(String::new, |entry| entry.target.clone()),
            started: Instant::now(),
            took: Duration::ZERO,
            attempts: 0,
            remark: None,
            error: Some(error.to_owned()),
            by_hand: entry.map_or_else(String::new, |entry| entry.undo.recipe.by_hand(whole)),
        }
    }
}
