//! Latencies by percentile, a line for each phase, on HdrHistogram's scale: each step to the right is ten times rarer.

use super::chart::{Chart, Color, Dash, Limit, Mark, Series, Unit, X};
use super::limit::{Limited, Metric, Scope};
use super::{loads, tiles, timeline};
use crate::figure;
use crate::report::journal::{ClaimRole, Journal, LoadRecord, PhaseKind, PhaseStats};
use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use maud::{Markup, html};

/// Points on the way to a tenth of what was before: 200 up to one in ten million.
const STEPS: f64 = 25.0;

/// Larger ones are no histogram of ours.
const MOST_BASE64: usize = 4 << 20;

const PHASES: [(PhaseKind, Color, Dash); 4] = [
    (PhaseKind::Baseline, Color::Blue, Dash::Dashed),
    (PhaseKind::After, Color::Green, Dash::Dotted),
    (PhaseKind::Recovery, Color::Amber, Dash::Dashed),
    (PhaseKind::Fault, Color::Red, Dash::Solid),
];

pub(super) fn section(journal: &Journal) -> Markup {
    let charts: Vec<_> = journal.loads.iter().filter_map(|load| Some((load, chart(journal, load)?))).collect();
    if charts.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Latency distribution" }
        @for (load, chart) in &charts {
            @if charts.len() > 1 { h4 { (loads::title(load)) } }
            (chart.figure(&html! {}))
        }
    }
}

/// Latencies of one phase by rank. Failed operations come after all others: they are infinitely late.
struct Ranked {
    operations: u64,
    succeeded: u64,
    latencies: Histogram<u64>,
}

impl Ranked {
    fn of(stats: &PhaseStats) -> Option<Self> {
        let encoded = &stats.response.hdr_v2;
        if encoded.is_empty() || encoded.len() > MOST_BASE64 {
            return None;
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
        let latencies: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).ok()?;
        let succeeded = latencies.len();
        (succeeded > 0).then(|| Self { operations: stats.operations.max(succeeded), succeeded, latencies })
    }

    /// Where its line ends: its rarest operation.
    fn last(&self) -> f64 {
        (self.operations as f64).log10()
    }

    /// Microseconds at a place on the axis.
    fn at(&self, x: f64) -> Option<f64> {
        if x > self.last() + 1e-9 {
            return None;
        }
        let share = 1.0 - 10_f64.powf(-x);
        // At its end stands the last one of all.
        let rank =
            if x > self.last() - 1e-9 { self.operations } else { (share * self.operations as f64).ceil() as u64 };
        let rank = rank.clamp(1, self.operations);
        if rank > self.succeeded {
            return None;
        }
        let quantile = rank as f64 / self.succeeded as f64;
        Some((self.latencies.value_at_quantile(quantile) as f64 / 1e3).max(1e-3))
    }
}

fn chart(journal: &Journal, load: &LoadRecord) -> Option<Chart> {
    let ranked: Vec<_> = PHASES
        .into_iter()
        .filter_map(|(kind, color, dash)| Some((kind, color, dash, Ranked::of(tiles::stats(load, kind)?)?)))
        .collect();
    let last = ranked.iter().map(|(.., ranked)| ranked.last()).reduce(f64::max)?;
    let mut x: Vec<f64> = (0..=(last * STEPS) as u32).map(|i| f64::from(i) / STEPS).collect();
    x.extend(ranked.iter().map(|(.., ranked)| ranked.last()));
    // The axis keeps milliths.
    x.iter_mut().for_each(|x| *x = (*x * 1e3).floor() / 1e3);
    x.sort_by(f64::total_cmp);
    x.dedup();
    let mut chart = Chart::new("Latency by percentile", X::Nines, x, Unit::micros());
    chart.height = 240;
    chart.y.log = true;
    for (kind, color, dash, ranked) in &ranked {
        // Its own last point is rounded down, too.
        let value = |x: &f64| ranked.at(if (ranked.last() - x).abs() < 1e-3 { ranked.last() } else { *x });
        let mut series = Series::new(kind.name(), *color, chart.x.iter().map(value).collect());
        (series.dash, series.width) = (*dash, if *kind == PhaseKind::Fault { 2.2 } else { 1.6 });
        chart.series.push(series);
    }
    let claims = journal.claims.iter().filter_map(Limited::read).filter(|claim| {
        // The steady state's limits are those of other phases than a hypothesis speaks of.
        let hypothesis = matches!(claim.role, ClaimRole::Hypothesis | ClaimRole::Expectation);
        hypothesis && claim.scope != Scope::After && timeline::is_about(claim, load)
    });
    for claim in claims {
        let Metric::Quantile(quantile) = claim.metric else { continue };
        let x = -(1.0 - quantile).log10();
        let label = crate::report::text::line(claim.text, 48);
        chart.limits.push(Limit { y: claim.limit * 1e6, label, from: None, to: Some(x) });
        chart.marks.push(Mark { x, kind: "limit" });
    }
    chart.told = told(load, &chart.limits, ranked.iter().map(|(kind, .., ranked)| (*kind, ranked)));
    Some(chart)
}

fn told<'a>(load: &LoadRecord, limits: &[Limit], phases: impl Iterator<Item = (PhaseKind, &'a Ranked)>) -> String {
    let mut failing = Vec::new();
    for (kind, ranked) in phases {
        if ranked.succeeded < ranked.operations {
            let share = figure::share(ranked.succeeded, ranked.operations);
            failing.push(format!("{share} in the {} phase", kind.name()));
        }
    }
    let of = |kind| tiles::stats(load, kind).filter(|stats| stats.response.count > 0);
    let mut text = match (of(PhaseKind::Baseline), of(PhaseKind::Fault)) {
        (Some(before), Some(during)) => format!(
            "In the fault phase half of the operations took up to {} (baseline {}), 99 of 100 up to {} (baseline {}).",
            figure::duration(during.response.p50_us),
            figure::duration(before.response.p50_us),
            figure::duration(during.response.p99_us),
            figure::duration(before.response.p99_us)
        ),
        _ => "Each step to the right is ten times rarer.".to_owned(),
    };
    if !failing.is_empty() {
        text.push_str(&format!(
            " A failed operation counts as endless, so a line ends where failures begin: {}.",
            failing.join(", ")
        ));
    }
    if !limits.is_empty() {
        text.push_str(" Dashed: the line of the fault phase must pass below the end of the limit.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

    fn stats(latencies_ms: impl Iterator<Item = u64>, failed: u64) -> PhaseStats {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        latencies_ms.for_each(|ms| histogram.record(ms * 1_000_000).unwrap());
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).unwrap();
        let mut stats = crate::report::sample::passed().loads[0].phases[2].clone();
        stats.response.count = histogram.len();
        stats.response.hdr_v2 = base64::engine::general_purpose::STANDARD.encode(bytes);
        (stats.operations, stats.succeeded, stats.failed) = (histogram.len() + failed, histogram.len(), failed);
        stats
    }

    #[test]
    fn percentiles_lie_where_they_belong() {
        let ranked = Ranked::of(&stats(1..=1_000, 0)).unwrap();
        let ms = |x: f64| ranked.at(x).map(|us| (us / 1e3).round());
        assert_eq!(ms(0.0), Some(1.0));
        assert_eq!(ms(2_f64.log10()), Some(500.0));
        assert_eq!(ms(1.0), Some(900.0));
        assert_eq!(ms(2.0), Some(990.0));
        assert_eq!(ms(3.0), Some(1_000.0), "the slowest of all");
        assert_eq!(ms(3.1), None, "rarer than one in a thousand there is none");
    }

    #[test]
    fn a_line_ends_where_failures_begin() {
        // One in ten fails: there is no P95.
        let ranked = Ranked::of(&stats(1..=900, 100)).unwrap();
        assert_eq!(ranked.at(0.99).map(|us| (us / 1e3).round()), Some(898.0));
        assert_eq!(ranked.at(1.05), None);
        assert_eq!(ranked.at(3.0), None);
    }

    #[test]
    fn what_is_no_histogram_is_no_line() {
        let mut stats = stats(1..=10, 0);
        for foul in ["", "AAAA", "no base64!", "HISTFAAAAAAA"] {
            stats.response.hdr_v2 = foul.to_owned();
            assert!(Ranked::of(&stats).is_none(), "{foul}");
        }
    }

    #[test]
    fn the_chart_stays_small_however_many_operations_there_are() {
        let mut journal = crate::report::sample::passed();
        let mut many = stats((0..2_000).map(|i| i % 300 + 1), 0);
        // As an hour at 10,000/s: its line is longer, not finer.
        many.operations = 36_000_000;
        journal.loads[0].phases[2] = many;
        let chart = chart(&journal, &journal.loads[0]).unwrap();
        assert!((180..=220).contains(&chart.x.len()), "{}", chart.x.len());
        assert!(chart.limits.iter().any(|limit| limit.y == 800_000.0));
    }
}
