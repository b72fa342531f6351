//! What everything that belongs to one experiment shares.

use super::cancel::Cancel;
use super::conditions::Conditions;
use super::events::EventLog;
use super::meter::Meter;
use super::net::Net;
use super::settings::Settings;
use super::spec::Spec;
use super::timeline::Timeline;
use crate::claim::Claim;
use crate::clock::Clock;
use crate::descriptors;
use crate::ledger::Ledgers;
use crate::measure::PhaseClock;
use crate::probe::Probes;
use crate::report::journal::{OutputRecord, Reason, ReasonKind};
use crate::rollback::UndoLedger;
use crate::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What everything that belongs to one experiment shares.
pub(crate) struct Core {
    pub(crate) spec: &'static Spec,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) events: EventLog,
    pub(crate) ledger: Arc<UndoLedger>,
    pub(crate) net: Net,
    pub(crate) outputs: Outputs,
    pub(crate) phases: Arc<PhaseClock>,
    pub(crate) timeline: Timeline,
    pub(crate) meter: Meter,
    pub(crate) probes: Probes,
    pub(crate) conditions: Conditions,
    pub(crate) ledgers: Ledgers,
    #[cfg(feature = "docker")]
    pub(crate) containers: crate::target::container::Containment,
    #[cfg(feature = "aws")]
    pub(crate) aws: crate::aws::Access,
    pub(crate) cancel: Cancel,
    /// What decided the verdict before the claims could: the first one counts.
    pub(crate) decisive: Mutex<Vec<Reason>>,
    pub(crate) expectations: Mutex<Vec<Claim>>,
    pub(crate) notes: Mutex<Vec<String>>,
    /// What a dry run would have harmed.
    previews: Mutex<Vec<String>>,
    /// Faults so far, those whose injection was refused included: each draws its own seed.
    drawn: AtomicU64,
    /// How many file descriptors the process had been refused when the experiment began.
    descriptors_refused: u64,
}

impl Core {
    pub(crate) fn new(spec: &'static Spec, settings: Settings, ledger: Arc<UndoLedger>) -> Arc<Self> {
        let clock = Clock::start();
        let phases = Arc::new(PhaseClock::default());
        let claims = spec.steady_state.iter().chain(spec.hypothesis).chain(spec.abort_if);
        Arc::new(Self {
            spec,
            clock,
            events: EventLog::new(clock),
            ledger,
            net: Net::default(),
            outputs: Outputs::default(),
            timeline: Timeline::new(clock, phases.clone()),
            phases,
            meter: Meter::new(settings.bin_ns(), claims),
            probes: Probes::new(clock, settings.origin()),
            conditions: Conditions::default(),
            ledgers: Ledgers::default(),
            #[cfg(feature = "docker")]
            containers: Default::default(),
            #[cfg(feature = "aws")]
            aws: Default::default(),
            cancel: Cancel::new(),
            decisive: Mutex::default(),
            expectations: Mutex::default(),
            notes: Mutex::default(),
            previews: Mutex::default(),
            drawn: AtomicU64::new(0),
            descriptors_refused: descriptors::refused(),
            settings,
        })
    }

    /// A seed for the next fault, drawn from the run's: the same run, the same draws.
    pub(crate) fn draw_seed(&self) -> u64 {
        let index = self.drawn.fetch_add(1, Ordering::Relaxed);
        self.settings.seed ^ (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    /// Notes what decided the verdict and gives the error that ends the body.
    pub(crate) fn decide(&self, kind: ReasonKind, error: ErrorKind, message: String, help: Option<&str>) -> Error {
        let reason = Reason { kind, message: message.clone(), help: help.map(Into::into) };
        self.decisive.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
        let error = Error::of(error, message);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }

    /// Fails when the experiment is being ended.
    pub(crate) fn still_on(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::of(ErrorKind::Cancelled, "the experiment is being ended"));
        }
        Ok(())
    }

    /// Fails when the verdict is known already: a body that goes on all the same injects nothing more.
    pub(crate) fn not_decided(&self) -> Result<()> {
        match self.decisive.lock().unwrap_or_else(PoisonError::into_inner).first() {
            Some(reason) => {
                Err(Error::of(ErrorKind::Inconclusive, format!("nothing more is injected: {}", reason.message)))
            }
            None => Ok(()),
        }
    }

    /// Whether the process ran out of file descriptors since the experiment began.
    pub(crate) fn lacks_descriptors(&self) -> bool {
        descriptors::refused() > self.descriptors_refused
    }

    /// Adds what a dry run would have harmed.
    pub(super) fn previewed(&self, what: String) {
        self.previews.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What a dry run came to; `None`: it is none.
    pub(super) fn dry_run(&self) -> Option<Vec<String>> {
        let previews = || self.previews.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.settings.dry_run.then(previews)
    }

    /// Adds something worth knowing that decides nothing.
    pub(crate) fn note(&self, note: impl Into<String>) {
        let note = note.into();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
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

#[cfg(test)]
impl Core {
    /// The core of an experiment that has just started, for tests of what hangs on it.
    pub(crate) fn for_tests() -> Arc<Self> {
        Self::with_ledger(UndoLedger::in_memory())
    }

    /// The same with a ledger of the test's own.
    pub(crate) fn with_ledger(ledger: Arc<UndoLedger>) -> Arc<Self> {
        static SPEC: Spec = Spec {
            name: "test",
            module: "test",
            package: "test",
            file: "test.rs",
            line: 1,
            column: 1,
            cargo_target: super::spec::CargoTarget::Library,
            doc: "",
            steady_state: &[],
            hypothesis: &[],
            abort_if: &[],
            calls: &[],
            options: super::spec::Options::DEFAULT,
        };
        Self::new(&SPEC, Settings::new(&SPEC, 1, "local".into(), false), ledger)
    }
}
