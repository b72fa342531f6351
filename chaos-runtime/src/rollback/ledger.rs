//! The write-ahead ledger of undos.

use super::entries::{Entry, Inner, State};
use super::ledger_file::{Entry as DiskEntry, LedgerFile};
use super::undo::{Recipe, Undo};
use crate::error::ErrorKind;
use crate::secret::redact;
use crate::watchdog::Watchdog;
use crate::{Error, Result};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::watch;
use tokio::time::Instant;

/// Threads on which the undos of one experiment run. A blocking undo holds up one of them only.
const WORKERS: usize = 4;

/// An entry of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UndoId(pub(super) u64);

/// How an undo ended.
#[derive(Debug, Clone)]
pub(crate) struct UndoReport {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    pub(crate) attempts: u32,
    pub(crate) error: Option<String>,
    /// What is worth knowing although it succeeded.
    pub(crate) remark: Option<String>,
    pub(crate) by_hand: String,
}

/// The undos of one experiment.
///
/// An entry is pending, then running, then done, and never goes back: whoever asks for it first makes
/// it run, on a task that nobody's cancellation ends, and everybody gets the same report.
pub(crate) struct UndoLedger {
    inner: Arc<Inner>,
    /// Apart from the body's runtime, which may be blocked or gone by the time of the rollback.
    /// Kept outside `inner`, which the tasks hold: a runtime can't be dropped by its own task.
    runtime: OnceLock<Runtime>,
    own_runtime: bool,
}

impl UndoLedger {
    /// A ledger in `dir`; the file is made with the first entry and removed when all are done. The watchdog is
    /// started with the first entry too.
    pub(crate) fn on_disk(dir: PathBuf, experiment: String, watchdog: Option<Arc<Watchdog>>) -> Arc<Self> {
        Self::new(Some(dir), experiment, watchdog)
    }

    #[cfg(any(test, feature = "virtual-time", feature = "bench"))]
    /// A ledger without a file, for experiments in virtual time. Its undos run on the caller's runtime.
    pub(crate) fn in_memory() -> Arc<Self> {
        Self::new(None, String::new(), None)
    }

    fn new(dir: Option<PathBuf>, experiment: String, watchdog: Option<Arc<Watchdog>>) -> Arc<Self> {
        let own_runtime = dir.is_some();
        let inner = Arc::new(Inner { experiment, dir, watchdog, state: Mutex::default() });
        Arc::new(Self { inner, runtime: OnceLock::new(), own_runtime })
    }

    /// Writes an undo down; on return it is on disk (fsync).
    ///
    /// An undo that means nothing outside this process ([`Recipe::Nothing`], [`Recipe::InProcess`]) is
    /// kept in memory: there is nothing to replay.
    pub(crate) fn record(&self, what: &str, target: &str, undo: Undo) -> Result<UndoId> {
        let mut state = self.inner.state();
        if let Some(reason) = &state.closed {
            return Err(Error::of(ErrorKind::Cancelled, format!("{reason}: nothing is injected any more")));
        }
        state.last_id += 1;
        let id = UndoId(state.last_id);
        let mut on_disk = false;
        if let Some(dir) = self.inner.dir.as_ref().filter(|_| undo.recipe.outlives_process()) {
            let failed = |error: std::io::Error| {
                Error::new(format!("failed to write the undo `{what}` to `{}`, so nothing was injected", dir.display()))
                    .caused_by(error)
                    .help("the directory must be writable: what could not be undone after a crash is not done")
            };
            // First, so that not even an empty file is left by a kill between the two.
            if let Some(Err(error)) = self.inner.watchdog.as_ref().map(|watchdog| watchdog.ensure()) {
                state.unwatched = Some(error);
            }
            if state.file.is_none() {
                state.file = Some(LedgerFile::create(dir).map_err(failed)?);
            }
            if let Some(file) = &mut state.file {
                // The recipe stays as it is: it must work after a crash. The words are for people.
                let (what, target) = (redact(what), redact(target));
                file.record(DiskEntry::new(id.0, &self.inner.experiment, &what, &target, &undo.recipe))
                    .map_err(failed)?;
                on_disk = true;
            }
        }
        let entry = Entry {
            what: what.to_owned(),
            target: target.to_owned(),
            undo,
            on_disk,
            started: false,
            injecting: watch::Sender::new(false),
            done: watch::Sender::new(None),
        };
        state.entries.insert(id, entry);
        Ok(id)
    }

    /// Replaces the recipe of an entry by one that knows more, such as the ids of processes.
    pub(crate) fn amend(&self, id: UndoId, recipe: Recipe) -> Result<()> {
        let mut state = self.inner.state();
        let State { entries, file, .. } = &mut *state;
        let Some(entry) = entries.get_mut(&id) else { return Ok(()) };
        if let Some(file) = file.as_mut().filter(|_| entry.on_disk) {
            file.amend(id.0, &recipe).map_err(|error| {
                Error::new(format!("failed to write down how to undo `{}`", entry.what)).caused_by(error)
            })?;
        }
        entry.undo.recipe = recipe;
        Ok(())
    }

    /// Replaces the recipe of an entry before more harm is done; on return it is on disk, as with [`record`](Self::record).
    pub(crate) fn amend_durably(&self, id: UndoId, recipe: Recipe) -> Result<()> {
        {
            let state = self.inner.state();
            let Some(entry) = state.entries.get(&id) else { return Ok(()) };
            if entry.started {
                return Err(Error::of(ErrorKind::Cancelled, format!("`{}` is being undone", entry.what)));
            }
            if !entry.on_disk && self.inner.dir.is_some() && recipe.outlives_process() {
                let error =
                    format!("the first undo of `{}` ended with this process, and a later one does not", entry.what);
                return Err(Error::new(error).help("every fault that is made for it needs the same kind of undo"));
            }
            if let Some(reason) = &state.closed {
                return Err(Error::of(ErrorKind::Cancelled, format!("{reason}: nothing is injected any more")));
            }
        }
        self.amend(id, recipe)?;
        let mut state = self.inner.state();
        let State { entries, file, .. } = &mut *state;
        let Some(entry) = entries.get(&id).filter(|entry| entry.on_disk) else { return Ok(()) };
        let Some(file) = file.as_mut() else { return Ok(()) };
        file.sync()
            .map_err(|error| Error::new(format!("failed to write down how to undo `{}`", entry.what)).caused_by(error))
    }

    /// Says that the injection is under way until the guard is dropped. An undo that is asked for
    /// meanwhile (by a signal) waits for that, up to 2 s, lest it end before the harm begins.
    pub(crate) fn injecting(&self, id: UndoId) -> Injecting {
        let sender = self.inner.state().entries.get(&id).map(|entry| entry.injecting.clone());
        if let Some(sender) = &sender {
            sender.send_replace(true);
        }
        Injecting(sender)
    }

    /// From now on [`record`](Self::record) fails with this reason, so that nothing new is injected.
    pub(crate) fn close(&self, reason: &str) {
        self.inner.state().closed.get_or_insert_with(|| reason.to_owned());
    }

    /// Runs one undo, exactly once in all; a second call waits for and reports the first.
    pub(crate) async fn undo(&self, id: UndoId) -> UndoReport {
        let Some(mut done) = self.start(id) else {
            return self.inner.failed(id, "this undo was never recorded");
        };
        let report = match done.wait_for(Option::is_some).await {
            Ok(report) => report.clone(),
            Err(_) => None,
        };
        // The task can't vanish while `self`, and with it the runtime, is borrowed; with a runtime of
        // the caller's it can.
        report.unwrap_or_else(|| self.inner.failed(id, "the runtime that ran the undo was shut down"))
    }

    /// Runs all that are left: last in, first out on each target, targets concurrently; what ends targets comes last.
    pub(crate) async fn undo_all(&self) -> Vec<UndoReport> {
        let mut reports = Vec::new();
        loop {
            let mut targets: BTreeMap<String, Vec<UndoId>> = BTreeMap::new();
            {
                let state = self.inner.state();
                let open = || state.entries.iter().rev().filter(|(_, entry)| entry.done.borrow().is_none());
                let only_last = open().all(|(_, entry)| entry.undo.last);
                for (id, entry) in open().filter(|(_, entry)| entry.undo.last == only_last) {
                    targets.entry(entry.target.clone()).or_default().push(*id);
                }
            }
            if targets.is_empty() {
                // Not only when it is dropped: a body that blocks its thread keeps the ledger until the process ends.
                self.inner.state().end_file();
                return reports;
            }
            let undone = join_all(targets.into_values().map(async |ids| {
                let mut reports = Vec::new();
                for id in ids {
                    reports.push(self.undo(id).await);
                }
                reports
            }));
            reports.extend(undone.await.into_iter().flatten());
        }
    }

    /// Reports of all undos that have run so far, in the order in which they ended.
    pub(crate) fn reports(&self) -> Vec<UndoReport> {
        self.inner.state().reports.clone()
    }

    /// How an undo ended, if it has.
    pub(crate) fn report(&self, id: UndoId) -> Option<UndoReport> {
        self.inner.state().entries.get(&id).and_then(|entry| entry.done.borrow().clone())
    }

    /// What is not undone yet and does not end with this process, as failures: for a process that has to die now.
    pub(crate) fn left_to_the_next(&self) -> Vec<UndoReport> {
        let left = |id: UndoId| UndoReport {
            error: Some(
                "the rollback was not done when the process had to end; its watchdog undoes it, or the next run".into(),
            ),
            ..self.inner.failed(id, "")
        };
        let open: Vec<UndoId> = {
            let state = self.inner.state();
            let open = state.entries.iter().filter(|(_, entry)| entry.on_disk && entry.done.borrow().is_none());
            open.map(|(id, _)| *id).collect()
        };
        open.into_iter().map(left).collect()
    }

    /// What is not undone yet, in words, oldest first.
    pub(crate) fn pending(&self) -> Vec<String> {
        self.inner.state().entries.values().filter(|e| e.done.borrow().is_none()).map(|e| e.what.clone()).collect()
    }

    /// Why there is no watchdog although there should be one, in a sentence.
    pub(crate) fn unwatched(&self) -> Option<String> {
        self.inner.state().unwatched.clone()
    }

    /// Makes an entry run if it does not yet. `None` for an unknown id.
    fn start(&self, id: UndoId) -> Option<watch::Receiver<Option<UndoReport>>> {
        let mut state = self.inner.state();
        let entry = state.entries.get_mut(&id)?;
        let done = entry.done.subscribe();
        if !std::mem::replace(&mut entry.started, true) {
            let undo = entry.undo.clone();
            let injecting = entry.injecting.subscribe();
            self.handle().spawn(Inner::run(Arc::clone(&self.inner), id, undo, injecting));
        }
        Some(done)
    }

    fn handle(&self) -> Handle {
        if !self.own_runtime {
            return Handle::current();
        }
        if let Some(runtime) = self.runtime.get() {
            return runtime.handle().clone();
        }
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("chaos-rollback")
            .enable_all()
            .build();
        match built {
            Ok(runtime) => self.runtime.get_or_init(|| runtime).handle().clone(),
            // No more threads to be had: better on the caller's runtime than not at all.
            Err(_) => Handle::current(),
        }
    }
}

impl Drop for UndoLedger {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let mut state = self.inner.state();
        state.end_file();
        // Otherwise the file stays for the next run's replay, which may take it once this lock is gone.
        state.file = None;
    }
}

/// See [`UndoLedger::injecting`].
#[must_use]
pub(crate) struct Injecting(Option<watch::Sender<bool>>);

impl Drop for Injecting {
    fn drop(&mut self) {
        if let Some(sender) = &self.0 {
            sender.send_replace(false);
        }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
