//! Waiting for the steady state to come back, and measuring how long that took.

use super::core::Core;
use super::meter::LaneState;
use super::quality::{Look, quality};
use super::timeline::{FaultState, Own};
use crate::clock::{Nanos, micros, nanos};
use crate::measure::{BinQuality, Recovery, watch};
use crate::report::journal::{EventKind, PhaseKind, RecoveryRecord, RecoveryState};
use crate::{Result, claim::display};
use std::time::Duration;

/// Waits until the steady state is back after the faults that have ended since it was last known to hold,
/// or until the recovery limit. Notes what was found in every one of them. `true` = it is back.
pub(crate) async fn settle(core: &Core) -> Result<bool> {
    let open: Vec<usize> = {
        let faults = core.timeline.faults();
        faults
            .iter()
            .enumerate()
            .filter(|(_, f)| f.recovery.is_none() && f.confirmed.is_some())
            .map(|(i, _)| i)
            .collect()
    };
    let Some(from) = open.iter().filter_map(|i| core.timeline.update(*i, |fault| fault.recovery_origin())).max() else {
        // Once it did not come back in time, nothing more is injected, whatever the body makes of the error.
        return Ok(!core.timeline.faults().iter().any(FaultState::never_back));
    };
    if core.spec.steady_state.is_empty() {
        return Ok(true);
    }
    let stability = core.settings.bin * u32::try_from(core.settings.needed_bins).unwrap_or(u32::MAX);
    let until = from + nanos(core.settings.recovery_limit) + nanos(stability) + core.settings.bin_ns();
    let step = core.settings.bin / 10;
    let mut candidate = from.div_ceil(nanos(step)) * nanos(step);
    let found = loop {
        core.still_on()?;
        let now = core.clock.now();
        let found = |lanes: &[LaneState]| {
            let over = is_back(core, lanes, &mut candidate, now) || now >= until;
            over.then(|| look(core, lanes, Look::AsMeasured, &open, from, now))
        };
        if let Some(found) = core.meter.look(found).await {
            break found;
        }
        tokio::time::sleep(step).await;
    };
    conclude(core, &open, from, &found);
    let back = found.0.steady_after.is_some();
    if back {
        core.timeline.ensure(PhaseKind::After).await;
    }
    Ok(back)
}

/// Whether the steady state has come back. `candidate` = where the first stretch of good bins may begin: what lies
/// before it is not looked at again and again.
fn is_back(core: &Core, lanes: &[LaneState], candidate: &mut Nanos, now: Nanos) -> bool {
    let events = core.meter.events();
    let (bin, needed) = (core.settings.bin_ns(), core.settings.needed_bins);
    let step = bin / crate::measure::SLICES_PER_BIN;
    let judge = |start: Nanos| quality(core, lanes, &events, Look::AsMeasured, start);
    let is_bad = |start: Nanos| start + bin <= now && judge(start) == BinQuality::Bad;
    while *candidate + bin <= now && (0..needed).any(|i| is_bad(*candidate + i * bin)) {
        *candidate += step;
    }
    watch(*candidate, now, bin, step, needed, false, judge).steady_after.is_some()
}

/// Waits, before one more injection, until the last bins were good ones: the steady state may have been lost again
/// since it came back. `false` = it was, and did not come back within the recovery limit.
pub(crate) async fn still_steady(core: &Core) -> Result<bool> {
    let now = core.clock.now();
    let last = {
        let faults = core.timeline.faults();
        let steady = |fault: &FaultState| {
            let after = fault.recovery.as_ref()?.from_clearance_us?;
            Some(fault.watched?.0 + after * 1_000)
        };
        let steady = faults.iter().enumerate().filter_map(|(i, fault)| Some((steady(fault)?, i)));
        steady.max()
    };
    let bin = core.settings.bin_ns();
    let step = bin / crate::measure::SLICES_PER_BIN;
    let needed = core.settings.needed_bins;
    // The good bins by which it is known to be back may be long ago: nobody looked in between.
    let Some((_, index)) = last.filter(|(steady, _)| steady + (needed + 1) * bin <= now) else { return Ok(true) };
    let from = now.saturating_sub(needed * bin).div_ceil(step) * step;
    let until = now + nanos(core.settings.recovery_limit) + needed * bin;
    let events = core.meter.events();
    loop {
        core.still_on()?;
        let good = |lanes: &[LaneState]| {
            let judge = |start: Nanos| quality(core, lanes, &events, Look::AsMeasured, start);
            watch(from, core.clock.now(), bin, step, needed, false, judge).steady_after.is_some()
        };
        if core.meter.look(good).await {
            return Ok(true);
        }
        if core.clock.now() >= until {
            core.timeline.update(index, |fault| {
                if let Some(record) = &mut fault.recovery {
                    record.state = RecoveryState::Relapsed;
                }
            });
            return Ok(false);
        }
        tokio::time::sleep(core.settings.bin / 10).await;
    }
}

/// Looks once more when all operations have ended: whether the steady state was left at all, whether it was lost
/// again after it had come back, and at gaps between successes. A fault is watched until the next injection, the
/// last one until the arrivals end.
pub(crate) async fn review(core: &Core, end: Nanos) {
    let watched: Vec<(usize, Nanos, Nanos)> = {
        let faults = core.timeline.faults();
        let until = |concluded| faults.iter().map(|f| f.injected).filter(|at| *at >= concluded).min().unwrap_or(end);
        faults
            .iter()
            .enumerate()
            .filter_map(|(i, fault)| fault.watched.map(|(from, concluded)| (i, from, until(concluded))))
            .collect()
    };
    core.meter
        .look(|lanes| {
            for (index, from, to) in watched {
                let own = without_own(core, lanes, index, from, to);
                let (recovery, reactions) = look(core, lanes, Look::AsMeasured, &[index], from, to);
                core.timeline.update(index, |fault| {
                    fault.own = own;
                    let Some(record) = &mut fault.recovery else { return };
                    let Some(reaction) = reactions.first() else { return };
                    record.unavailability_us = record.unavailability_us.max(micros(reaction.unavailability));
                    let concluded = fault.watched.map_or(to, |(_, concluded)| concluded);
                    if matches!(record.state, RecoveryState::Permanent | RecoveryState::Undecided) {
                        return;
                    }
                    // Later bad bins are not of the fault's making, unless they make a relapse.
                    if let Some(bad) = reaction.first_bad.filter(|bad| *bad < concluded) {
                        let detected = bad.saturating_sub(fault.confirmed.unwrap_or(fault.injected));
                        record.time_to_detect_us.get_or_insert(micros(detected));
                        if record.state == RecoveryState::NoEffect {
                            record.state = RecoveryState::Recovered;
                        }
                    }
                    if recovery.state == RecoveryState::Relapsed {
                        record.state = RecoveryState::Relapsed;
                    }
                });
            }
        })
        .await;
}

/// What the bins say now, and for each fault: time to detect and the longest gap between successes.
type Found = (Recovery, Vec<Reaction>);

#[derive(Debug, Clone, Copy)]
struct Reaction {
    first_bad: Option<Nanos>,
    first_success: Option<Nanos>,
    unavailability: Nanos,
}

/// What a fault's recovery would be without the drivers' own pauses; `None`: there were none.
fn without_own(core: &Core, lanes: &[LaneState], index: usize, from: Nanos, to: Nanos) -> Option<Own> {
    let fault = core.timeline.update(index, |fault| fault.clone());
    let treated = || lanes.iter().filter(|lane| !lane.control);
    let longest = treated().map(|lane| lane.pauses.longest(fault.injected, to)).max().filter(|longest| *longest > 0)?;
    let (recovery, reactions) = look(core, lanes, Look::WithoutOwn, &[index], from, to);
    Some(Own { recovery: record(&fault, from, &recovery, reactions.first()?), longest })
}

fn look(core: &Core, lanes: &[LaneState], look: Look, open: &[usize], from: Nanos, now: Nanos) -> Found {
    let events = core.meter.events();
    let bin = core.settings.bin_ns();
    let step = bin / crate::measure::SLICES_PER_BIN;
    let judge = |start: Nanos| quality(core, lanes, &events, look, start);
    let reactions: Vec<Reaction> = open
        .iter()
        .map(|index| {
            let fault = core.timeline.update(*index, |fault| fault.clone());
            reaction(lanes, &fault, look, from, now, bin, step, judge)
        })
        .collect();
    let disturbed = reactions.iter().any(|reaction| reaction.first_bad.is_some());
    let aligned = from.div_ceil(step) * step;
    let recovery = watch(aligned, now, bin, step, core.settings.needed_bins, disturbed, judge);
    (recovery, reactions)
}

#[allow(clippy::too_many_arguments)] // One call.
fn reaction(
    lanes: &[LaneState],
    fault: &FaultState,
    look: Look,
    from: Nanos,
    now: Nanos,
    bin: Nanos,
    step: Nanos,
    judge: impl Fn(Nanos) -> BinQuality,
) -> Reaction {
    let injected = fault.injected.div_ceil(step) * step;
    let starts = (0..).map(|i| injected + i * bin).take_while(|start| start + bin <= now);
    let first_bad = starts.into_iter().find(|start| judge(*start) == BinQuality::Bad);
    let treated = || lanes.iter().filter(|lane| !lane.control);
    Reaction {
        first_bad,
        first_success: treated().filter_map(|lane| lane.series.first_success(from)).min(),
        unavailability: treated().map(|lane| gap(lane, look, fault.injected, now)).max().unwrap_or(0),
    }
}

/// The longest stretch without a success.
pub(crate) fn gap(lane: &LaneState, look: Look, from: Nanos, to: Nanos) -> Nanos {
    match look {
        Look::AsMeasured => lane.series.longest_stretch(from, to),
        Look::WithoutOwn => lane.series.longest_gap(from, to, |from, to| lane.pauses.share_of(from, to)),
    }
}

/// What is known of the recovery from one fault.
fn record(fault: &FaultState, from: Nanos, recovery: &Recovery, reaction: &Reaction) -> RecoveryRecord {
    let steady = recovery.steady_after.map(|after| from + after);
    let confirmed = fault.confirmed.unwrap_or(fault.injected);
    let state = match (recovery.state, reaction.first_bad) {
        (RecoveryState::Recovered, None) if recovery.steady_after == Some(0) => RecoveryState::NoEffect,
        (state, _) => state,
    };
    RecoveryRecord {
        state,
        time_to_detect_us: reaction.first_bad.map(|bad| micros(bad.saturating_sub(confirmed))),
        first_success_us: reaction.first_success.map(|at| micros(at.saturating_sub(from))),
        // Until `from` another fault did harm; that time is not this one's.
        from_clearance_us: steady.map(|at| micros(at.saturating_sub(from))),
        from_injection_us: steady.map(|at| micros(at.saturating_sub(confirmed))),
        counts_from_clearance: !fault.one_shot || from > confirmed,
        unavailability_us: micros(reaction.unavailability),
    }
}

fn conclude(core: &Core, open: &[usize], from: Nanos, (recovery, reactions): &Found) {
    for (index, reaction) in open.iter().zip(reactions) {
        core.timeline.update(*index, |fault| {
            let steady = recovery.steady_after.map(|after| from + after);
            fault.recovery = Some(record(fault, from, recovery, reaction));
            fault.watched = Some((from, core.clock.now()));
            if fault.one_shot {
                fault.active = false;
                fault.cleared = steady;
            }
        });
    }
    let text = match recovery.steady_after {
        Some(0) => "steady state held at once".to_owned(),
        Some(after) => format!("steady state back after {}", display::duration(Duration::from_nanos(after))),
        None => format!(
            "steady state not back within {} ({})",
            display::duration(core.settings.recovery_limit),
            recovery.state.name()
        ),
    };
    core.events.note(EventKind::Recovered, text);
}
