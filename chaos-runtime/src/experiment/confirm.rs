//! Whether a fault bites, and what came of it.

use super::core::Core;
use super::inject::clear;
use super::settings::{DEFAULT_CONFIRM, LOOK};
use super::timeline::FaultState;
use crate::fault::{DynFault, Evidence};
use crate::report::journal::{EventKind, ReasonKind};
use crate::rollback::UndoId;
use crate::{Error, ErrorKind, Result, claim::display};
use std::time::Duration;

/// Waits for evidence that the fault bites; without it nothing that follows would prove anything.
pub(super) async fn confirm(core: &Core, index: usize, undo: UndoId, fault: &mut dyn DynFault) -> Result<()> {
    let within = core.settings.confirm.unwrap_or_else(|| {
        let own = fault.confirm_within();
        own.map_or(DEFAULT_CONFIRM, |own| own.max(DEFAULT_CONFIRM))
    });
    let limit = core.clock.now() + crate::clock::nanos(within);
    let mut last: Option<Evidence> = None;
    loop {
        let left = Duration::from_nanos(limit.saturating_sub(core.clock.now())).max(LOOK);
        let evidence = match tokio::time::timeout(left, fault.evidence()).await {
            Ok(Ok(evidence)) => evidence,
            Ok(Err(error)) => Evidence::none(format!("no evidence to be had: {error}")),
            // The last look may have been cut short by the limit; what an earlier one saw says more.
            Err(_) => last.unwrap_or_else(|| Evidence::none("the confirmation did not answer")),
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
        if now >= limit || evidence.is_hopeless() {
            return unconfirmed(core, index, undo, within, &evidence).await;
        }
        last = Some(evidence);
        tokio::time::sleep(LOOK).await;
    }
}

async fn unconfirmed(core: &Core, index: usize, undo: UndoId, within: Duration, evidence: &Evidence) -> Result<()> {
    let what = core.timeline.update(index, |fault| fault.what.clone());
    let _ = clear(core, index, undo).await;
    let message = format!("`{what}` was not confirmed within {}: {}", display::duration(within), evidence.text());
    let help = "check that the load's operations reach the target, or give the fault more time with `confirm = …`";
    Err(core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, Some(help)))
}

/// Waits for the end of what a one-shot fault has begun.
pub(super) async fn complete(core: &Core, index: usize, fault: &mut dyn DynFault) -> Result<()> {
    let completion = tokio::select! {
        biased;
        () = core.cancel.cancelled() => return core.still_on(),
        completion = fault.completion() => completion,
    };
    let failure = match completion {
        Ok(None) => return Ok(()),
        Ok(Some(evidence)) => {
            core.timeline.update(index, |fault| note_evidence(fault, &evidence));
            if evidence.is_seen() {
                core.events.note(EventKind::Confirm, evidence.text());
                return Ok(());
            }
            Error::new(evidence.text())
        }
        Err(error) => error,
    };
    let what = core.timeline.update(index, |fault| {
        fault.active = false;
        fault.what.clone()
    });
    let message = format!("`{what}` began, and did not end as it should: {}", failure.without_help());
    Err(core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, failure.help_text()))
}

pub(super) fn note_evidence(fault: &mut FaultState, evidence: &Evidence) {
    evidence.text().clone_into(&mut fault.evidence);
    fault.hits = evidence.hits().or(fault.hits);
}
