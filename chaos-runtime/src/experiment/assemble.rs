//! The journal of an experiment, made of everything that was measured and noted.

use super::core::Core;
use super::gate::{self, Gate};
use super::guard::Tripped;
use super::judging;
use super::meter::Measured;
use super::records;
use super::verdict::{self, Facts};
use crate::claim::Claim;
use crate::claim::judge::blank;
use crate::claim::sample::Stretch;
use crate::clock::{Nanos, micros};
use crate::descriptors;
use crate::report::journal::{ClaimRecord, ClaimRole, Journal, Judgement, PhaseKind, Reason, ReasonKind, Verdict};
use crate::rollback::UndoReport;
use std::sync::PoisonError;

/// What a person can do about a blocked load.
pub(super) const UNBLOCK: &str = "make it async, or wrap it in `tokio::task::spawn_blocking`";

pub(super) fn blocked(load: &str) -> String {
    format!("an operation of load `{load}` blocks its thread, so nothing could be measured")
}

/// The journal of an experiment that does not get to its end before the process dies of `signal`: what is known
/// without anybody's help, however the experiment hangs.
pub(super) fn last_words(core: &Core, mut journal: Journal, signal: &str) -> Journal {
    let mut reports = core.ledger.reports();
    reports.extend(core.ledger.left_to_the_next());
    let end = core.clock.now();
    let mut decisive = rollback_failures(&reports);
    let outranked = !decisive.is_empty();
    decisive.push(Reason {
        kind: ReasonKind::Interrupted,
        message: format!("interrupted by {signal}"),
        help: Some("the experiment did not end in time to report what it had measured".into()),
    });
    journal.verdict = if outranked { Verdict::RollbackFailed } else { Verdict::Aborted };
    journal.reasons = decisive;
    journal.duration_us = micros(end);
    journal.phases = core.timeline.phase_records(end);
    journal.faults = core.timeline.fault_records();
    journal.rollback = records::rollback(core, &reports);
    journal.events = core.events.snapshot();
    journal
}

/// The journal of an experiment that has ended.
pub(super) async fn assemble(
    core: &Core,
    gate: &tokio::sync::Mutex<Gate>,
    mut journal: Journal,
    measured: Vec<Measured>,
    (arrivals_end, end): (Nanos, Nanos),
    tripped: Option<Tripped>,
    unfinished: Vec<UndoReport>,
) -> Journal {
    let stretches = core.timeline.stretches(arrivals_end);
    // A guard that cut the body short may have been inside the gate's lock; its records are not needed then.
    let (mut claims, baseline) =
        gate.try_lock().map(|mut gate| (gate.records.clone(), std::mem::take(&mut gate.baseline))).unwrap_or_default();
    if claims.is_empty() {
        claims.extend(core.spec.steady_state.iter().map(|claim| blank(claim, ClaimRole::SteadyState)));
    }
    let mut decisive = core.decisive.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let injected = !core.timeline.faults().is_empty();
    let mut reports = core.ledger.reports();
    reports.extend(unfinished);
    if let Some(load) = core.meter.silent().await {
        // It explains other doubts, such as a steady state that could not be decided.
        explain(&mut decisive, blocked(&load), UNBLOCK, &[ReasonKind::Inconclusive]);
    }
    if core.lacks_descriptors() {
        // It explains failures too: they were not the target's.
        let explained = [ReasonKind::Inconclusive, ReasonKind::SteadyState, ReasonKind::Guard, ReasonKind::Timeout];
        explain(&mut decisive, descriptors::message(), descriptors::HELP, &explained);
    }
    decisive.splice(0..0, rollback_failures(&reports));
    if injected && decisive.is_empty() {
        if core.timeline.current() == Some(PhaseKind::After) {
            claims.extend(gate::records(
                core,
                &measured,
                &last_after(&stretches),
                PhaseKind::After,
                ClaimRole::SteadyStateAfter,
            ));
        }
        claims.extend(judging::judge_all(core, &measured, &baseline, &stretches));
    } else {
        claims.extend(core.spec.hypothesis.iter().map(|claim| blank(claim, ClaimRole::Hypothesis)));
    }
    claims.extend(guards(core, injected, tripped.as_ref()));

    journal.claims = claims;
    journal.faults = core.timeline.fault_records();
    journal.duration_us = micros(end);
    journal.phases = core.timeline.phase_records(end);
    journal.probes = core.probes.records();
    journal.loads = records::loads(core, &measured, &stretches);
    journal.ledgers = records::ledgers(core);
    journal.rollback = records::rollback(core, &reports);
    journal.outputs = core.outputs.collect();
    journal.notes = core.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    journal.notes.extend(reports.iter().filter_map(|undo| Some(format!("rollback: {}", undo.remark.as_ref()?))));
    journal.notes.extend(core.ledger.unwatched());
    journal.notes.extend(records::load_notes(&journal.loads));
    let own: Vec<_> = core.timeline.faults().iter().map(|fault| fault.own.clone()).collect();
    let (seen, lost): (Vec<_>, Vec<_>) = {
        let faults = core.timeline.faults();
        let seen = |f| records::seen_in(f, &measured, &stretches, &journal.probes, arrivals_end);
        faults.iter().map(|fault| (seen(fault), fault.lost.clone())).unzip()
    };
    let facts = Facts {
        decisive,
        claims: &journal.claims,
        faults: &journal.faults,
        seen: &seen,
        lost: &lost,
        own: &own,
        dry_run: core.dry_run(),
        has_steady_state: !core.spec.steady_state.is_empty(),
    };
    let (verdict, reasons) = verdict::verdict(&facts);
    let today = journal.run.started_at.get(..10).unwrap_or_default();
    let (verdict, reasons, finding) = verdict::known_weakness(core, verdict, reasons, &journal.claims, today);
    journal.verdict = verdict;
    journal.reasons = reasons;
    journal.finding = finding;
    journal.events = core.events.snapshot();
    journal
}

/// Adds why nothing can be concluded: before a reason of these kinds, which it explains, behind others.
fn explain(decisive: &mut Vec<Reason>, message: String, help: &str, explained: &[ReasonKind]) {
    if decisive.iter().all(|reason| reason.message != message) {
        let first = decisive.first().is_some_and(|reason| explained.contains(&reason.kind));
        let at = if first { 0 } else { decisive.len() };
        decisive.insert(at, Reason { kind: ReasonKind::Inconclusive, message, help: Some(help.into()) });
    }
}

/// Only the last after phase says whether the steady state is back; earlier ones would water it down.
fn last_after(stretches: &[Stretch]) -> Vec<Stretch> {
    let last = stretches.iter().rposition(|stretch| stretch.kind == PhaseKind::After);
    let mut stretches = stretches.to_vec();
    for (index, stretch) in stretches.iter_mut().enumerate() {
        if stretch.kind == PhaseKind::After && Some(index) != last {
            stretch.kind = PhaseKind::Recovery;
        }
    }
    stretches
}

fn rollback_failures(reports: &[UndoReport]) -> Vec<Reason> {
    let failed = reports.iter().filter_map(|report| report.error.as_ref().map(|error| (report, error)));
    failed
        .map(|(report, error)| Reason {
            kind: ReasonKind::Rollback,
            message: format!("`{}` on {} is still there: {error}", report.what, report.target),
            help: Some(format!("undo it by hand: {}", report.by_hand)),
        })
        .collect()
}

fn guards(core: &Core, injected: bool, tripped: Option<&Tripped>) -> Vec<ClaimRecord> {
    let record = |(index, claim): (usize, &Claim)| {
        let mut record = blank(claim, ClaimRole::Guard);
        match tripped.filter(|tripped| tripped.guard == index) {
            Some(tripped) => {
                record.judgement = Judgement::Holds;
                record.measured.clone_from(&tripped.measured);
                record.remark = "tripped".into();
            }
            None if injected => {
                record.judgement = Judgement::Broken;
                record.remark = "did not trip".into();
            }
            None => {}
        }
        record
    };
    core.spec.abort_if.iter().enumerate().map(record).collect()
}
