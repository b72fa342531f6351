//! Injecting a fault: undo on disk, harm, evidence, hold, clearance.

use super::chaos::Chaos;
use super::confirm::{complete, confirm, note_evidence};
use super::core::Core;
use super::gate;
use super::recover::{settle, still_steady};
use super::settings::{LAST_LOOK, LAST_LOOK_FAR};
use super::subjects::refuse_other_units;
use super::timeline::FaultState;
use crate::fault::{Around, DynFault, Erased, Fault, Held, InjectCx, OneShot};
use crate::report::journal::{EventKind, PhaseKind, ReasonKind};
use crate::report::text;
use crate::rollback::UndoId;
use crate::{Error, ErrorKind, Result, claim::display};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

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
        start(&self.chaos.core, self.chaos, Box::new(Erased(self.fault)), None, false).await.map(ActiveFault)
    }
}

impl<'a, F: OneShot> IntoFuture for Injection<'a, F> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core = &self.chaos.core;
            let begun = start(core, self.chaos, Box::new(Erased(self.fault)), None, true).await?;
            let Some(mut active) = begun else { return Ok(()) };
            complete(core, active.index, &mut *active.fault).await?;
            if active.fault.lasts() {
                core.timeline.update(active.index, |fault| fault.one_shot = false);
                return clear(core, active.index, active.undo).await;
            }
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
            let begun = start(&self.chaos.core, self.chaos, fault, Some(self.hold), false).await?;
            let Some(active) = begun else { return Ok(()) };
            tokio::select! {
                biased;
                () = self.chaos.core.cancel.cancelled() => {}
                () = tokio::time::sleep(self.hold) => {}
            }
            ActiveFault(Some(active)).clear().await
        })
    }
}

/// A held fault that is on.
#[must_use = "a fault that was started is cleared by `.clear().await`, at the latest when the body returns"]
pub struct ActiveFault(Option<Active>);

/// What was injected; a dry run injects nothing.
struct Active {
    core: Arc<Core>,
    index: usize,
    undo: UndoId,
    fault: Box<dyn DynFault>,
}

impl ActiveFault {
    /// Ends the fault by its recorded undo.
    pub async fn clear(self) -> Result<()> {
        let Some(mut active) = self.0 else { return Ok(()) };
        let core = active.core.clone();
        // Read before the undo: a process that is running again shows no sign of having been paused.
        // One that does not come in time must not lengthen the harm, and says nothing.
        let limit = if active.fault.confirm_within().is_some() { LAST_LOOK_FAR } else { LAST_LOOK };
        if let Ok(evidence) = tokio::time::timeout(limit, active.fault.evidence()).await {
            core.timeline.update(active.index, |fault| match evidence {
                Ok(evidence) if evidence.is_seen() => note_evidence(fault, &evidence),
                Ok(evidence) => fault.lost = Some(evidence.text().to_owned()),
                Err(error) => fault.lost = Some(format!("no evidence to be had: {error}")),
            });
        }
        clear(&core, active.index, active.undo).await
    }
}

/// Runs a fault's undo and notes its end.
pub(super) async fn clear(core: &Core, index: usize, undo: UndoId) -> Result<()> {
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
) -> Result<Option<Active>> {
    core.still_on()?;
    core.not_decided()?;
    {
        let mut gate = chaos.gate.lock().await;
        gate::pass(core, chaos.load_started(), &mut gate).await?;
    }
    refuse_other_units(core)?;
    let overlaps = core.timeline.any_active();
    if !overlaps && !settle(core).await? {
        return Err(not_back(core));
    }
    let mut cx = InjectCx { around: around(core), ..InjectCx::new(core.draw_seed(), !one_shot, hold) };
    prepare(core, &mut *fault, &cx).await?;
    core.still_on()?;
    if !overlaps && !still_steady(core).await? {
        return Err(not_back(core));
    }
    if let Some(hold) = hold {
        gate::warn_of_thin_phase(core, hold).await;
    }
    let (what, target) = (fault.describe(), fault.target());
    if core.settings.dry_run {
        let text = preview(core, &mut *fault, cx).await?;
        core.previewed(text);
        return Ok(None);
    }
    let undo = core.ledger.record(&what, &target, fault.undo())?;
    let ledger = Arc::downgrade(&core.ledger);
    cx.around.amend_by(move |recipe| match ledger.upgrade() {
        Some(ledger) => ledger.amend_durably(undo, recipe),
        None => Err(Error::of(ErrorKind::Cancelled, "the experiment is over")),
    });
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
        own: None,
        active: true,
    };
    let index = core.timeline.add_fault(state, undo);
    core.meter.injected(injected);
    core.probes.boundary(injected);
    // A signal's rollback waits for the injection to be over, lest it end before the harm begins.
    let injecting = core.ledger.injecting(undo);
    let harm = fault.inject(cx).await;
    drop(injecting);
    if let Err(error) = harm {
        let _ = clear(core, index, undo).await;
        let message = format!("failed to inject `{what}`: {}", error.without_help());
        message.clone_into(&mut core.timeline.faults()[index].evidence);
        // A body that goes on all the same must not hide it.
        return Err(core.decide(ReasonKind::Body, ErrorKind::Failed, message, error.help_text()));
    }
    confirm(core, index, undo, &mut *fault).await?;
    Ok(Some(Active { core: core.clone(), index, undo, fault }))
}

/// What a fault may use of the experiment around it.
fn around(core: &Core) -> Around {
    Around::new(core.events.clone(), core.settings.confirm)
}

async fn prepare(core: &Core, fault: &mut dyn DynFault, cx: &InjectCx) -> Result<()> {
    let Err(error) = fault.prepare(cx.clone()).await else { return Ok(()) };
    let cause = error.without_help();
    let message = format!("failed to prepare `{}`, so nothing was injected: {cause}", fault.describe());
    Err(core.decide(ReasonKind::Body, ErrorKind::Failed, message, error.help_text()))
}

/// A dry run of one fault, whatever the steady state is.
pub(super) async fn preview_of(core: &Core, fault: impl Fault) -> Result<String> {
    core.still_on()?;
    let mut fault = Erased(fault);
    let cx = InjectCx { around: around(core), ..InjectCx::new(core.draw_seed(), false, None) };
    prepare(core, &mut fault, &cx).await?;
    preview(core, &mut fault, cx).await
}

/// Finds out what would be harmed, and notes it.
async fn preview(core: &Core, fault: &mut dyn DynFault, cx: InjectCx) -> Result<String> {
    let what = fault.describe();
    // A preview may make something in an account, which must not stay there.
    let undo = core.ledger.record(&format!("the preview of {what}"), &fault.target(), fault.undo())?;
    let previewed = fault.preview(cx).await;
    let undone = core.ledger.undo(undo).await;
    let text = match previewed {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the dry run of `{what}` found nothing to harm: {}", error.without_help());
            return Err(core.decide(ReasonKind::Body, ErrorKind::Failed, message, error.help_text()));
        }
    };
    if let Some(error) = undone.error {
        return Err(Error::of(ErrorKind::Failed, format!("failed to undo the preview of `{what}`: {error}")));
    }
    core.events.note(EventKind::Note, format!("dry run: {text}"));
    Ok(text)
}

/// The steady state did not come back, so nothing more is injected; the verdict says why.
fn not_back(core: &Core) -> Error {
    let limit = display::duration(core.settings.recovery_limit);
    Error::of(ErrorKind::Inconclusive, format!("the steady state did not come back within {limit}"))
        .help("nothing more is injected into an unsteady system")
}
