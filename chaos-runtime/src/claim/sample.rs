//! The measurements that a claim is judged on: one load or several, one phase or several.

use super::{Metric, Quantile, Value};
use crate::clock::Nanos;
use crate::experiment::Measured;
use crate::measure::{Event, PhaseMeasures, SliceView};
use crate::report::journal::PhaseKind;
use crate::statistics::{Batch, DesignEffect};
use std::time::Duration;

/// A stretch of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) kind: PhaseKind,
    pub(crate) start: Nanos,
    pub(crate) end: Nanos,
}

/// The measurements that a claim is judged on.
#[derive(Debug, Clone)]
pub(crate) struct Sample<'a> {
    pub(crate) measures: PhaseMeasures,
    pub(crate) seconds: f64,
    /// One of the loads is closed-loop.
    pub(crate) closed_loop: bool,
    events: &'a [Event],
    slices: Vec<SliceView<'a>>,
}

/// A measured value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reading {
    /// A number with its unit.
    Value(Value),
    /// The quantile falls among the failed operations.
    Failed,
    /// There is nothing to measure.
    Nothing,
}

impl<'a> Sample<'a> {
    /// What the loads that `subject` names measured in stretches of these kinds.
    pub(crate) fn collect(
        measured: &'a [Measured],
        stretches: &[Stretch],
        kinds: &[PhaseKind],
        subject: Option<&str>,
        control: bool,
        events: &'a [Event],
    ) -> Self {
        let measures = PhaseMeasures::empty(PhaseKind::Fault);
        let mut sample = Self { measures, seconds: 0.0, closed_loop: false, events, slices: Vec::new() };
        let (mut due, mut under_way) = (0, 0);
        let concerned = |lane: &&Measured| lane.control == control && subject.is_none_or(|name| name == lane.info.name);
        for lane in measured.iter().filter(concerned) {
            sample.closed_loop |= lane.info.closed_loop;
            for (index, phase) in lane.recorder.phases.iter().enumerate() {
                let Some(stretch) = stretches.get(index).filter(|stretch| kinds.contains(&stretch.kind)) else {
                    continue;
                };
                sample.measures.add(phase);
                let pending = phase.tally.due.saturating_sub(phase.tally.operations);
                let series = &lane.recorder.series;
                due += phase.tally.due;
                under_way += pending.saturating_sub(series.overdue(stretch.start, stretch.end.min(series.end())));
                sample.slices.extend(lane.recorder.series.between(stretch.start, stretch.end).map(|(_, slice)| slice));
            }
        }
        let spans = stretches.iter().filter(|stretch| kinds.contains(&stretch.kind));
        sample.seconds = spans.map(|stretch| (stretch.end - stretch.start) as f64 / 1e9).sum();
        // Arrivals whose answers are simply not there yet are no loss of throughput: their time is left out too.
        sample.seconds *= 1.0 - under_way as f64 / due.max(1) as f64;
        sample
    }

    /// A sample of these measurements, for tests of what is made of it.
    #[cfg(test)]
    pub(super) fn of(measures: PhaseMeasures, seconds: f64, closed_loop: bool) -> Self {
        Self { measures, seconds, closed_loop, events: &[], slices: Vec::new() }
    }

    /// Completed operations.
    pub(crate) fn operations(&self) -> u64 {
        self.measures.tally.operations
    }

    /// How many operations `event` is true of: exact where it was registered, else to the histogram's precision.
    pub(crate) fn count(&self, event: Event) -> u64 {
        let tally = &self.measures.tally;
        match event {
            Event::Failed => tally.failed,
            Event::FailedForGood => tally.failed_for_good,
            Event::Status(status) => tally.statuses.of(status),
            Event::Error(class) => tally.errors[class.index()],
            // A phase that ended before the event was registered has not counted it.
            Event::Slow { limit, .. } => match self.index_of(event).and_then(|i| self.measures.events.get(i)) {
                Some(count) => *count,
                None => self.measures.failure_response.len() + self.measures.response.count_above(limit),
            },
            Event::Long { limit, .. } => match self.index_of(event).and_then(|i| self.measures.events.get(i)) {
                Some(count) => *count,
                None => self.measures.failure_response.count_above(limit) + self.measures.response.count_above(limit),
            },
        }
    }

    /// How many of those only because the driver itself was late or did not run.
    pub(crate) fn spoiled(&self, event: Event) -> u64 {
        self.index_of(event).and_then(|index| self.measures.spoiled.get(index).copied()).unwrap_or_default()
    }

    fn index_of(&self, event: Event) -> Option<usize> {
        self.events.iter().position(|known| *known == event)
    }

    /// By how much dependence between neighbours widens the interval of this event's share.
    pub(crate) fn design_effect(&self, event: Event) -> DesignEffect {
        let count = |slice: &SliceView<'_>| match (event, self.index_of(event)) {
            (_, Some(index)) => slice.events.get(index).copied().unwrap_or_default(),
            (Event::Failed, None) => slice.failed,
            _ => 0,
        };
        DesignEffect::of(
            self.slices
                .iter()
                .map(|slice| Batch { violations: u64::from(count(slice)), operations: u64::from(slice.operations) }),
        )
    }

    /// The measured value of a metric of loads.
    pub(crate) fn read(&self, metric: Metric, as_share: bool) -> Reading {
        let tally = &self.measures.tally;
        let n = tally.operations;
        let share = |k: u64| match n {
            0 => Reading::Nothing,
            n => Reading::Value(Value::Percent(k as f64 / n as f64 * 100.0)),
        };
        let number = |k: u64| Reading::Value(Value::Number(k as f64));
        let latency = |ns: Nanos| Reading::Value(Value::Duration(Duration::from_nanos(ns)));
        match metric {
            Metric::SuccessRate => share(tally.succeeded()),
            Metric::ErrorRate => share(tally.failed),
            Metric::Errors => number(tally.failed),
            Metric::PermanentFailures => number(tally.failed_for_good),
            Metric::Status(status) if as_share => share(self.count(Event::Status(status))),
            Metric::Status(status) => number(self.count(Event::Status(status))),
            Metric::Error(class) if as_share => share(self.count(Event::Error(class))),
            Metric::Error(class) => number(self.count(Event::Error(class))),
            Metric::Quantile(_) | Metric::Max | Metric::Mean if n == 0 => Reading::Nothing,
            Metric::Quantile(q) => match self.at_rank(rank(q, n)) {
                Some(value) => latency(value),
                None => Reading::Failed,
            },
            Metric::Max => latency(self.measures.response.max().max(self.measures.failure_response.max())),
            Metric::Mean => {
                let sum = self.measures.response.sum() + self.measures.failure_response.sum();
                latency((sum / u128::from(n)) as Nanos)
            }
            Metric::Throughput if self.seconds > 0.0 => {
                Reading::Value(Value::Rate(tally.succeeded() as f64 / self.seconds))
            }
            _ => Reading::Nothing,
        }
    }

    /// The latency of rank `rank` among all operations, failed ones last; `None` where it failed.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<Nanos> {
        self.measures.response.at_rank(rank)
    }
}

/// The rank of a quantile among n values: ⌈q·n⌉, in whole numbers so that nothing is lost to rounding.
pub(crate) fn rank(q: Quantile, n: u64) -> u64 {
    let rank = q.fraction() * n as f64;
    ((rank - 1e-9 * n as f64).ceil() as u64).clamp(1, n.max(1))
}
