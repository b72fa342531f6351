//! What the loads and probes measured.

use super::page::Page;
use crate::figure;
use crate::measure::ErrorClass;
use crate::report::journal::{Journal, LoadRecord, PhaseKind, PhaseRecord, PhaseStats};

/// A table of the phases for each load.
pub(super) fn tables(page: &mut Page, journal: &Journal) {
    for load in &journal.loads {
        let group = if load.control { " (control group)" } else { "" };
        page.heading(&format!("load `{}`{group}", load.name));
        page.wrapped(2, &load.what);
        let head = ["phase", "operations", "rate", "success", "P50", "P99", "max", "own lag P99"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(load.phases.iter().zip(&journal.phases).map(|(stats, phase)| row(stats, phase)));
        let mut legend = vec!["own lag: delay by the load driver itself"];
        if !page.fits(&rows) {
            rows.iter_mut().for_each(|row| shorten(row));
            legend.push("warm-up is not counted");
        }
        if !page.fits(&rows) {
            rows.iter_mut().for_each(narrow);
            legend.remove(0);
        }
        page.table(&rows);
        let sum = |f: fn(&PhaseStats) -> u64| load.phases.iter().map(f).sum::<u64>();
        let failed = sum(|stats| stats.failure_response.count);
        let origin = if load.closed_loop {
            "from the start of each operation (closed loop: stalls are hidden)"
        } else {
            "from the instant each operation was due"
        };
        let of = if failed > 0 { "P50 and P99 of successful operations, max of all" } else { "all operations" };
        page.wrapped(2, &format!("latencies: {of}, {origin}; {}", legend.join("; ")));
        let dropped = sum(|stats| stats.dropped);
        if dropped > 0 {
            page.wrapped(2, &format!("{} never sent: too many were waiting", figure::counted(dropped, "operation")));
        }
        let late = sum(|stats| stats.late);
        if late > 0 {
            let text = format!(
                "{} sent more than 10 ms late by the load driver: is this machine overloaded?",
                figure::counted(late, "operation")
            );
            page.wrapped(2, &text);
        }
        if let Some(text) = driver(load) {
            page.wrapped(2, &text);
        }
    }
}

const WARM_UP: &str = "warm-up (not counted)";

/// A pause of the driver that is worth a word.
const PAUSE_US: u64 = 10_000;

/// What the driver did, where it came near what is measured.
fn driver(load: &LoadRecord) -> Option<String> {
    let stats = || load.phases.iter().filter(|stats| stats.phase != PhaseKind::WarmUp);
    let busiest = stats().filter_map(|stats| stats.driver.cpu_share).reduce(f64::max).unwrap_or(0.0);
    let longest = stats().map(|stats| stats.driver.longest_pause_us).max().unwrap_or(0);
    let suspended = stats().map(|stats| stats.driver.suspended_us).max().unwrap_or(0);
    let most = stats().filter_map(|stats| stats.driver.most_per_second).reduce(f64::max);
    let mut facts = Vec::new();
    if busiest >= 0.7 || longest >= PAUSE_US || most.is_some() {
        facts.push(format!("up to {} of a core", figure::percent((busiest * 100.0).round())));
    }
    if longest >= PAUSE_US {
        facts.push(format!("did not run for up to {}", figure::duration(longest)));
    }
    if suspended > 0 {
        facts.push(format!("suspended with the machine for {}", figure::duration(suspended)));
    }
    if let Some(most) = most {
        facts.push(format!("more was due than it could send, this machine ends at about {}", figure::rate(most)));
    }
    (!facts.is_empty()).then(|| format!("load driver: {}", facts.join(", ")))
}

fn row(stats: &PhaseStats, phase: &PhaseRecord) -> Vec<String> {
    let length = phase.end_us.saturating_sub(phase.start_us) as f64 / 1e6;
    let latency = |count: u64, us: u64| figure::duration_or_dash((count > 0).then_some(us));
    let PhaseStats { response, failure_response, lag, .. } = stats;
    vec![
        if stats.phase == PhaseKind::WarmUp { WARM_UP.to_owned() } else { stats.phase.name().to_owned() },
        figure::count(stats.operations),
        if length > 0.0 { figure::rate(stats.operations as f64 / length) } else { "–".to_owned() },
        figure::share(stats.succeeded, stats.operations),
        latency(response.count, response.p50_us),
        latency(response.count, response.p99_us),
        latency(response.count + failure_response.count, response.max_us.max(failure_response.max_us)),
        latency(lag.count, lag.p99_us),
    ]
}

/// The same in shorter words.
fn shorten(row: &mut [String]) {
    for (long, short) in [(WARM_UP, "warm-up"), ("operations", "ops")] {
        row.iter_mut().filter(|cell| *cell == long).for_each(|cell| short.clone_into(cell));
    }
}

/// Without the rate and the driver's own lag, which speaks up where it matters.
fn narrow(row: &mut Vec<String>) {
    row.truncate(7);
    row.remove(2);
}

/// Failed operations by class, each with an example, warm-up apart.
pub(super) fn failures(page: &mut Page, journal: &Journal) {
    for load in &journal.loads {
        let classes = ErrorClass::ALL.map(|class| (class, failed(load, class)));
        let examples = |class| load.failures.iter().find(move |sample| sample.class == class);
        let seen: Vec<_> = classes.into_iter().filter(|(class, n)| *n > 0 || examples(*class).is_some()).collect();
        if seen.is_empty() {
            continue;
        }
        page.heading(&format!("failures of `{}`", load.name));
        for (class, n) in seen {
            let example = examples(class).map_or_else(String::new, |sample| {
                format!(", first in the {} phase: {}", sample.phase.name(), sample.message)
            });
            page.marked(2, "-", &format!("{} × {class}{example}", figure::count(n)));
        }
        let permanent: u64 = counted(load).map(|stats| stats.permanent_failures).sum();
        if permanent > 0 {
            page.wrapped(2, &format!("{} failed for good, after every retry", figure::counted(permanent, "operation")));
        }
    }
}

/// Probes that speak up: their range, and what went wrong with a sample.
pub(super) fn probes(page: &mut Page, journal: &Journal) {
    if journal.probes.is_empty() {
        return;
    }
    page.heading("probes");
    for probe in &journal.probes {
        let values = || probe.samples.iter().filter_map(|sample| sample.value);
        let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        let range = if low <= high {
            format!("{} to {}", figure::value(low, &probe.unit), figure::value(high, &probe.unit))
        } else {
            "no value".to_owned()
        };
        let taken = probe.samples.len() as u64;
        let failed = taken - values().count() as u64;
        let mut text = format!("{}: {range}, {}", probe.name, figure::counted(taken, "sample"));
        if failed > 0 {
            text.push_str(&format!(", {} of them failed", figure::count(failed)));
        }
        if let Some(error) = &probe.error {
            text.push_str(&format!(": {error}"));
        }
        page.marked(2, "-", &text);
    }
}

fn counted(load: &LoadRecord) -> impl Iterator<Item = &PhaseStats> {
    load.phases.iter().filter(|stats| stats.phase != PhaseKind::WarmUp)
}

fn failed(load: &LoadRecord, class: ErrorClass) -> u64 {
    counted(load).filter_map(|stats| stats.errors.get(&class)).sum()
}
