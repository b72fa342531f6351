//! Conducting one experiment from its body to its journal, on whatever runtime it is given.

use super::core::Core;
use super::gate::{self, Gate};
use super::guard::{self, Tripped};
use super::inject::{clear_leftovers, note_rolled_back};
use super::judging;
use super::meter::Measured;
use super::recover::{review, settle};
use super::verdict::{self, Facts};
use crate::claim::judge::blank;
use crate::claim::sample::Stretch;
use crate::claim::{Claim, Scope, display};
use crate::clock::Nanos;
use crate::descriptors;
use crate::report::journal::{ClaimRecord, ClaimRole, EventKind, Journal, Judgement, PhaseKind, Reason, ReasonKind};
use crate::report::live::{LiveLine, Progress};
use crate::rollback::UndoReport;
use crate::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often guards are looked at and the live line is renewed.
const LOOK: Duration = Duration::from_millis(100);

/// Every so many looks the loads are asked for a sign of life, should nothing else have asked them.
const LOOKS_AT_LOADS: u64 = 10;

/// What a person can do about a blocked load.
const UNBLOCK: &str = "make it async, or wrap it in `tokio::task::spawn_blocking`";

/// How long operations in flight may take to end after an abort.
const SHORT_DRAIN: Duration = Duration::from_millis(500);

/// How a body ended.
pub(crate) enum BodyEnd {
    /// It returned.
    Returned(Result<()>),
    /// It panicked with this message.
    Panicked(String),
}

/// Why an experiment was ended from outside its body.
enum Cut {
    Signal(&'static str),
    Timeout,
    Guard(Tripped),
    /// The thread of this load is blocked by one of its operations.
    Blocked(String),
    /// The process has no file descriptors left.
    NoDescriptors,
}

/// Runs body, recovery and after phase under guards, time-out and signals; then rolls back and judges.
///
/// `body` resolves when the body has ended; `interrupted` when a signal came.
pub(crate) async fn conduct(
    core: &Arc<Core>,
    gate: &tokio::sync::Mutex<Gate>,
    live: &LiveLine,
    body: impl Future<Output = BodyEnd>,
    interrupted: impl Future<Output = &'static str>,
    identity: Journal,
) -> Journal {
    let told = Cell::new(0);
    let cut = {
        let main = async {
            let end = body.await;
            after_body(core, end).await;
        };
        tokio::select! {
            biased;
            signal = interrupted => Some(Cut::Signal(signal)),
            () = tokio::time::sleep(core.settings.timeout) => Some(Cut::Timeout),
            cut = watch(core, live, &told) => Some(cut),
            () = main => None,
        }
    };
    let mut tripped = None;
    if let Some(cut) = cut {
        tripped = cut_short(core, cut);
    }
    // The after phase ends with the arrivals: waiting for the last answers is no part of it.
    let arrivals_end = core.clock.now();
    let decided = !core.decisive.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    let measured = if decided {
        // Harm first: nothing is waited for while a fault may still be on.
        core.ledger.undo_all().await;
        core.meter.stop(SHORT_DRAIN).await
    } else {
        core.meter.stop(Duration::from_secs(30)).await
    };
    if !decided {
        // Operations that hung may have ended only now.
        review(core, arrivals_end).await;
        if let Some(late) = core.meter.look(|lanes| guard::check(core, lanes, arrivals_end)).await {
            tripped = cut_short(core, Cut::Guard(late));
        }
    }
    core.probes.stop(core.clock);
    let end = core.clock.now();
    core.ledger.undo_all().await;
    note_rolled_back(core).await;
    live.clear();
    tell(core, live, &told);
    assemble(core, gate, identity, measured, (arrivals_end, end), tripped).await
}

/// What follows the body: the end of faults left on, recovery, the after phase.
async fn after_body(core: &Arc<Core>, end: BodyEnd) {
    let error = match end {
        BodyEnd::Returned(Ok(())) => None,
        BodyEnd::Returned(Err(error)) => Some((ReasonKind::Body, error)),
        BodyEnd::Panicked(message) => Some((ReasonKind::Panic, Error::new(format!("the body panicked: {message}")))),
    };
    if let Some((kind, error)) = error {
        blame(core, kind, &error);
        return;
    }
    clear_leftovers(core).await;
    if core.timeline.faults().is_empty() {
        return;
    }
    // What is cut short here was cut short by whatever cancelled the experiment, which is noted already.
    if settle(core).await.unwrap_or(false) && !core.spec.steady_state.is_empty() {
        core.events.note(EventKind::Phase, "after");
        after_phase(core).await;
    }
}

/// Notes a body's error, unless the engine itself made it and has noted why already.
fn blame(core: &Core, kind: ReasonKind, error: &Error) {
    let mut decisive = core.decisive.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = matches!(error.kind(), ErrorKind::Unsteady | ErrorKind::Inconclusive | ErrorKind::Cancelled);
    if ours && (!decisive.is_empty() || !core.timeline.faults().is_empty()) {
        return;
    }
    let text = error.to_string();
    let message = text.split("\nhelp: ").next().unwrap_or_default().to_owned();
    if decisive.iter().any(|reason| reason.message == message) {
        return;
    }
    decisive.push(Reason { kind, message, help: error.help_text().map(Into::into) });
}

/// Long enough for every claim that reads it, bounded like the baseline.
async fn after_phase(core: &Core) {
    let begun = core.timeline.ensure(PhaseKind::After).await;
    let begun = core.timeline.current_start().unwrap_or(begun);
    let least = begun + crate::clock::nanos(core.settings.after);
    let longest = begun + crate::clock::nanos(core.settings.after.max(core.settings.bin) * 20);
    core.clock.sleep_until(least).await;
    let readers = || {
        let after = core.spec.hypothesis.iter().filter(|claim| claim.scope == Scope::After);
        core.spec.steady_state.iter().chain(after)
    };
    while core.clock.now() < longest && core.still_on().is_ok() {
        if core.meter.look(|lanes| gate::enough(core, lanes, readers())).await {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Tells what has happened since the last call.
fn tell(core: &Core, live: &LiveLine, told: &Cell<usize>) {
    for event in core.events.since(told) {
        live.plain(&event.to_string());
    }
}

/// Looks at the guards and renews the live line until a guard trips or a load can't go on.
async fn watch(core: &Core, live: &LiveLine, told: &Cell<usize>) -> Cut {
    let mut last = 0;
    for turn in 1_u64.. {
        tokio::time::sleep(LOOK).await;
        tell(core, live, told);
        // On the paused clock a blocked thread would stop everything, this look included.
        if turn.is_multiple_of(LOOKS_AT_LOADS) && !core.settings.virtual_time {
            core.meter.look(|_| ()).await;
        }
        if let Some(load) = core.meter.silent().await {
            return Cut::Blocked(load);
        }
        if core.lacks_descriptors() {
            return Cut::NoDescriptors;
        }
        if !live.is_active() && core.spec.abort_if.is_empty() {
            continue;
        }
        let now = core.clock.now();
        let (tripped, progress) = core
            .meter
            .look(|lanes| {
                let done = |lane: &super::meter::LaneState| -> (u64, u64) {
                    lane.phases.iter().fold((0, 0), |sum, (t, _)| (sum.0 + t.operations, sum.1 + t.failed))
                };
                let treated = || lanes.iter().filter(|lane| !lane.control);
                let (operations, _) = treated().map(done).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
                let phase = treated().filter_map(|lane| lane.phases.last());
                let (n, failed) = phase.fold((0, 0), |sum, (t, _)| (sum.0 + t.operations, sum.1 + t.failed));
                let progress = Progress {
                    phase: core.timeline.current().map_or("starting", PhaseKind::name),
                    elapsed: Duration::from_nanos(now),
                    rate: Some(operations.saturating_sub(last) as f64 / LOOK.as_secs_f64()),
                    p99: treated().filter_map(|lane| lane.p99).max().map(Duration::from_nanos),
                    success: (n > 0).then(|| (n - failed) as f64 / n as f64),
                    note: core.timeline.active(),
                };
                last = operations;
                (guard::check(core, lanes, now), progress)
            })
            .await;
        live.update(&progress);
        if let Some(tripped) = tripped {
            return Cut::Guard(tripped);
        }
    }
    std::future::pending().await
}

/// Notes why the experiment ends now, and tells the body.
fn cut_short(core: &Core, cut: Cut) -> Option<Tripped> {
    let (kind, message, help, tripped) = match cut {
        Cut::Signal(signal) => (ReasonKind::Interrupted, format!("interrupted by {signal}"), None, None),
        Cut::Timeout => (
            ReasonKind::Timeout,
            format!("not done within {}", display::duration(core.settings.timeout)),
            Some("raise `timeout = …` in the attribute, or shorten the phases"),
            None,
        ),
        Cut::Guard(tripped) => {
            let guard = core.spec.abort_if[tripped.guard].text;
            (ReasonKind::Guard, format!("guard `{guard}` tripped: {}", tripped.measured), None, Some(tripped))
        }
        // Nothing more is measured, so nothing more may be harmed.
        Cut::Blocked(load) => (ReasonKind::Inconclusive, blocked(&load), Some(UNBLOCK), None),
        Cut::NoDescriptors => (ReasonKind::Inconclusive, descriptors::message(), Some(descriptors::HELP), None),
    };
    let event = if kind == ReasonKind::Guard { EventKind::Guard } else { EventKind::End };
    core.events.note(event, message.clone());
    core.decide(kind, ErrorKind::Cancelled, message, help);
    core.cancel.cancel();
    tripped
}

/// Adds why nothing can be concluded: before a reason of these kinds, which it explains, behind others.
fn explain(decisive: &mut Vec<Reason>, message: String, help: &str, explained: &[ReasonKind]) {
    if decisive.iter().all(|reason| reason.message != message) {
        let first = decisive.first().is_some_and(|reason| explained.contains(&reason.kind));
        let at = if first { 0 } else { decisive.len() };
        decisive.insert(at, Reason { kind: ReasonKind::Inconclusive, message, help: Some(help.into()) });
    }
}

fn blocked(load: &str) -> String {
    format!("an operation of load `{load}` blocks its thread, so nothing could be measured")
}

/// The journal of an experiment that has ended.
async fn assemble(
    core: &Core,
    gate: &tokio::sync::Mutex<Gate>,
    mut journal: Journal,
    measured: Vec<Measured>,
    (arrivals_end, end): (Nanos, Nanos),
    tripped: Option<Tripped>,
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
    let reports = core.ledger.reports();
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
    journal.duration_us = crate::clock::micros(end);
    journal.phases = core.timeline.phase_records(end);
    journal.probes = core.probes.records();
    journal.loads = super::records::loads(core, &measured, &stretches);
    journal.rollback = super::records::rollback(core, &reports);
    journal.outputs = core.outputs.collect();
    journal.notes = core.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    journal.notes.extend(super::records::load_notes(&journal.loads));
    let (seen, lost): (Vec<_>, Vec<_>) = {
        let faults = core.timeline.faults();
        let seen = |f| super::records::seen_in(f, &measured, &stretches, &journal.probes, arrivals_end);
        faults.iter().map(|fault| (seen(fault), fault.lost.clone())).unzip()
    };
    let facts = Facts {
        decisive,
        claims: &journal.claims,
        faults: &journal.faults,
        seen: &seen,
        lost: &lost,
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
