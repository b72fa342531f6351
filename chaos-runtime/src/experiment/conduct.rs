//! Conducting one experiment from its body to its journal, on whatever runtime it is given.

use super::assemble::{UNBLOCK, assemble, blocked};
use super::conditions::Alert;
use super::core::Core;
use super::gate::{self, Gate};
use super::guard::{self, Tripped};
use super::inject::{clear_leftovers, note_rolled_back};
use super::late;
use super::recover::{review, settle};
use crate::claim::{Scope, display, own};
use crate::descriptors;
use crate::report::journal::{EventKind, Journal, PhaseKind, Reason, ReasonKind};
use crate::report::live::{LiveLine, Progress};
use crate::{Error, ErrorKind, Result};
use std::cell::Cell;
use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often guards are looked at and the live line is renewed.
const LOOK: Duration = Duration::from_millis(100);

/// Every so many looks the loads are asked for a sign of life, should nothing else have asked them.
const LOOKS_AT_LOADS: u64 = 10;

/// How long operations in flight may take to end after an abort.
const SHORT_DRAIN: Duration = Duration::from_millis(500);

/// How long a signal's rollback is waited for: the process dies soon after 8 s, and wants its journal written before.
const SIGNAL_ROLLBACK: Duration = Duration::from_millis(7_500);

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
    /// A watched condition says that all is not well, or can't tell any more.
    Condition(Alert),
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
    tokio::pin!(interrupted);
    let cut = {
        let main = async {
            let end = body.await;
            after_body(core, end).await;
        };
        tokio::select! {
            biased;
            signal = &mut interrupted => Some(Cut::Signal(signal)),
            () = tokio::time::sleep(core.settings.timeout) => Some(Cut::Timeout),
            cut = watch(core, live, &told) => Some(cut),
            () = main => None,
        }
    };
    let mut tripped = None;
    let dying = matches!(cut, Some(Cut::Signal(_)));
    if let Some(cut) = cut {
        tripped = cut_short(core, cut);
    }
    // The after phase ends with the arrivals: waiting for the last answers is no part of it.
    let arrivals_end = core.clock.now();
    let decided = !core.decisive.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    let measured = if decided {
        // Harm first: nothing is waited for while a fault may still be on.
        roll_back(core, dying).await;
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
        let alert = core.conditions.alert(arrivals_end).filter(|_| core.timeline.first_injection().is_some());
        if let (None, Some(alert)) = (&tripped, alert) {
            cut_short(core, Cut::Condition(alert));
        }
    }
    core.probes.stop_sampling();
    if tripped.is_none() && !decided && !core.timeline.faults().is_empty() {
        // The load has ended, and what is asked now is still there: the rollback ends child processes.
        core.ledgers.read().await;
    }
    let end = core.clock.now();
    let unfinished = if dying {
        core.ledger.left_to_the_next()
    } else {
        core.ledger.undo_all().await;
        Vec::new()
    };
    note_rolled_back(core);
    if tripped.is_none() && core.not_decided().is_ok() && core.ledger.reports().iter().all(|undo| undo.error.is_none())
    {
        // Only now: nothing is left behind while it waits.
        let cut = tokio::select! {
            biased;
            signal = &mut interrupted => Some(Cut::Signal(signal)),
            () = wait_for_late(core, live, &told, arrivals_end) => {
                core.meter.look(|lanes| guard::check(core, lanes, arrivals_end)).await.map(Cut::Guard)
            }
        };
        tripped = cut.and_then(|cut| cut_short(core, cut));
    }
    core.probes.stop();
    core.conditions.stop();
    live.clear();
    tell(core, live, &told);
    assemble(core, gate, identity, measured, (arrivals_end, end), tripped, unfinished).await
}

/// Runs all undos; before the process dies of a signal, for as long as there is.
async fn roll_back(core: &Core, dying: bool) {
    if dying {
        // What goes on beyond it is told as unfinished.
        let _ = tokio::time::timeout(SIGNAL_ROLLBACK, core.ledger.undo_all()).await;
    } else {
        core.ledger.undo_all().await;
    }
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
    let message = error.without_help();
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
    let longest = (core.settings.after.max(core.settings.bin) * 20).max(late::longest_after(core) + core.settings.bin);
    let longest = begun + crate::clock::nanos(longest);
    core.clock.sleep_until(least).await;
    let readers = || {
        let after = core.spec.hypothesis.iter().filter(|claim| claim.scope == Scope::After);
        core.spec.steady_state.iter().chain(after)
    };
    while core.clock.now() < longest && core.still_on().is_ok() {
        let enough = core.meter.look(|lanes| gate::enough(core, lanes, readers())).await;
        if enough && late::after_is_long_enough(core, begun) {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits for values of the run's periods that come only now, and says so.
async fn wait_for_late(core: &Core, live: &LiveLine, told: &Cell<usize>, arrivals_end: crate::clock::Nanos) {
    if core.timeline.faults().is_empty() {
        return;
    }
    let mut awaited = late::awaited(core, &core.timeline.stretches(arrivals_end));
    for late in &awaited {
        core.events.note(EventKind::Note, late.tell(core.clock.now()));
    }
    loop {
        let now = core.clock.now();
        awaited.retain(|late| !late.is_over(now));
        let Some(late) = awaited.first() else { return };
        tell(core, live, told);
        live.update(&Progress {
            phase: "judging",
            elapsed: Duration::from_nanos(now),
            rate: None,
            p99: None,
            success: None,
            note: late.tell(now),
        });
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
        if core.timeline.first_injection().is_some()
            && let Some(alert) = core.conditions.alert(core.clock.now())
        {
            return Cut::Condition(alert);
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
            let told = format!("guard `{guard}` tripped: {}", tripped.measured);
            match tripped.own {
                None => (ReasonKind::Guard, told, None, Some(tripped)),
                // Harm is ended all the same.
                Some(longest) => {
                    let told = format!("{told}, but {}", own::paused("tripped it", longest));
                    (ReasonKind::Inconclusive, told, Some(own::HELP), Some(tripped))
                }
            }
        }
        Cut::Condition(Alert::Tripped(why)) => (ReasonKind::Guard, format!("guard tripped: {why}"), None, None),
        Cut::Condition(Alert::Blind(why)) => (
            ReasonKind::Inconclusive,
            format!("a guard sees nothing any more: {why}"),
            Some("harm without its guards is ended"),
            None,
        ),
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
