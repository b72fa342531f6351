//! The history as a page: since when it is worse, and by how much, first; then a chart for each claim.

use super::Told;
use super::text::{label, last, summary};
use crate::output::counted;
use chaos_runtime::history::{ChangePoint, Entry, Trend, TrendPoint};
use chaos_runtime::report::journal::{ClaimRole, Verdict};
use chaos_runtime::report::page::{Chart, Color, Dash, Limit, Mark, Series, Unit, X, document};
use maud::{Markup, html};

/// So many of the newest runs a chart has: more would share their pixels, and make the page heavy.
const POINTS: usize = 2_000;

/// So many of the newest runs show in the strip of verdicts.
pub(super) const RUNS: usize = 400;

/// A run in that strip takes this many pixels of the strip.
const CELL: usize = 5;

pub(super) fn render(told: &[Told<'_>]) -> String {
    let changes = changes(told);
    let worse = changes.iter().filter(|change| change.point.is_worse == Some(true)).count();
    let refuted = told.iter().filter(|one| one.newest.last().is_some_and(|last| !last.verdict.is_ok())).count();
    let body = html! {
        header.top {
            div.brand { span { b { "chaos-test" } " history" } }
            div.answer { h1 { (headline(told, worse, refuted)) } }
            p.facts {
                span { b { (told.len()) } " experiments" }
                span { b { (told.iter().map(|one| one.runs).sum::<usize>()) } " runs of them" }
                @if let Some(newest) = told.iter().filter_map(|one| one.newest.last()).map(|last| &last.started_at).max() {
                    span { "newest " b { (newest.get(..10).unwrap_or(newest)) } }
                }
            }
        }
        main id="main" {
            @if !changes.is_empty() {
                ul.list {
                    @for change in &changes { (listed(change)) }
                }
            }
            @for (at, one) in told.iter().enumerate() { (experiment(at, one)) }
        }
    };
    document("chaos-test: history", &body)
}

/// A change as the list at the top shows it.
struct Listed<'a> {
    at: usize,
    one: &'a Told<'a>,
    trend: &'a Trend,
    point: &'a ChangePoint,
}

/// The newest change of each trend that is still measured: what is worse first, the newest first.
fn changes<'a>(told: &'a [Told<'a>]) -> Vec<Listed<'a>> {
    let mut changes: Vec<Listed<'a>> = Vec::new();
    for (at, one) in told.iter().enumerate() {
        for trend in one.trends.iter().filter(|trend| trend.is_current) {
            changes.extend(trend.change_points.last().map(|point| Listed { at, one, trend, point }));
        }
    }
    changes.sort_by(|a, b| {
        let rank = |change: &Listed<'_>| change.point.is_worse != Some(true);
        rank(a).cmp(&rank(b)).then_with(|| b.point.at.cmp(&a.point.at))
    });
    changes
}

fn headline(told: &[Told<'_>], worse: usize, refuted: usize) -> String {
    let plural = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    match (worse, refuted) {
        _ if told.is_empty() => "Nothing is kept yet".to_owned(),
        (0, 0) => "Nothing got worse".to_owned(),
        (0, refuted) => {
            format!("Nothing shifted; {} not end well", plural(refuted, "experiment did", "experiments did"))
        }
        (worse, _) => format!("{} worse than before", plural(worse, "value is", "values are")),
    }
}

fn listed(change: &Listed<'_>) -> Markup {
    let (tone, word) = tone(change.point);
    html! {
        li class=(tone) {
            a href={ "#" (anchor(change.at, change.trend)) } {
                span class={ "verdict " (tone) } { (word) }
                span.name { (change.trend.sentence(change.point)) }
                span.took { (change.trend.points.len() - change.point.index) " runs ago" }
                span.because { (change.one.name) " · " code { (label(change.trend)) } " · now " (last(change.trend)) }
            }
        }
    }
}

fn tone(change: &ChangePoint) -> (&'static str, &'static str) {
    match change.is_worse {
        Some(true) => ("bad", "▲ worse"),
        Some(false) => ("good", "▽ better"),
        None => ("info", "◇ different"),
    }
}

fn experiment(at: usize, one: &Told<'_>) -> Markup {
    let (current, retired): (Vec<&Trend>, Vec<&Trend>) = one.trends.iter().partition(|trend| trend.is_current);
    let is_steady = |trend: &&Trend| matches!(trend.role, ClaimRole::SteadyState | ClaimRole::SteadyStateAfter);
    let (steady, claims): (Vec<&Trend>, Vec<&Trend>) = current.into_iter().partition(is_steady);
    // What changed is not folded away.
    let (moved, calm): (Vec<&Trend>, Vec<&Trend>) = steady.into_iter().partition(|t| !t.change_points.is_empty());
    let mut shown: Vec<&Trend> = claims.into_iter().chain(moved).collect();
    // What got worse comes first, the newest change before older ones; all else stays in its author's order.
    shown.sort_by_cached_key(|trend| {
        let worse = trend.change_points.last().filter(|change| change.is_worse == Some(true));
        std::cmp::Reverse(worse.map(|change| change.at.clone()))
    });
    let verdict = one.newest.last().map_or(Verdict::Running, |last| last.verdict);
    html! {
        details.exp open[true] id={ "e" (at) } {
            summary {
                span class={ "verdict " (verdict_tone(verdict)) } { (verdict.name()) }
                h2 { (one.name) }
                span.where { (one.package) "::" (one.binary) " · " (summary(one)) }
            }
            div.body {
                (strip(&one.newest))
                @for trend in shown { (chart(at, trend)) }
                @if !calm.is_empty() {
                    details.fold {
                        summary { "Steady state: " (calm.len()) " claims without a change" }
                        @for trend in calm { (chart(at, trend)) }
                    }
                }
                @if !retired.is_empty() {
                    details.fold {
                        summary { "Measured under other conditions: " (retired.len()) " claims of before" }
                        p.small.dim { "Their limit, or the load, was another one, or they are gone." }
                        @for trend in retired { (chart(at, trend)) }
                    }
                }
                @if one.unreadable > 0 {
                    p.small.dim { (one.unreadable) " lines of its history could not be read." }
                }
            }
        }
    }
}

fn verdict_tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "good",
        Verdict::Refuted | Verdict::RollbackFailed => "bad",
        Verdict::KnownWeakness | Verdict::Skipped => "info",
        _ => "odd",
    }
}

/// A cell for each run: its verdict by colour and height.
fn strip(entries: &[&Entry]) -> Markup {
    let width = (entries.len() * CELL).max(CELL);
    let told = |entry: &Entry| {
        let commit = entry.revision.as_ref().map(|revision| format!(" at {}", revision.short())).unwrap_or_default();
        let reason = entry.reason.as_ref().map(|reason| format!("\n{}", reason.message)).unwrap_or_default();
        format!("{} {}{commit}{reason}", entry.started_at.get(..10).unwrap_or_default(), entry.verdict.name())
    };
    let ok = entries.iter().filter(|entry| entry.verdict.is_ok()).count();
    html! {
        svg viewBox={ "0 0 " (width) " 20" } style={ "width:100%;max-width:" (width * 2) "px;height:22px;display:block" }
            preserveAspectRatio="none" role="img" aria-label={ (ok) " of the newest " (entries.len()) " runs ended well" } {
            @for (i, entry) in entries.iter().enumerate() {
                @let tone = verdict_tone(entry.verdict);
                // Told apart without colours: what ended well is low.
                @let height = if entry.verdict.is_ok() { 10 } else { 20 };
                rect x=(i * CELL) y=(20 - height) width=(CELL - 1) height=(height) style={ "fill:var(--" (tone) ")" } {
                    title { (told(entry)) }
                }
            }
        }
        p.small.dim { "The newest " (entries.len()) " runs, the latest on the right: " (ok) " ended well, " (entries.len() - ok) " did not (high bars)." }
    }
}

fn anchor(at: usize, trend: &Trend) -> String {
    let text = format!("{:?} {} {}", trend.role, trend.claim, trend.load);
    let hash = text.bytes().fold(5_381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte));
    format!("e{at}-{hash:08x}")
}

fn chart(at: usize, trend: &Trend) -> Markup {
    let from = trend.points.len().saturating_sub(POINTS);
    let points = &trend.points[from..];
    let x: Vec<f64> = (0..points.len()).map(|i| i as f64).collect();
    let title = format!("{} · {}", trend.subject(), label(trend));
    let mut chart = Chart::new(title, X::Number, x, Unit::of(&trend.unit));
    chart.height = 190;
    chart.names = points.iter().map(name).collect();
    let line = |label: &str, color, of: &dyn Fn(&TrendPoint) -> Option<f64>| {
        Series::new(label, color, points.iter().map(of).collect())
    };
    if points.iter().any(|point| point.low.is_some() || point.high.is_some()) {
        for (label, of) in [("interval, low", 0), ("interval, high", 1)] {
            let of = move |point: &TrendPoint| if of == 0 { point.low } else { point.high };
            chart.series.push(Series { dash: Dash::Dotted, width: 0.8, ..line(label, Color::Grey, &of) });
        }
    }
    if !trend.change_points.is_empty() {
        let level =
            Series { width: 2.2, steps: true, ..Series::new("usual", Color::Purple, levels(trend).split_off(from)) };
        chart.series.push(level);
    }
    chart.series.push(line("value", Color::Blue, &|point| point.value));
    if points.iter().any(|point| !point.holds) {
        let broken = |point: &TrendPoint| point.value.filter(|_| !point.holds);
        chart.series.push(Series { points: true, width: 0.0, ..line("claim broken", Color::Red, &broken) });
    }
    chart.y.log = trend.unit == "s" && is_wide(trend);
    chart.limits = limits(trend);
    chart.bad = points
        .iter()
        .enumerate()
        .filter(|(_, point)| !point.verdict.is_ok())
        .map(|(i, _)| (i as f64 - 0.5, i as f64 + 0.5))
        .collect();
    let shown = trend.change_points.iter().filter_map(|change| change.index.checked_sub(from));
    chart.marks = shown.map(|index| Mark { x: index as f64, kind: "change" }).collect();
    chart.told = told(trend);
    if from > 0 {
        chart.told += &format!(" Shown: the newest {POINTS} of {} runs.", trend.points.len());
    }
    html! {
        div id=(anchor(at, trend)) {
            (chart.figure(&table(trend)))
        }
    }
}

/// `11-02 abc1234`: as long as the axis has room for. Years stand in the sentences and in the figures.
fn name(point: &TrendPoint) -> String {
    let day = point.at.get(5..10).unwrap_or(&point.at);
    point
        .commit
        .as_ref()
        .map_or_else(|| day.to_owned(), |commit| format!("{day} {}", commit.get(..7).unwrap_or(commit)))
}

/// Whether single values would flatten all others on an even scale.
fn is_wide(trend: &Trend) -> bool {
    let mut values: Vec<f64> = trend.points.iter().filter_map(|point| point.value).collect();
    values.sort_by(f64::total_cmp);
    match (values.first(), values.get(values.len() / 2), values.last()) {
        (Some(least), Some(middle), Some(most)) => *least > 0.0 && *most > 2.5 * middle,
        _ => false,
    }
}

/// The median between two change points, at each of its points.
fn levels(trend: &Trend) -> Vec<Option<f64>> {
    let mut levels = Vec::with_capacity(trend.points.len());
    for (i, change) in trend.change_points.iter().enumerate() {
        levels.resize(change.index, change.before);
        if i + 1 == trend.change_points.len() {
            levels.resize(trend.points.len(), change.after);
        }
    }
    levels
}

/// The limit as level lines: one for as long as it is the same. One that moves with every run (`of baseline`) shows where
/// it is now.
fn limits(trend: &Trend) -> Vec<Limit> {
    let now = trend.points.last().and_then(|point| point.limit);
    let said = |limit: f64| format!("limit {}", trend.value(Some(limit)));
    now.map(|y| Limit { y, label: said(y), from: None, to: None }).into_iter().collect()
}

fn told(trend: &Trend) -> String {
    let now = format!("Last: {}.", last(trend));
    match trend.change_points.last() {
        None => format!("{now} No change in {}.", counted(trend.points.len(), "run")),
        Some(change) => {
            let before: Vec<String> = trend.change_points.iter().rev().skip(1).map(|c| trend.sentence(c)).collect();
            let between = match (&change.last_commit_before, &change.commit) {
                (Some(before), Some(first)) if before != first => {
                    format!(" The change lies between {before} and {first}.")
                }
                _ => String::new(),
            };
            let before =
                if before.is_empty() { String::new() } else { format!(" Before that: {}.", before.join("; ")) };
            format!("{}.{between} {now}{before}", trend.sentence(change))
        }
    }
}

/// The newest values as numbers.
fn table(trend: &Trend) -> Markup {
    html! {
        table {
            thead { tr { th { "run" } th { "commit" } th.n { "value" } th.n { "interval" } th.n { "limit" } th { "verdict" } } }
            tbody {
                @for point in trend.points.iter().rev().take(50) {
                    tr {
                        td { (point.at.get(..16).unwrap_or(&point.at)) }
                        td { code { (point.commit.as_deref().unwrap_or("–")) } }
                        td.n { (trend.value(point.value)) }
                        td.n {
                            @match (point.low, point.high) {
                                (None, None) => "–",
                                (low, high) => {
                                    (low.map_or("…".to_owned(), |low| trend.value(Some(low)))) " to "
                                    (high.map_or("…".to_owned(), |high| trend.value(Some(high))))
                                }
                            }
                        }
                        td.n { (point.limit.map_or("–".to_owned(), |limit| trend.value(Some(limit)))) }
                        td { (point.verdict.name()) }
                    }
                }
            }
        }
        @if trend.points.len() > 50 { p.small.dim { "The newest 50 of " (trend.points.len()) "." } }
    }
}
