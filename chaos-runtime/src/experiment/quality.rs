//! Whether the steady state held in one bin.

use super::core::Core;
use super::meter::LaneState;
use crate::claim::{Claim, Limit, Metric, Value};
use crate::clock::Nanos;
use crate::measure::{BinQuality, Event};
use std::time::Duration;

/// Which measurements are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// All of them.
    AsMeasured,
    /// Without what is true only by the drivers' own doing.
    WithoutOwn,
}

/// What operations of one bin did.
#[derive(Clone, Copy, Default)]
struct Bin {
    due: u64,
    operations: u64,
    failed: u64,
    event: u64,
    max: Nanos,
    sum: u128,
}

/// Whether every claim of the steady state held in the bin that begins at `start`. An empty bin is a bad one.
pub(crate) fn quality(core: &Core, lanes: &[LaneState], events: &[Event], look: Look, start: Nanos) -> BinQuality {
    let end = start + core.settings.bin_ns();
    let mut worst = BinQuality::Good;
    for claim in core.spec.steady_state {
        match claim_quality(core, claim, lanes, events, look, start, end) {
            BinQuality::Bad => return BinQuality::Bad,
            BinQuality::Open => worst = BinQuality::Open,
            BinQuality::Good => {}
        }
    }
    worst
}

fn claim_quality(
    core: &Core,
    claim: &Claim,
    lanes: &[LaneState],
    events: &[Event],
    look: Look,
    start: Nanos,
    end: Nanos,
) -> BinQuality {
    let Limit::Value(limit) = claim.limit else { return BinQuality::Good };
    if let Metric::Probe(name) = claim.metric {
        if core.probes.late(name).is_some() {
            // What comes minutes later is judged by the gate and after the recovery, never bin by bin.
            return BinQuality::Good;
        }
        return probe_quality(core, claim, name, limit, start, end);
    }
    let criterion = claim.criterion(limit);
    let index = criterion.and_then(|criterion| events.iter().position(|event| *event == criterion.event()));
    let (mut bin, mut paused, mut spoiled) = (Bin::default(), 0, 0);
    for lane in lanes.iter().filter(|lane| lane.concerns(claim.subject)) {
        if look == Look::WithoutOwn {
            paused = paused.max(lane.pauses.share_of(start, end));
        }
        // Whole slices only: the bin begins at a slice's boundary.
        for (_, slice) in lane.series.between(start, end) {
            spoiled += u64::from(slice.spoiled);
            bin.due += u64::from(slice.due);
            bin.operations += u64::from(slice.operations);
            bin.failed += u64::from(slice.failed);
            bin.event += index.and_then(|i| slice.events.get(i)).copied().map_or(0, u64::from);
            bin.max = bin.max.max(slice.max);
            bin.sum += u128::from(slice.sum);
        }
    }
    let nothing = bin.due == 0 && bin.operations == 0;
    let ours = paused > 0 || spoiled > 0;
    if look == Look::WithoutOwn && ours {
        // What can't be counted operation by operation is left out as a whole.
        if nothing || matches!(claim.metric, Metric::Max | Metric::Mean | Metric::Throughput) {
            return BinQuality::Good;
        }
        bin.event = bin.event.saturating_sub(spoiled);
    }
    if nothing {
        return BinQuality::Bad;
    }
    let pending = bin.due.saturating_sub(bin.operations);
    let (at_best, at_worst) = match criterion {
        Some(criterion) => {
            let n = bin.operations + pending;
            (criterion.holds(bin.event, n), criterion.holds(bin.event + pending, n))
        }
        // More answers raise the throughput, may lengthen the maximum, and move the mean either way.
        None => match claim.metric {
            Metric::Throughput => {
                let all = Bin { operations: bin.operations + pending, ..bin };
                (holds(claim, limit, &all, end - start), holds(claim, limit, &bin, end - start))
            }
            Metric::Mean if pending > 0 => (true, false),
            Metric::Max if pending > 0 && !claim.cmp.is_upper() => (true, holds(claim, limit, &bin, end - start)),
            _ => {
                let holds = holds(claim, limit, &bin, end - start);
                (holds, holds && pending == 0)
            }
        },
    };
    // For lower limits the pending ones may go either way, so the two ends may come in either order.
    match (at_best, at_worst) {
        (true, true) => BinQuality::Good,
        (false, false) => BinQuality::Bad,
        _ => BinQuality::Open,
    }
}

fn holds(claim: &Claim, limit: Value, bin: &Bin, width: Nanos) -> bool {
    let seconds = |ns: Nanos| Duration::from_nanos(ns).as_secs_f64();
    let value = match claim.metric {
        Metric::Max => seconds(bin.max),
        Metric::Mean => seconds((bin.sum / u128::from(bin.operations.max(1))) as Nanos),
        Metric::Throughput => (bin.operations - bin.failed) as f64 / seconds(width),
        _ => return true,
    };
    claim.cmp.holds(value, limit.plain().0)
}

fn probe_quality(core: &Core, claim: &Claim, name: &str, limit: Value, start: Nanos, end: Nanos) -> BinQuality {
    let (limit, unit) = limit.plain();
    let Some(samples) = core.probes.in_unit(name, unit, start, end) else { return BinQuality::Bad };
    if samples.is_empty() {
        let open = core.clock.now() < end || core.probes.awaited(name, start, end);
        return if open { BinQuality::Open } else { BinQuality::Bad };
    }
    let good = samples.iter().all(|sample| sample.is_some_and(|value| claim.cmp.holds(value, limit)));
    if good { BinQuality::Good } else { BinQuality::Bad }
}
