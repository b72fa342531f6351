//! What loads measured, by phase.

use super::text::whole;
use crate::figure;
use crate::measure::ErrorClass;
use crate::report::journal::{Journal, LoadRecord, PhaseKind, PhaseRecord, PhaseStats};
use maud::{Markup, html};

/// A load's name, as people tell it from the others.
pub(super) fn title(load: &LoadRecord) -> Markup {
    html! { "Load " code { (whole(&load.name)) } @if load.control { " (control group)" } }
}

/// Its phases as a table, and what is to be known of their figures.
pub(super) fn table(load: &LoadRecord, phases: &[PhaseRecord]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "Phase" }
                @for head in ["Operations", "Rate", "Success", "P50", "P90", "P99", "P99.9", "Max", "Own lag P99"] { th.n { (head) } }
            } }
            tbody { @for (stats, phase) in load.phases.iter().zip(phases) { (row(stats, phase)) } }
        } }
        p.dim.small { (origin(load)) }
    }
}

fn row(stats: &PhaseStats, phase: &PhaseRecord) -> Markup {
    let length = phase.end_us.saturating_sub(phase.start_us) as f64 / 1e6;
    let PhaseStats { response, failure_response, lag, .. } = stats;
    let of = |us: u64| figure::duration_or_dash((response.count > 0).then_some(us));
    let any = response.count.saturating_add(failure_response.count) > 0;
    html! {
        tr.worst[stats.phase == PhaseKind::Fault] {
            th scope="row" { (stats.phase.name()) @if stats.phase == PhaseKind::WarmUp { span.dim { " (not counted)" } } }
            td.n { (figure::count(stats.operations)) }
            td.n { @if length > 0.0 { (figure::rate(stats.operations as f64 / length)) } @else { "–" } }
            td.n { (figure::share(stats.succeeded, stats.operations)) }
            td.n { (of(response.p50_us)) }
            td.n { (of(response.p90_us)) }
            td.n { (of(response.p99_us)) }
            td.n { (of(response.p999_us)) }
            td.n { (figure::duration_or_dash(any.then_some(response.max_us.max(failure_response.max_us)))) }
            td.n { (figure::duration_or_dash((lag.count > 0).then_some(lag.p99_us))) }
        }
    }
}

fn origin(load: &LoadRecord) -> String {
    let sum = |f: fn(&PhaseStats) -> u64| load.phases.iter().map(f).fold(0, u64::saturating_add);
    let of = if sum(|stats| stats.failure_response.count) > 0 {
        "Percentiles are of successful operations, the maximum of all"
    } else {
        "Latencies of all operations"
    };
    let from = if load.closed_loop {
        "from the start of each (closed loop: stalls are hidden)"
    } else {
        "from the instant each was due"
    };
    let mut text = format!("{of}, {from}. Own lag: delay by the load driver itself.");
    let dropped = sum(|stats| stats.dropped);
    if dropped > 0 {
        text.push_str(&format!(" {} never sent: too many were waiting.", figure::counted(dropped, "operation")));
    }
    let late = sum(|stats| stats.late);
    if late > 0 {
        let late = figure::counted(late, "operation");
        text.push_str(&format!(" {late} sent more than 10 ms late by the load driver: is this machine overloaded?"));
    }
    text
}

/// Failed operations by class with an example each, the warm-up apart.
pub(super) fn failures(journal: &Journal) -> Markup {
    let rows: Vec<_> = journal.loads.iter().flat_map(|load| classes(load).map(move |row| (load, row))).collect();
    if rows.is_empty() {
        return html! {};
    }
    html! {
        h3 { "Failed operations" }
        div.scroll { table {
            thead { tr { th { "Load" } th.n { "Count" } th { "Class" } th { "First seen" } th { "Example" } } }
            tbody { @for (load, (class, n)) in rows {
                @let example = load.failures.iter().find(|sample| sample.class == class);
                tr {
                    td { (whole(&load.name)) }
                    td.n { (figure::count(n)) }
                    td { (class) }
                    td { @if let Some(example) = example { (example.phase.name()) } }
                    td { @if let Some(example) = example { code { (whole(&example.message)) } } }
                }
            } }
        } }
        @for load in &journal.loads {
            @let permanent = counted(load).map(|stats| stats.permanent_failures).fold(0, u64::saturating_add);
            @if permanent > 0 {
                p.dim.small { (title(load)) ": " (figure::counted(permanent, "operation")) " failed for good, after every retry." }
            }
        }
    }
}

fn classes(load: &LoadRecord) -> impl Iterator<Item = (ErrorClass, u64)> {
    ErrorClass::ALL.into_iter().filter_map(move |class| {
        let n = counted(load).filter_map(|stats| stats.errors.get(&class)).fold(0_u64, |all, n| all.saturating_add(*n));
        (n > 0 || load.failures.iter().any(|sample| sample.class == class)).then_some((class, n))
    })
}

fn counted(load: &LoadRecord) -> impl Iterator<Item = &PhaseStats> {
    load.phases.iter().filter(|stats| stats.phase != PhaseKind::WarmUp)
}
