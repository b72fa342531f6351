//! Signals: the one owner of SIGINT, SIGTERM and SIGHUP in the process.
//!
//! On the first of them every experiment is told, all rollbacks run at once and concurrently, the
//! experiments get a moment to write their journals, and the process dies of the signal as one should.
//! Further signals do not shorten the rollback, which is bounded anyway; only SIGKILL does, and what it
//! cuts short is replayed by the watchdog or the next run.
//!
//! The same happens when the process exits by itself while an experiment runs ([`exit`](super::exit)).

use super::{UndoLedger, exit};
use crate::error::ErrorKind;
use crate::{Error, Result};
use futures_util::future::join_all;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::watch;

/// Bounds of what happens between the signal and the end: together below the 10 s that nextest gives.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(8);
const FINISH_LIMIT: Duration = Duration::from_millis(1_200);
const LAST_WORDS_LIMIT: Duration = Duration::from_millis(300);

/// Longer than all of that; nobody waits in vain for ever.
pub(super) const END_LIMIT: Duration = Duration::from_millis(10_500);

static OWNER: Owner = Owner { state: Mutex::new(State::new()), left: Condvar::new() };

struct Owner {
    state: Mutex<State>,
    /// Notified when a registration is dropped.
    left: Condvar,
}

struct State {
    installed: bool,
    interrupted: Option<&'static str>,
    last_id: u64,
    experiments: BTreeMap<u64, Experiment>,
}

struct Experiment {
    ledger: Arc<UndoLedger>,
    tell: watch::Sender<Option<&'static str>>,
    on_death: Option<OnDeath>,
}

type OnDeath = Box<dyn FnOnce(&str) + Send>;

/// An experiment as the signals' owner knows it. Dropping it says that the experiment has ended.
#[derive(Debug)]
pub(crate) struct Registration {
    id: u64,
    told: watch::Receiver<Option<&'static str>>,
}

/// Registers an experiment; installs the signal handlers at the first call.
///
/// `on_death` gets the signal's name if the process is about to die and the registration has not been
/// dropped by then; it runs on another thread and has 0.3 s. Fails once a signal has come.
pub(crate) fn register(ledger: Arc<UndoLedger>, on_death: impl FnOnce(&str) + Send + 'static) -> Result<Registration> {
    let mut state = OWNER.state();
    if let Some(signal) = state.interrupted {
        return Err(Error::of(ErrorKind::Cancelled, format!("interrupted by {signal}")));
    }
    if !state.installed {
        install()?;
        exit::install()?;
        state.installed = true;
    }
    state.last_id += 1;
    let id = state.last_id;
    let (tell, told) = watch::channel(None);
    state.experiments.insert(id, Experiment { ledger, tell, on_death: Some(Box::new(on_death)) });
    Ok(Registration { id, told })
}

/// Once a signal has come, waits for the process to die of it; otherwise returns at once.
///
/// For the thread of an experiment that has ended: if it returned to the test harness, that might end the
/// process with an ordinary exit status before the signal does.
pub(crate) fn wait_for_death() {
    if OWNER.state().interrupted.is_some() {
        std::thread::sleep(END_LIMIT);
    }
}

impl Registration {
    /// Resolves to the signal's name when one comes, or has come. Cancel-safe.
    pub(crate) async fn interrupted(&self) -> &'static str {
        let mut told = self.told.clone();
        let signal = told.wait_for(Option::is_some).await.ok().and_then(|signal| *signal);
        match signal {
            Some(signal) => signal,
            // The sender lives as long as this registration, so this is never reached.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let experiment = OWNER.state().experiments.remove(&self.id);
        OWNER.left.notify_all();
        // The ledger's end removes a file; not while the lock is held.
        drop(experiment);
    }
}

impl State {
    const fn new() -> Self {
        Self { installed: false, interrupted: None, last_id: 0, experiments: BTreeMap::new() }
    }
}

impl Owner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the process as interrupted and tells all experiments. The ledgers that are to be rolled back.
    fn interrupt(&self, signal: &'static str) -> Vec<Arc<UndoLedger>> {
        let mut state = self.state();
        state.interrupted = Some(signal);
        let reason = format!("interrupted by {signal}");
        // First no more injections, then the word: otherwise one could slip in between.
        state.experiments.values().for_each(|experiment| experiment.ledger.close(&reason));
        for experiment in state.experiments.values() {
            experiment.tell.send_replace(Some(signal));
        }
        state.experiments.values().map(|experiment| Arc::clone(&experiment.ledger)).collect()
    }

    /// Waits until all registrations are dropped, and takes the last words of those that are not.
    fn wait_for_experiments(&self) -> Vec<OnDeath> {
        let (mut state, _) = self
            .left
            .wait_timeout_while(self.state(), FINISH_LIMIT, |state| !state.experiments.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        state.experiments.values_mut().filter_map(|experiment| experiment.on_death.take()).collect()
    }
}

fn install() -> Result<()> {
    let failed = |error: std::io::Error| Error::new("failed to install the signal handlers").caused_by(error);
    let wanted: Vec<i32> = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)).collect();
    let mut signals = Signals::new(wanted).map_err(failed)?;
    std::thread::Builder::new()
        .name("chaos-signals".into())
        .spawn(move || {
            let mut dying = false;
            for signal in signals.forever() {
                let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
                if std::mem::replace(&mut dying, true) {
                    say(&format!("{name}: the rollback is running already and ends within 10 s"));
                } else if OWNER.state().experiments.is_empty() {
                    die(signal);
                } else if std::thread::Builder::new().spawn(move || end(signal, name)).is_err() {
                    // No thread to be had for it: then further signals have to wait.
                    end(signal, name);
                }
            }
        })
        .map_err(failed)?;
    Ok(())
}

/// A signal that is ignored since before our start (`nohup`) stays so.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

/// From the first signal to the end of the process.
fn end(signal: i32, name: &'static str) {
    finish(name);
    die(signal);
}

/// The signal, or other reason, for which the process is ending in good order already.
pub(super) fn ending() -> Option<&'static str> {
    OWNER.state().interrupted
}

/// Whether there is an experiment that has not ended.
pub(super) fn is_running() -> bool {
    !OWNER.state().experiments.is_empty()
}

/// What comes before the end of the process, for this reason.
pub(super) fn finish(name: &'static str) {
    let ledgers = OWNER.interrupt(name);
    let pending: Vec<String> = ledgers.iter().flat_map(|ledger| ledger.pending()).collect();
    if pending.is_empty() {
        say(&format!("{name}: nothing to roll back, writing reports"));
    } else {
        say(&format!("{name}: rolling back: {}", pending.join(", ")));
    }
    // Whatever goes wrong in here, the process still has to die of its signal.
    let _ = catch_unwind(AssertUnwindSafe(|| roll_back(&ledgers)));
    drop(ledgers);
    let last_words = OWNER.wait_for_experiments();
    if !last_words.is_empty() {
        let (spoken, all_spoken) = mpsc::channel::<()>();
        // On a thread of its own: an experiment that hangs may hold what they need.
        let speaker = std::thread::Builder::new().spawn(move || {
            for words in last_words {
                let _ = catch_unwind(AssertUnwindSafe(|| words(name)));
            }
            drop(spoken);
        });
        if speaker.is_ok() {
            let _ = all_spoken.recv_timeout(LAST_WORDS_LIMIT);
        }
    }
}

fn roll_back(ledgers: &[Arc<UndoLedger>]) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(&format!("failed to roll back, the watchdog or the next run will: {error}")),
    };
    let all = async { join_all(ledgers.iter().map(|ledger| ledger.undo_all())).await };
    let in_time = runtime.block_on(async { tokio::time::timeout(ROLLBACK_LIMIT, all).await.is_ok() });
    // A hanging undo must not hold up the end.
    runtime.shutdown_background();
    for report in ledgers.iter().flat_map(|ledger| ledger.reports()) {
        if let Some(error) = report.error {
            say(&format!("failed to undo `{}`: {error}\nhelp: by hand: {}", report.what, report.by_hand));
        }
    }
    if !in_time {
        let left: Vec<String> = ledgers.iter().flat_map(|ledger| ledger.pending()).collect();
        let left = left.join(", ");
        say(&format!("not undone within 8 s: {left}; what outlives this process its watchdog or the next run undoes"));
    }
}

/// Straight to standard error: `eprintln!` goes to the captured output of whichever test came first.
fn say(text: &str) {
    crate::report::live::write(&format!("chaos-test: {}\n", crate::report::text::tell(text)));
}

fn die(signal: i32) {
    crate::report::live::close();
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    // Only reached if the default could not be restored.
    signal_hook::low_level::exit(128 + signal);
}

#[cfg(test)]
#[path = "interrupt_tests.rs"]
mod tests;
