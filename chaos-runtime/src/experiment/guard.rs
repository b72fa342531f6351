//! Guards: claims whose breach aborts the experiment at once.
//!
//! A guard is looked at again and again, so a share is not compared with its limit by peeking: a
//! beta-binomial e-value decides, which keeps the chance of a false alarm below α however often it is
//! looked at (see [`log_e_value`](crate::statistics::log_e_value)).

use super::core::Core;
use super::late;
use super::meter::LaneState;
use super::quality::Look;
use super::recover::gap;
use crate::claim::{Claim, Criterion, Limit, Metric, Value, display};
use crate::clock::{Nanos, nanos};
use crate::measure::{Event, SliceView, Sums};
use crate::statistics::log_e_value;
use std::time::Duration;

/// Chance of a false alarm of one guard in a whole run.
const ALPHA: f64 = 0.01;

/// A guard that tripped, and what was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tripped {
    /// Its index in `abort_if(…)`.
    pub(crate) guard: usize,
    /// What was measured.
    pub(crate) measured: String,
    /// Without the drivers' own pauses, of which this was the longest, it would not have.
    pub(crate) own: Option<Nanos>,
}

/// Looks at all guards. They look at what happened from the first injection until `now`.
pub(crate) fn check(core: &Core, lanes: &[LaneState], now: Nanos) -> Option<Tripped> {
    let since = core.timeline.first_injection()?;
    let events = core.meter.events();
    core.spec.abort_if.iter().enumerate().find_map(|(guard, claim)| {
        let watch = Watch { core, claim, lanes, events: &events, look: Look::AsMeasured, since, now };
        let measured = watch.tripped()?;
        let innocent = Watch { look: Look::WithoutOwn, ..watch }.tripped().is_none();
        let longest = lanes.iter().map(|lane| lane.pauses.longest(since, now)).max().unwrap_or(0);
        Some(Tripped { guard, measured, own: (innocent && longest > 0).then_some(longest) })
    })
}

#[derive(Clone, Copy)]
struct Watch<'a> {
    core: &'a Core,
    claim: &'a Claim,
    lanes: &'a [LaneState],
    events: &'a [Event],
    look: Look,
    since: Nanos,
    now: Nanos,
}

/// Whether a guard is breached in one bin.
pub(super) enum Breach {
    Yes,
    No,
    /// What is still to come of the bin could decide it either way.
    Open,
}

impl Breach {
    /// From what is known so far and what it would be at the other extreme of what is in flight, if anything is.
    fn between(known: bool, extreme: Option<bool>) -> Self {
        match (known, extreme.unwrap_or(known)) {
            (true, true) => Self::Yes,
            (false, false) => Self::No,
            _ => Self::Open,
        }
    }
}

impl Watch<'_> {
    fn tripped(&self) -> Option<String> {
        let Limit::Value(limit) = self.claim.limit else { return None };
        match self.claim.sustained {
            None => self.now(limit),
            Some(sustained) => self.for_long(limit, sustained),
        }
    }

    /// A breach that counts at once.
    fn now(&self, limit: Value) -> Option<String> {
        let now = self.now;
        let plain = limit.plain().0;
        let seconds = |ns: Nanos| Duration::from_nanos(ns);
        let longer =
            |ns: Nanos| self.claim.cmp.holds(seconds(ns).as_secs_f64(), plain).then(|| display::duration(seconds(ns)));
        match self.claim.metric {
            Metric::Probe(name) => {
                let samples = self.core.probes.in_unit(name, limit.plain().1, self.since, now)?;
                let value = samples.into_iter().flatten().find(|value| self.claim.cmp.holds(*value, plain))?;
                Some(display::value(limit.of_same_unit(value)))
            }
            Metric::Max => {
                let waiting = |lane: &LaneState| {
                    let due = lane.oldest_pending?;
                    Some(now.saturating_sub(due).saturating_sub(self.own(lane, due, now)))
                };
                let waiting = self.concerned().filter_map(waiting).max().unwrap_or(0);
                longer(self.sums(self.since, now, None).max.max(waiting))
            }
            Metric::Unavailability => {
                longer(self.concerned().map(|lane| gap(lane, self.look, self.since, now)).max().unwrap_or(0))
            }
            Metric::Recovery | Metric::EachRecovery => {
                let faults = self.core.timeline.faults();
                let waiting = faults.iter().filter(|fault| fault.recovery.is_none());
                let own = |from: Nanos| self.concerned().map(|lane| self.own(lane, from, now)).max().unwrap_or(0);
                let waited = |from: Nanos| now.saturating_sub(from).saturating_sub(own(from));
                longer(waiting.filter_map(|fault| fault.recovery_origin()).map(waited).max()?)
            }
            Metric::Mean | Metric::Throughput => self.for_long(limit, self.core.settings.bin),
            _ => self.by_counts(limit, now),
        }
    }

    /// Counts at once, shares by the e-value.
    fn by_counts(&self, limit: Value, now: Nanos) -> Option<String> {
        let criterion = self.claim.criterion(limit)?;
        let since = |from: Nanos| {
            let sums = self.sums(from, now, Some(criterion.event()));
            (sums.event, sums.operations)
        };
        let Criterion::Share { cmp, rate, .. } = criterion else {
            let (k, n) = since(self.since);
            return criterion.holds(k, n).then(|| display::count(k));
        };
        // Counted from every injection anew, so that a long harmless one does not hide what a later one does. The
        // i-th start may spend α/2ⁱ, so all of them together stay below α.
        let mut alpha = ALPHA;
        let injections: Vec<Nanos> = self.core.timeline.faults().iter().map(|fault| fault.injected).collect();
        injections.into_iter().find_map(|injected| {
            alpha /= 2.0;
            let (event, n) = since(injected);
            let (k, rate) = if cmp.is_upper() { (n - event.min(n), 1.0 - rate) } else { (event, rate) };
            let breached = n > 0 && k as f64 > rate * n as f64 && evidence(k, n, rate, alpha);
            breached.then(|| {
                let share = display::percent(event as f64 / n as f64 * 100.0);
                format!("{share} of {} operations since the injection", display::count(n))
            })
        })
    }

    /// A breach in every bin of the last `sustained`: of the last bins that are decided, as operations that
    /// hang may leave the newest ones open for as long as their time-out.
    fn for_long(&self, limit: Value, sustained: Duration) -> Option<String> {
        let bin = self.core.settings.bin_ns();
        let needed = nanos(sustained).div_ceil(bin).max(1);
        let mut end = self.now / bin * bin;
        let mut breached = 0;
        while breached < needed {
            let start = end.checked_sub(bin).filter(|start| *start >= self.since)?;
            match self.bin(limit, start, end) {
                Breach::Yes => breached += 1,
                Breach::Open if breached == 0 => {}
                Breach::Open | Breach::No => return None,
            }
            end = start;
        }
        Some(format!("in every second of the last {}", display::duration(Duration::from_nanos(needed * bin))))
    }

    fn bin(&self, limit: Value, start: Nanos, end: Nanos) -> Breach {
        let plain = limit.plain().0;
        let seconds = |ns: Nanos| Duration::from_nanos(ns).as_secs_f64();
        let criterion = self.claim.criterion(limit);
        let sums = self.sums(start, end, criterion.map(Criterion::event));
        let holds = |value: f64| self.claim.cmp.holds(value, plain);
        let Sums { operations, failed, pending, .. } = sums;
        // What those in flight have waited at least.
        let waited = self.now.saturating_sub(end);
        match (self.claim.metric, criterion) {
            (Metric::Probe(name), _) if self.core.probes.late(name).is_some() => {
                late::breach(self.core, name, limit.plain().1, start, end, holds)
            }
            (Metric::Probe(name), _) => Breach::between(
                self.core.probes.in_unit(name, limit.plain().1, start, end).is_some_and(|samples| {
                    !samples.is_empty() && samples.iter().all(|sample| sample.is_some_and(holds))
                }),
                None,
            ),
            (Metric::Throughput, _) => {
                let own = self.concerned().map(|lane| self.own(lane, start, end)).max().unwrap_or(0);
                // What a closed loop did not send it would have sent.
                let width = (end - start - own.min(end - start)).max((end - start) / 10);
                let rate = |succeeded: u64| holds(succeeded as f64 / seconds(width));
                Breach::between(rate(operations - failed), Some(rate(operations - failed + pending)))
            }
            _ if operations + pending == 0 => Breach::No,
            (Metric::Max, _) => {
                let waiting = if pending > 0 { waited } else { 0 };
                Breach::between(holds(seconds(sums.max.max(waiting))), (pending > 0).then_some(true))
            }
            (Metric::Mean, _) if pending > 0 => Breach::Open,
            (Metric::Mean, _) => Breach::between(holds(seconds((sums.sum / u128::from(operations)) as Nanos)), None),
            (_, Some(criterion)) => {
                let slow = matches!(criterion.event(), Event::Slow { limit, .. } if waited > limit);
                let least = sums.event + if slow { pending } else { 0 };
                let n = operations + pending;
                Breach::between(criterion.holds(least, n), Some(criterion.holds(sums.event + pending, n)))
            }
            _ => Breach::No,
        }
    }

    fn concerned(&self) -> impl Iterator<Item = &LaneState> {
        self.lanes.iter().filter(|lane| lane.concerns(self.claim.subject))
    }

    fn sums(&self, from: Nanos, to: Nanos, event: Option<Event>) -> Sums {
        let index = event.and_then(|event| self.events.iter().position(|known| *known == event));
        let mut sums = Sums::default();
        for lane in self.concerned() {
            // A slice that began before the injection holds operations of the baseline.
            match self.look {
                Look::AsMeasured => sums.add(&lane.series.sums(from, to, index)),
                Look::WithoutOwn => {
                    let begun = lane.series.between(from, to).filter(|(start, _)| *start >= from);
                    begun.for_each(|(start, slice)| {
                        sums.add(&innocent(&slice, index, self.own(lane, start, start + slice.max)))
                    });
                }
            }
        }
        sums
    }

    /// How much of this time the guard does not look at.
    fn own(&self, lane: &LaneState, from: Nanos, to: Nanos) -> Nanos {
        match self.look {
            Look::AsMeasured => 0,
            Look::WithoutOwn => lane.pauses.share_of(from, to),
        }
    }
}

/// A slice without what is true of it only by the driver's doing.
fn innocent(slice: &SliceView<'_>, index: Option<usize>, own: Nanos) -> Sums {
    let mut sums = Sums::default();
    sums.slice(slice, index);
    let spoiled = u64::from(slice.spoiled);
    sums.failed = sums.failed.saturating_sub(spoiled);
    sums.event = sums.event.saturating_sub(spoiled);
    sums.max = sums.max.saturating_sub(own);
    sums.sum = sums.sum.saturating_sub(u128::from(own) * u128::from(slice.operations));
    sums
}

/// Whether k of n speak against "at most this share" strongly enough.
fn evidence(k: u64, n: u64, rate: f64, alpha: f64) -> bool {
    // At a limit of zero or of all there is nothing to be uncertain about.
    if rate <= 0.0 || rate >= 1.0 {
        return rate <= 0.0 && k > 0;
    }
    log_e_value(k, n, rate) >= -alpha.ln()
}
