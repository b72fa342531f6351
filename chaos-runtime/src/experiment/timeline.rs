//! Where an experiment stands: its phases, its faults, and what is still active.

use crate::claim::sample::Stretch;
use crate::clock::{Clock, Nanos, micros};
use crate::measure::PhaseClock;
use crate::report::journal::{FaultRecord, PhaseKind, PhaseRecord, RecoveryRecord, RecoveryState};
use crate::rollback::UndoId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An injected fault as the engine sees it.
#[derive(Debug, Clone)]
pub(crate) struct FaultState {
    pub(crate) what: String,
    pub(crate) target: String,
    pub(crate) one_shot: bool,
    pub(crate) injected: Nanos,
    pub(crate) confirmed: Option<Nanos>,
    pub(crate) cleared: Option<Nanos>,
    pub(crate) evidence: String,
    pub(crate) hits: Option<u64>,
    /// What the evidence said at the end, when the fault was not seen any more.
    pub(crate) lost: Option<String>,
    pub(crate) recovery: Option<RecoveryRecord>,
    /// When the watch of its recovery began and when it was concluded.
    pub(crate) watched: Option<(Nanos, Nanos)>,
    /// Its recovery, but for the driver's own pauses; `None`: they changed nothing.
    pub(crate) own: Option<Own>,
    /// Harm is being done now.
    pub(crate) active: bool,
}

/// A recovery without what the driver's own pauses did to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Own {
    pub(crate) recovery: RecoveryRecord,
    /// The longest of these pauses.
    pub(crate) longest: Nanos,
}

impl FaultState {
    /// The instant from which recovery counts.
    pub(crate) fn recovery_origin(&self) -> Option<Nanos> {
        if self.one_shot { self.confirmed } else { self.cleared }
    }

    /// Whether the steady state was waited for in vain.
    pub(crate) fn never_back(&self) -> bool {
        let state = self.recovery.as_ref().map(|recovery| recovery.state);
        matches!(state, Some(RecoveryState::Permanent | RecoveryState::Undecided))
    }

    fn record(&self) -> FaultRecord {
        FaultRecord {
            what: self.what.clone(),
            target: self.target.clone(),
            one_shot: self.one_shot,
            injected_us: micros(self.injected),
            confirmed_us: self.confirmed.map(micros),
            cleared_us: self.cleared.map(micros),
            evidence: self.evidence.clone(),
            hits: self.hits,
            recovery: self.recovery.clone(),
        }
    }
}

/// Where an experiment stands.
#[derive(Debug)]
pub(crate) struct Timeline {
    clock: Clock,
    phases: Arc<PhaseClock>,
    faults: Mutex<Vec<FaultState>>,
    undos: Mutex<Vec<UndoId>>,
    /// Starts of the fault phases in which the fault was on its way, but had not shown itself yet.
    unconfirmed: Mutex<Vec<Nanos>>,
}

impl Timeline {
    pub(crate) fn new(clock: Clock, phases: Arc<PhaseClock>) -> Self {
        Self { clock, phases, faults: Mutex::default(), undos: Mutex::default(), unconfirmed: Mutex::default() }
    }

    /// Begins a phase a moment from now, so that no operation due in it can have ended already, and
    /// waits for that moment.
    pub(crate) async fn begin(&self, kind: PhaseKind) -> Nanos {
        let start = self.clock.now() + 1_000_000;
        self.phases.begin(kind, start);
        self.clock.sleep_until(start).await;
        start
    }

    /// Begins a phase unless it is the current one.
    pub(crate) async fn ensure(&self, kind: PhaseKind) -> Nanos {
        match self.phases.current() {
            Some(current) if current.kind == kind => self.clock.now(),
            _ => self.begin(kind).await,
        }
    }

    /// The current phase.
    pub(crate) fn current(&self) -> Option<PhaseKind> {
        self.phases.current().map(|segment| segment.kind)
    }

    /// The current phase's place among the phases.
    pub(crate) fn current_index(&self) -> usize {
        self.phases.segments().len().saturating_sub(1)
    }

    /// When the current phase began.
    pub(crate) fn current_start(&self) -> Option<Nanos> {
        self.phases.current().map(|segment| segment.start)
    }

    /// The phases so far; the last one ends at `end`.
    pub(crate) fn stretches(&self, end: Nanos) -> Vec<Stretch> {
        let segments = self.phases.segments();
        let ends = segments.iter().skip(1).map(|next| next.start).chain([end]);
        segments
            .iter()
            .zip(ends)
            .map(|(segment, end)| Stretch { kind: segment.kind, start: segment.start, end: end.max(segment.start) })
            .collect()
    }

    /// The fault at `index` has shown itself only now: ends the phase in which it was on its way, unless other
    /// faults did harm in it.
    pub(crate) async fn split_unconfirmed(&self, index: usize) -> bool {
        let Some(start) = self.current_start().filter(|_| self.current() == Some(PhaseKind::Fault)) else {
            return false;
        };
        let over = |fault: &FaultState| fault.cleared.is_some_and(|cleared| cleared <= start);
        if self.faults().iter().enumerate().any(|(i, fault)| i != index && !over(fault)) {
            return false;
        }
        self.unconfirmed.lock().unwrap_or_else(PoisonError::into_inner).push(start);
        self.begin(PhaseKind::Fault).await;
        true
    }

    /// The same stretches, but only where faults had shown themselves; `None` when they all had at once.
    pub(crate) fn confirmed_only(&self, stretches: &[Stretch]) -> Option<Vec<Stretch>> {
        let unconfirmed = self.unconfirmed.lock().unwrap_or_else(PoisonError::into_inner);
        if unconfirmed.is_empty() {
            return None;
        }
        let confirmed = |stretch: &Stretch| {
            let kind = if unconfirmed.contains(&stretch.start) { PhaseKind::WarmUp } else { stretch.kind };
            Stretch { kind, start: stretch.start, end: stretch.end }
        };
        Some(stretches.iter().map(confirmed).collect())
    }

    /// The phases for the journal.
    pub(crate) fn phase_records(&self, end: Nanos) -> Vec<PhaseRecord> {
        let record = |s: &Stretch| PhaseRecord { kind: s.kind, start_us: micros(s.start), end_us: micros(s.end) };
        self.stretches(end).iter().map(record).collect()
    }

    /// All faults so far.
    pub(crate) fn faults(&self) -> MutexGuard<'_, Vec<FaultState>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault with its undo; its index.
    pub(crate) fn add_fault(&self, fault: FaultState, undo: UndoId) -> usize {
        let mut faults = self.faults();
        faults.push(fault);
        self.undos.lock().unwrap_or_else(PoisonError::into_inner).push(undo);
        faults.len() - 1
    }

    /// A fault's undo.
    pub(crate) fn undo_of(&self, index: usize) -> Option<UndoId> {
        self.undos.lock().unwrap_or_else(PoisonError::into_inner).get(index).copied()
    }

    /// Changes a fault.
    pub(crate) fn update<T>(&self, index: usize, change: impl FnOnce(&mut FaultState) -> T) -> T {
        change(&mut self.faults()[index])
    }

    /// Whether harm is being done now.
    pub(crate) fn any_active(&self) -> bool {
        self.faults().iter().any(|fault| fault.active)
    }

    /// The active faults in words.
    pub(crate) fn active(&self) -> String {
        let active: Vec<_> = self.faults().iter().filter(|f| f.active).map(|f| f.what.clone()).collect();
        active.join(" + ")
    }

    /// The first injection.
    pub(crate) fn first_injection(&self) -> Option<Nanos> {
        self.faults().first().map(|fault| fault.injected)
    }

    /// The faults for the journal.
    pub(crate) fn fault_records(&self) -> Vec<FaultRecord> {
        self.faults().iter().map(FaultState::record).collect()
    }
}
