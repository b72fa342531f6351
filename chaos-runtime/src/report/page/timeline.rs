//! The time line: phases and marks in a strip, beneath it a chart for everything that was measured, on one clock.

use super::bins::{self, Point};
use super::chart::{Chart, Color, Dash, Limit, Mark, Series, Span, Unit, Window, WindowKind, X};
use super::limit::{Limited, Metric, Scope};
use super::text::whole;
use super::{loads, strip, tiles};
use crate::figure;
use crate::report::journal::{ClaimRole, EventKind, Journal, LoadRecord, PhaseKind, PhaseStats, ProbeRecord};
use maud::{Markup, html};

/// What all charts of an experiment share.
pub(super) struct Clock<'a> {
    pub(super) journal: &'a Journal,
    pub(super) group: &'a str,
    /// Its end, in microseconds.
    pub(super) end_us: u64,
    limits: Vec<Limited<'a>>,
    windows: Vec<Window>,
    marks: Vec<Mark>,
}

impl<'a> Clock<'a> {
    pub(super) fn of(journal: &'a Journal, group: &'a str) -> Self {
        // A journal may hold any number; an axis needs a length.
        let last = journal.phases.last().map_or(0, |phase| phase.end_us);
        let end_us = [journal.duration_us, last].into_iter().find(|us| *us > 0).unwrap_or(1);
        let told = |event: &&crate::report::journal::Event| event.kind == EventKind::Guard;
        let guards = journal.events.iter().filter(told).map(|event| Mark { x: seconds(event.at_us), kind: "guard" });
        let faults = journal.faults.iter().flat_map(|fault| {
            let at = |us: Option<u64>, kind| us.map(|us| Mark { x: seconds(us), kind });
            let ends = at(Some(fault.injected_us), "inject").into_iter();
            ends.chain(at(fault.cleared_us.filter(|_| !fault.one_shot), "clear"))
        });
        Self {
            journal,
            group,
            end_us,
            limits: journal.claims.iter().filter_map(Limited::read).collect(),
            windows: windows(journal, end_us),
            marks: faults.chain(guards).collect(),
        }
    }

    /// A chart on this clock.
    fn chart(&self, title: &str, x: Vec<f64>, unit: Unit) -> Chart {
        let mut chart = Chart::new(title, X::Seconds, x, unit);
        chart.group = self.group.to_owned();
        chart.span = Some(Span { from: 0.0, to: seconds(self.end_us) });
        chart.windows = self.windows.clone();
        chart.marks = self.marks.clone();
        chart
    }

    /// The limits for a line, each over the stretch that its claim looks at.
    fn limits(&self, y: impl Fn(&Limited<'a>) -> Option<f64>) -> Vec<Limit> {
        let mut limits: Vec<Limit> = Vec::new();
        for claim in &self.limits {
            let Some(y) = y(claim) else { continue };
            let phase = |kind| self.journal.phases.iter().find(|phase| phase.kind == kind);
            let injected = self.journal.faults.iter().map(|fault| fault.injected_us).min();
            let stretch = match (claim.role, claim.scope) {
                // Said again of the after phase; once is enough for the eye.
                (ClaimRole::SteadyStateAfter, _) => None,
                (ClaimRole::SteadyState, _) => phase(PhaseKind::Baseline).map(|p| (p.start_us, p.end_us)),
                (_, Scope::During) => phase(PhaseKind::Fault).map(|p| (p.start_us, p.end_us)),
                (_, Scope::After) => phase(PhaseKind::After).map(|p| (p.start_us, p.end_us)),
                (ClaimRole::Guard, Scope::Bare) => Some((0, self.end_us)),
                (_, Scope::Bare) => injected.map(|us| (us, self.end_us)),
            };
            let Some((from, to)) = stretch else { continue };
            let word = if claim.role == ClaimRole::Guard { "guard: " } else { "" };
            let label = format!("{word}{}", crate::report::text::line(claim.text, 48));
            limits.push(Limit { y, label, from: Some(seconds(from)), to: Some(seconds(to)) });
        }
        limits
    }
}

/// Nothing is claimed of a control group.
pub(super) fn is_about(claim: &Limited<'_>, load: &LoadRecord) -> bool {
    !load.control && claim.is_about(&load.name)
}

pub(super) fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

/// Where faults were active, and where the system came back.
fn windows(journal: &Journal, end_us: u64) -> Vec<Window> {
    let of = |from: u64, to: u64, kind| Window { from: seconds(from), to: seconds(to.max(from)), kind };
    let faults = journal.faults.iter().map(|f| of(f.injected_us, f.cleared_us.unwrap_or(end_us), WindowKind::Fault));
    let recovery = journal.phases.iter().filter(|phase| phase.kind == PhaseKind::Recovery);
    faults.chain(recovery.map(|phase| of(phase.start_us, phase.end_us, WindowKind::Recovery))).collect()
}

/// Strip, charts of loads, charts of probes. Nothing if there was no time to speak of.
pub(super) fn section(clock: &Clock<'_>) -> Markup {
    let journal = clock.journal;
    if journal.phases.is_empty() {
        return html! {};
    }
    let several = journal.loads.len() > 1;
    html! {
        h3 { "Time line" }
        (strip::strip(clock))
        @for load in &journal.loads {
            @if several { h4 { (loads::title(load)) } }
            p.dim.small { (whole(&load.what)) }
            (charts(clock, load))
        }
        @if !journal.probes.is_empty() {
            @if several { h4 { "Probes" } }
            @for probe in &journal.probes { (self::probe(clock, probe)) }
        }
    }
}

/// Latency, success and throughput of a load: the order in which one asks.
fn charts(clock: &Clock<'_>, load: &LoadRecord) -> Markup {
    let points = bins::points(&load.bins, load.bin_us, clock.end_us, bins::MOST);
    if points.is_empty() {
        return html! {};
    }
    let x: Vec<f64> = points.iter().map(Point::middle).collect();
    let merged = load.bins.len().div_ceil(bins::MOST);
    let table = loads::table(load, &clock.journal.phases);
    html! {
        (latency(clock, load, &points, x.clone(), merged).figure(&html! {}))
        (success(clock, load, &points, x.clone(), merged).figure(&html! {}))
        (throughput(clock, load, &points, x).figure(&table))
    }
}

/// Says what a point is where it is not a bin.
fn each_point(load: &LoadRecord, merged: usize, worst: &str) -> String {
    if merged < 2 {
        return format!(" One point is {}.", figure::duration(load.bin_us));
    }
    format!(" One point is {merged} bins of {}, {worst}.", figure::duration(load.bin_us))
}

fn latency(clock: &Clock<'_>, load: &LoadRecord, points: &[Point], x: Vec<f64>, merged: usize) -> Chart {
    let mut chart = clock.chart("Latency", x, Unit::micros());
    let of = |f: fn(&Point) -> u64| {
        points.iter().map(|p| (p.operations > 0).then(|| f(p).max(1) as f64)).collect::<Vec<_>>()
    };
    let mut max = Series::new("max", Color::Grey, of(|p| p.max_us));
    (max.dash, max.width) = (Dash::Dotted, 1.2);
    let mut p50 = Series::new("P50", Color::Green, of(|p| p.p50_us));
    p50.dash = Dash::Dashed;
    let mut p99 = Series::new("P99", Color::Blue, of(|p| p.p99_us));
    p99.width = 2.2;
    chart.series = vec![max, p50, p99];
    chart.y.log = true;
    chart.height = 210;
    chart.limits = clock.limits(|claim| is_about(claim, load).then(|| claim.micros()).flatten());
    let p99 = |stats: &PhaseStats| (stats.response.count > 0).then_some(stats.response.p99_us);
    chart.told = format!(
        "{}{}{}",
        change("P99", load, p99, figure::duration),
        said(&chart.limits),
        each_point(load, merged, "with the highest values among them")
    );
    chart
}

fn success(clock: &Clock<'_>, load: &LoadRecord, points: &[Point], x: Vec<f64>, merged: usize) -> Chart {
    let mut chart = clock.chart("Success rate", x, Unit::of("%"));
    let mut all = Series::new("succeeded", Color::Green, points.iter().map(Point::success).collect());
    (all.width, all.filled) = (2.0, true);
    if merged > 1 {
        let lowest = points.iter().map(|p| p.lowest.map(|share| 100.0 * share)).collect();
        let mut lowest = Series::new("lowest bin", Color::Red, lowest);
        (lowest.dash, lowest.width) = (Dash::Dotted, 1.2);
        chart.series.push(lowest);
    }
    chart.series.push(all);
    chart.bad = bins::bad_stretches(points);
    chart.height = 120;
    // A flat 100 % would fill the chart with decimals.
    let least = points.iter().filter_map(|p| p.lowest).fold(1.0, f64::min) * 100.0;
    (chart.y.min, chart.y.max) = (Some(if least > 90.0 { 90.0 } else { 0.0 }), Some(100.0));
    chart.limits = clock.limits(|claim| is_about(claim, load).then(|| claim.success()).flatten());
    let share = |stats: &PhaseStats| (stats.operations > 0).then_some((stats.succeeded, stats.operations));
    let told = change("Success", load, share, |(k, n)| figure::share(k, n));
    let bad = if chart.bad.is_empty() { "" } else { " Red at the bottom: the steady state did not hold." };
    chart.told = format!("{told}{}{bad}", said(&chart.limits));
    chart
}

fn throughput(clock: &Clock<'_>, load: &LoadRecord, points: &[Point], x: Vec<f64>) -> Chart {
    let mut chart = clock.chart("Throughput", x, Unit::of("/s"));
    let rate = |f: fn(&Point) -> u64| {
        points.iter().map(|p| p.length(load.bin_us).map(|s| f(p) as f64 / s)).collect::<Vec<_>>()
    };
    let mut due = Series::new("due", Color::Grey, rate(|p| p.due));
    due.dash = Dash::Dashed;
    let done = Series { width: 2.0, ..Series::new("done", Color::Blue, rate(|p| p.operations)) };
    chart.series = vec![due, done];
    chart.y.min = Some(0.0);
    chart.height = 120;
    chart.limits =
        clock.limits(|claim| (is_about(claim, load) && claim.metric == Metric::Throughput).then_some(claim.limit));
    let length = |stats: &PhaseStats| {
        let phase = clock.journal.phases.iter().find(|phase| phase.kind == stats.phase)?;
        let seconds = seconds(phase.end_us.saturating_sub(phase.start_us));
        (seconds > 0.0).then(|| stats.operations as f64 / seconds)
    };
    let dropped: u64 = load.phases.iter().map(|stats| stats.dropped).fold(0, u64::saturating_add);
    let never =
        if dropped > 0 { format!(" {} never sent.", figure::counted(dropped, "operation")) } else { String::new() };
    chart.told = format!("{}{}{never}", change("Done", load, length, figure::rate), said(&chart.limits));
    chart
}

/// `P99: 6.13 ms in the baseline, 351 ms in the fault phase, 3.02 ms after.`
fn change<T>(
    what: &str,
    load: &LoadRecord,
    value: impl Fn(&PhaseStats) -> Option<T>,
    show: impl Fn(T) -> String,
) -> String {
    let kinds = [
        (PhaseKind::Baseline, "in the baseline"),
        (PhaseKind::Fault, "in the fault phase"),
        (PhaseKind::Recovery, "in recovery"),
        (PhaseKind::After, "after"),
    ];
    let parts = kinds.into_iter().filter_map(|(kind, words)| {
        let value = value(tiles::stats(load, kind)?)?;
        Some(format!("{} {words}", show(value)))
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    if parts.is_empty() { format!("{what}: nothing was counted.") } else { format!("{what}: {parts}.") }
}

fn said(limits: &[Limit]) -> String {
    let mut texts: Vec<&str> = limits.iter().map(|limit| limit.label.as_str()).collect();
    texts.dedup();
    if texts.is_empty() { String::new() } else { format!(" Dashed: {}.", texts.join("; ")) }
}

fn probe(clock: &Clock<'_>, probe: &ProbeRecord) -> Markup {
    let samples = thinned(probe);
    if samples.is_empty() {
        return html! {};
    }
    let name = crate::report::text::line(&probe.name, 80);
    let x = samples.iter().map(|(at, _)| *at).collect();
    let mut chart = clock.chart(&format!("Probe {name}"), x, Unit::of(&probe.unit));
    let mut line = Series::new(name.clone(), Color::Purple, samples.iter().map(|(_, value)| *value).collect());
    (line.width, line.steps) = (2.0, probe.period_us.is_some());
    chart.series = vec![line];
    chart.height = 120;
    let values = || probe.samples.iter().filter_map(|sample| sample.value).filter(|value| value.is_finite());
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low >= 0.0 {
        chart.y.min = Some(0.0);
    }
    chart.limits = clock.limits(|claim| match &claim.metric {
        Metric::Probe(of) if *of == probe.name => Some(claim.limit),
        _ => None,
    });
    let taken = probe.samples.len() as u64;
    let failed = probe.samples.iter().filter(|sample| sample.value.is_none()).count() as u64;
    let mut told = match low <= high {
        true => format!("{} to {}, ", figure::value(low, &probe.unit), figure::value(high, &probe.unit)),
        false => "No value; ".to_owned(),
    };
    told.push_str(&figure::counted(taken, "sample"));
    if failed > 0 {
        told.push_str(&format!(", {} of them failed", figure::count(failed)));
    }
    if let Some(error) = &probe.error {
        told.push_str(&format!(": {}", crate::report::text::line(error, 300)));
    }
    chart.told = format!("{told}.{}", said(&chart.limits));
    chart.figure(&html! {})
}

/// Samples as at most twice [`bins::MOST`] points: of each stretch the smallest and the largest, in their order, and a
/// gap where one failed.
fn thinned(probe: &ProbeRecord) -> Vec<(f64, Option<f64>)> {
    let samples = &probe.samples;
    let value = |i: usize| samples[i].value.filter(|value| value.is_finite());
    let each = samples.len().div_ceil(bins::MOST).max(1);
    let mut shown = Vec::new();
    for start in (0..samples.len()).step_by(each) {
        let stretch = start..(start + each).min(samples.len());
        let by = |a: &usize, b: &usize| value(*a).partial_cmp(&value(*b)).unwrap_or(std::cmp::Ordering::Equal);
        let known = || stretch.clone().filter(|i| value(*i).is_some());
        let mut kept: Vec<usize> = known().min_by(by).into_iter().chain(known().max_by(by)).collect();
        kept.extend(stretch.clone().find(|i| value(*i).is_none()));
        kept.sort_unstable();
        kept.dedup();
        shown.extend(kept);
    }
    let mut points: Vec<(f64, Option<f64>)> =
        shown.into_iter().map(|i| (seconds(samples[i].at_us), value(i))).collect();
    // An axis wants ascending instants, whatever clocks did.
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::journal::ProbeSample;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn thinned_samples_keep_what_is_extreme(values in prop::collection::vec(prop::option::of(-1e6..1e6_f64), 0..5_000)) {
            let samples = values.iter().enumerate().map(|(i, value)| ProbeSample { at_us: i as u64 * 1_000, value: *value });
            let probe = ProbeRecord { name: "p".into(), unit: String::new(), samples: samples.collect(), error: None, period_us: None };
            let shown = thinned(&probe);
            prop_assert!(shown.len() <= 3 * bins::MOST);
            let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
            let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
            prop_assert_eq!(most(&mut shown.iter().filter_map(|s| s.1)), most(&mut values.iter().flatten().copied()));
            prop_assert_eq!(least(&mut shown.iter().filter_map(|s| s.1)), least(&mut values.iter().flatten().copied()));
            prop_assert_eq!(shown.iter().any(|s| s.1.is_none()), values.iter().any(Option::is_none));
            prop_assert!(shown.windows(2).all(|w| w[0].0 <= w[1].0));
        }
    }
}
