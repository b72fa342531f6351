//! Injecting a fault: undo on disk, harm, evidence, hold, clearance.

use super::chaos::Chaos;
use super::core::Core;
use super::gate;
use super::recover::{settle, still_steady};
use super::subjects::refuse_other_units;
use super::timeline::FaultState;
use crate::fault::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::report::journal::{EventKind, PhaseKind, ReasonKind};
use crate::report::text;
use crate::rollback::UndoId;
use crate::{Error, ErrorKind, Result, claim::display};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

/// How often a fault is asked for evidence.
const LOOK: Duration = Duration::from_millis(10);

/// How long a fault that is to be undone may take to say whether it is still there.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// A fault that is about to be injected. Await it (one-shot faults), or say first how long it is held.
#[must_use = "a fault is injected by `.await`"]
pub struct Injection<'a, F> {
    chaos: &'a Chaos,
    fault: F,
}

impl<'a, F: Fault> Injection<'a, F> {
    pub(crate) fn new(chaos: &'a Chaos, fault: F) -> Self {
        Self { chaos, fault }
    }
}

impl<'a, F: Held> Injection<'a, F> {
    /// Holds the fault for this long, counted from the moment at which it is confirmed.
    pub fn hold(self, hold: Duration) -> HeldInjection<'a, F> {
        HeldInjection { chaos: self.chaos, fault: self.fault, hold }
    }

    /// Injects the fault and leaves it on, for faults that overlap or are nested. It ends with
    /// [`ActiveFault::clear`], at the latest when the body returns.
    pub async fn start(self) -> Result<ActiveFault> {
        start(&self.chaos.core, self.chaos, Box::new(Erased(self.fault)), None, false).await
    }
}

impl<'a, F: OneShot> IntoFuture for Injection<'a, F> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core = &self.chaos.core;
            let active = start(core, self.chaos, Box::new(Erased(self.fault)), None, true).await?;
            if core.timeline.faults().iter().enumerate().any(|(i, fault)| i != active.index && fault.active) {
                // Others still do harm; recovery is watched when the last of them has ended.
                core.timeline.update(active.index, |fault| fault.active = false);
                return Ok(());
            }
            if settle(core).await? {
                return Ok(());
            }
            core.timeline.update(active.index, |fault| fault.active = false);
            Err(not_back(core))
        })
    }
}

/// A fault with its hold time.
#[must_use = "a fault is injected by `.await`"]
pub struct HeldInjection<'a, F> {
    chaos: &'a Chaos,
    fault: F,
    hold: Duration,
}

impl<'a, F: Held> IntoFuture for HeldInjection<'a, F> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if self.hold.is_zero() {
                let message = format!("`{}` is held for no time at all", self.fault.describe());
                let help = "hold it for long enough to meet operations: `.hold(secs(10))`";
                return Err(self.chaos.core.decide(ReasonKind::Body, ErrorKind::Failed, message, Some(help)));
            }
            let fault = Box::new(Erased(self.fault));
            let active = start(&self.chaos.core, self.chaos, fault, Some(self.hold), false).await?;
            tokio::select! {
                biased;
                () = self.chaos.core.cancel.cancelled() => {}
                () = tokio::time::sleep(self.hold) => {}
            }
            active.clear().await
        })
    }
}

/// A held fault that is on.
#[must_use = "a fault that was started is cleared by `.clear().await`, at the latest when the body returns"]
pub struct ActiveFault {
    core: Arc<Core>,
    index: usize,
    undo: UndoId,
    fault: Box<dyn DynFault>,
}

impl ActiveFault {
    /// Ends the fault by its recorded undo.
    pub async fn clear(mut self) -> Result<()> {
        let core = self.core.clone();
        // Read before the undo: a process that is running again shows no sign of having been paused.
        // One that does not come in time must not lengthen the harm, and says nothing.
        if let Ok(evidence) = tokio::time::timeout(LAST_LOOK, self.fault.evidence()).await {
            core.timeline.update(self.index, |fault| match evidence {
                Ok(evidence) if evidence.is_seen() => note_evidence(fault, &evidence),
                Ok(evidence) => fault.lost = Some(evidence.text().to_owned()),
                Err(error) => fault.lost = Some(format!("no evidence to be had: {error}")),
            });
        }
        clear(&core, self.index, self.undo).await
    }
}

/// Runs a fault's undo and notes its end.
async fn clear(core: &Core, index: usize, undo: UndoId) -> Result<()> {
    let report = core.ledger.undo(undo).await;
    let what = core.timeline.update(index, |fault| fault.what.clone());
    if let Some(error) = report.error {
        return Err(Error::of(ErrorKind::Failed, format!("failed to undo `{what}`: {error}")));
    }
    let now = core.clock.now();
    core.probes.boundary(now);
    core.timeline.update(index, |fault| {
        fault.cleared.get_or_insert(now);
        fault.active = false;
    });
    core.events.note(EventKind::Clear, what);
    if !core.timeline.any_active() && core.timeline.current() == Some(PhaseKind::Fault) {
        core.timeline.begin(PhaseKind::Recovery).await;
    }
    Ok(())
}

/// Clears what the body left on.
pub(crate) async fn clear_leftovers(core: &Core) {
    let left: Vec<usize> = {
        let faults = core.timeline.faults();
        faults.iter().enumerate().filter(|(_, f)| f.active && !f.one_shot).map(|(index, _)| index).collect()
    };
    for index in left {
        let what = core.timeline.update(index, |fault| fault.what.clone());
        core.note(format!("`{what}` was still on when the body returned, and was cleared then"));
        if let Some(undo) = core.timeline.undo_of(index) {
            // A failed undo stands in the ledger's reports, and decides the verdict there.
            let _ = clear(core, index, undo).await;
        }
    }
}

/// Notes the end of faults that the rollback has ended, when an experiment was cut short.
pub(crate) fn note_rolled_back(core: &Core) {
    let left: Vec<usize> = {
        let faults = core.timeline.faults();
        let open = |f: &FaultState| f.cleared.is_none() && !f.one_shot;
        faults.iter().enumerate().filter(|(_, f)| open(f)).map(|(index, _)| index).collect()
    };
    for index in left {
        let report = core.timeline.undo_of(index).and_then(|undo| core.ledger.report(undo));
        if let Some(report) = report.filter(|report| report.error.is_none()) {
            let cleared = core.clock.at(report.started + report.took);
            core.timeline.update(index, |fault| fault.cleared = Some(cleared));
        }
    }
}

async fn start(
    core: &Arc<Core>,
    chaos: &Chaos,
    mut fault: Box<dyn DynFault>,
    hold: Option<Duration>,
    one_shot: bool,
) -> Result<ActiveFault> {
    core.still_on()?;
    core.not_decided()?;
    {
        let mut gate = chaos.gate.lock().await;
        gate::pass(core, chaos.load_started(), &mut gate).await?;
    }
    refuse_other_units(core)?;
    let may_go_on = core.timeline.any_active() || settle(core).await? && still_steady(core).await?;
    if !may_go_on {
        return Err(not_back(core));
    }
    if let Some(hold) = hold {
        gate::warn_of_thin_phase(core, hold).await;
    }
    let (what, target) = (fault.describe(), fault.target());
    let undo = core.ledger.record(&what, &target, fault.undo())?;
    core.timeline.ensure(PhaseKind::Fault).await;
    let injected = core.clock.now();
    core.events.note(EventKind::Inject, text::harm(&what, &target));
    let state = FaultState {
        what: what.clone(),
        target,
        one_shot,
        injected,
        confirmed: None,
        cleared: None,
        evidence: String::new(),
        hits: None,
        lost: None,
        recovery: None,
        watched: None,
        active: true,
    };
    let index = core.timeline.add_fault(state, undo);
    core.meter.injected(injected);
    core.probes.boundary(injected);
    let seed = core.settings.seed ^ (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // A signal's rollback waits for the injection to be over, lest it end before the harm begins.
    let injecting = core.ledger.injecting(undo);
    let harm = fault.inject(InjectCx { seed, held: !one_shot, hold }).await;
    drop(injecting);
    if let Err(error) = harm {
        let _ = clear(core, index, undo).await;
        let text = error.to_string();
        let cause = text.split("\nhelp: ").next().unwrap_or_default();
        let message = format!("failed to inject `{what}`: {cause}");
        message.clone_into(&mut core.timeline.faults()[index].evidence);
        // A body that goes on all the same must not hide it.
        return Err(core.decide(ReasonKind::Body, ErrorKind::Failed, message, error.help_text()));
    }
    confirm(core, index, undo, &mut *fault).await?;
    Ok(ActiveFault { core: core.clone(), index, undo, fault })
}

/// Waits for evidence that the fault bites; without it nothing that follows would prove anything.
async fn confirm(core: &Core, index: usize, undo: UndoId, fault: &mut dyn DynFault) -> Result<()> {
    let limit = core.clock.now() + crate::clock::nanos(core.settings.confirm);
    loop {
        let left = Duration::from_nanos(limit.saturating_sub(core.clock.now())).max(LOOK);
        let evidence = match tokio::time::timeout(left, fault.evidence()).await {
            Ok(Ok(evidence)) => evidence,
            Ok(Err(error)) => Evidence::none(format!("no evidence to be had: {error}")),
            Err(_) => Evidence::none("the confirmation did not answer"),
        };
        let now = core.clock.now();
        core.timeline.update(index, |fault| note_evidence(fault, &evidence));
        if evidence.is_seen() {
            core.timeline.update(index, |fault| fault.confirmed = Some(now));
            core.events.note(EventKind::Confirm, evidence.text());
            let injected = core.timeline.update(index, |fault| fault.injected);
            // Less than a bin waters nothing down, and the operation that is the evidence belongs to the fault.
            if now.saturating_sub(injected) > core.settings.bin_ns() && core.timeline.split_unconfirmed(index).await {
                core.probes.boundary(core.clock.now());
            }
            return Ok(());
        }
        core.still_on()?;
        if now >= limit {
            return unconfirmed(core, index, undo, &evidence).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn unconfirmed(core: &Core, index: usize, undo: UndoId, evidence: &Evidence) -> Result<()> {
    let what = core.timeline.update(index, |fault| fault.what.clone());
    let _ = clear(core, index, undo).await;
    let message =
        format!("`{what}` was not confirmed within {}: {}", display::duration(core.settings.confirm), evidence.text());
    let help = "check that the load's operations reach the target, or give the fault more time with `confirm = …`";
    Err(core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, Some(help)))
}

fn note_evidence(fault: &mut FaultState, evidence: &Evidence) {
    evidence.text().clone_into(&mut fault.evidence);
    fault.hits = evidence.hits().or(fault.hits);
}

/// The steady state did not come back, so nothing more is injected; the verdict says why.
fn not_back(core: &Core) -> Error {
    let limit = display::duration(core.settings.recovery_limit);
    Error::of(ErrorKind::Inconclusive, format!("the steady state did not come back within {limit}"))
        .help("nothing more is injected into an unsteady system")
}

/// A [`Fault`] behind a pointer.
trait DynFault: Send {
    fn describe(&self) -> String;
    fn target(&self) -> String;
    fn undo(&self) -> crate::rollback::Undo;
    fn inject(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>>;
    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>>;
}

struct Erased<F>(F);

impl<F: Fault> DynFault for Erased<F> {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn target(&self) -> String {
        self.0.target()
    }

    fn undo(&self) -> crate::rollback::Undo {
        self.0.undo()
    }

    fn inject(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.0.inject(&cx).await })
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(self.0.evidence())
    }
}
