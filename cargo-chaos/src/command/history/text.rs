//! The history at a terminal, and as Markdown.

use super::Told;
use crate::output::counted;
use chaos_runtime::history::{ChangePoint, Entry, Merged, Trend, TrendPoint};
use chaos_runtime::report::journal::{ClaimRole, Verdict};
use std::fmt::Write as _;

/// As wide as a line of values gets.
const SPARKS: usize = 40;

pub(super) fn merged(merged: &Merged) -> String {
    let cut =
        if merged.unreadable > 0 { format!(", {} lines could not be read", merged.unreadable) } else { String::new() };
    format!("added {} of experiments, {} were known already{cut}\n\n", counted(merged.added, "run"), merged.known)
}

pub(super) fn no_such(experiment: Option<&str>, profile: Option<&str>) -> String {
    let of = experiment.map(|name| format!(" of an experiment with `{name}` in its name")).unwrap_or_default();
    let profile = profile.map(|profile| format!(" in profile {profile}")).unwrap_or_default();
    format!("the history has no run{of}{profile}\n")
}

pub(super) fn render(told: &[Told<'_>]) -> String {
    let mut text = String::from("✓ passed  ✗ refuted  ~ known weakness  ? undecided  ! broke off\n");
    for experiment in told {
        let _ = writeln!(text, "\n{}::{} {}", experiment.package, experiment.binary, experiment.name);
        let _ = writeln!(text, "  {}", summary(experiment));
        let _ = writeln!(text, "  {}", strip(&experiment.newest));
        let trends = current(experiment);
        let width = trends.iter().map(|trend| label(trend).chars().count()).max().unwrap_or_default();
        for trend in trends {
            let label = label(trend);
            let pad = " ".repeat(width - label.chars().count());
            let _ = writeln!(text, "  {label}{pad}  {}  {}", sparkline(&trend.points), last(trend));
            for change in &trend.change_points {
                let _ = writeln!(text, "    {} {}", mark(change), trend.sentence(change));
            }
        }
        if experiment.unreadable > 0 {
            let _ = writeln!(text, "  {} lines of its history could not be read", experiment.unreadable);
        }
    }
    text
}

pub(super) fn markdown(told: &[Told<'_>]) -> String {
    let mut text = String::new();
    for experiment in told {
        let _ = writeln!(text, "### {}\n", escaped(experiment.name));
        let _ = writeln!(text, "{}  \n{}\n", escaped(&summary(experiment)), strip(&experiment.newest));
        let _ = writeln!(text, "| claim | values | last | change |\n|---|---|---|---|");
        for trend in current(experiment) {
            let change = trend.change_points.last().map(|change| escaped(&trend.sentence(change))).unwrap_or_default();
            let values = sparkline(&trend.points);
            let _ = writeln!(text, "| {} | {values} | {} | {change} |", escaped(&label(trend)), escaped(&last(trend)));
        }
        text.push('\n');
    }
    text
}

/// What would be read as Markdown or HTML is shown as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => out.extend(['\\', c]),
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn current<'a>(experiment: &'a Told<'_>) -> Vec<&'a Trend> {
    experiment.trends.iter().filter(|trend| trend.is_current).collect()
}

/// `profile local, 200 runs: 187 passed, 13 refuted; last 2026-11-20 refuted at 3f2a1bc`
pub(super) fn summary(experiment: &Told<'_>) -> String {
    let mut text = format!("profile {}, {}", experiment.profile, counted(experiment.runs, "run"));
    if let Some(last) = experiment.newest.last() {
        let day = last.started_at.get(..10).unwrap_or(&last.started_at);
        text += &format!("; last on {day}: {}", last.verdict.name());
        if let Some(revision) = &last.revision {
            text += &format!(" at {}", revision.short());
        }
    }
    text
}

fn strip(entries: &[&Entry]) -> String {
    entries.iter().map(|entry| sign(entry.verdict)).collect()
}

fn sign(verdict: Verdict) -> char {
    match verdict {
        Verdict::Passed => '✓',
        Verdict::Refuted | Verdict::RollbackFailed => '✗',
        Verdict::KnownWeakness => '~',
        Verdict::Unsteady | Verdict::Inconclusive => '?',
        _ => '!',
    }
}

pub(super) fn label(trend: &Trend) -> String {
    match trend.role {
        ClaimRole::SteadyState => format!("before: {}", trend.claim),
        ClaimRole::SteadyStateAfter => format!("again: {}", trend.claim),
        ClaimRole::Guard => format!("guard: {}", trend.claim),
        _ => trend.claim.clone(),
    }
}

/// `351 ms, limit 300 ms ✗`
pub(super) fn last(trend: &Trend) -> String {
    let Some(point) = trend.points.last() else { return String::new() };
    let limit = point.limit.map(|limit| format!(", limit {}", trend.value(Some(limit)))).unwrap_or_default();
    format!("{}{limit} {}", trend.value(point.value), if point.holds { '✓' } else { '✗' })
}

fn mark(change: &ChangePoint) -> char {
    match change.is_worse {
        Some(true) => '▲',
        Some(false) => '▽',
        None => '◇',
    }
}

/// The newest values, each column the worst that it stands for would hide what is usual, so each is a median.
fn sparkline(points: &[TrendPoint]) -> String {
    let each = points.len().div_ceil(SPARKS).max(1);
    let columns: Vec<Option<f64>> = points
        .chunks(each)
        .map(|chunk| {
            let mut values: Vec<f64> = chunk.iter().filter_map(|point| point.value).collect();
            values.sort_by(f64::total_cmp);
            // Mostly failures: no number.
            if 2 * values.len() < chunk.len() { None } else { values.get(values.len() / 2).copied() }
        })
        .collect();
    let known = || columns.iter().flatten().copied();
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    columns
        .iter()
        .map(|column| match column {
            None => '×',
            Some(_) if most - least <= 1e-12 * most.abs() => '▄',
            Some(value) => {
                let level = (value - least) / (most - least) * 7.0;
                ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][level.round() as usize % 8]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[Option<f64>]) -> Vec<TrendPoint> {
        let point = |value: &Option<f64>| TrendPoint {
            at: "2026-11-01T00:00:00Z".to_owned(),
            run: "r".to_owned(),
            commit: None,
            value: *value,
            low: None,
            high: None,
            limit: None,
            holds: true,
            verdict: Verdict::Passed,
        };
        values.iter().map(point).collect()
    }

    #[test]
    fn values_as_a_line() {
        assert_eq!(sparkline(&points(&[Some(1.0), Some(2.0), None, Some(8.0)])), "▁▂×█");
        assert_eq!(sparkline(&points(&[Some(5.0); 3])), "▄▄▄");
        assert_eq!(sparkline(&[]), "");
        let many: Vec<_> = (0..10_000).map(|i| Some(f64::from(i))).collect();
        assert_eq!(sparkline(&points(&many)).chars().count(), SPARKS);
    }

    #[test]
    fn what_markdown_would_read_is_shown_as_it_is() {
        assert_eq!(escaped("a|b_c <x> `y`"), "a\\|b\\_c &lt;x&gt; \\`y\\`");
    }
}
