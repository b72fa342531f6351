//! The few figures that a person asks for first.

use super::limit::{Limited, Metric};
use crate::figure;
use crate::report::journal::{ClaimRole, Journal, Judgement, LatencySummary, LoadRecord, PhaseKind, PhaseStats};
use maud::{Markup, html};

struct Tile {
    label: &'static str,
    big: String,
    was: String,
    bad: bool,
}

/// P99, success, recovery and evidence. Nothing where nothing was measured.
pub(super) fn all(journal: &Journal) -> Markup {
    let mut tiles = Vec::new();
    if let Some(load) = main_load(journal) {
        tiles.extend(latency(journal, load));
        tiles.extend(success(journal, load));
    }
    tiles.extend(recovery(journal));
    tiles.extend(faults(journal));
    html! {
        @if !tiles.is_empty() {
            div.tiles { @for tile in tiles {
                div.tile.bad[tile.bad] {
                    p.label { (tile.label) }
                    p.big { (tile.big) }
                    p.was { (tile.was) }
                }
            } }
        }
    }
}

/// The load that a broken claim names, else the first one that is no control group.
fn main_load(journal: &Journal) -> Option<&LoadRecord> {
    let broken = journal.claims.iter().filter(|claim| claim.judgement == Judgement::Broken).filter_map(Limited::read);
    let named = broken.filter_map(|claim| claim.load).next();
    let mut loads = journal.loads.iter().filter(|load| !load.control);
    loads.clone().find(|load| Some(load.name.as_str()) == named).or_else(|| loads.next()).or(journal.loads.first())
}

pub(super) fn stats(load: &LoadRecord, kind: PhaseKind) -> Option<&PhaseStats> {
    load.phases.iter().find(|stats| stats.phase == kind && stats.operations > 0)
}

/// Whether a claim about the faulted system is false of this metric.
fn is_broken(journal: &Journal, load: &LoadRecord, of: impl Fn(&Metric) -> bool) -> bool {
    let told = |role| matches!(role, ClaimRole::Hypothesis | ClaimRole::Expectation);
    let claims = journal.claims.iter().filter_map(Limited::read);
    let mut broken = claims.filter(|c| match c.role {
        ClaimRole::Guard => c.judgement == Judgement::Holds,
        role => told(role) && c.judgement == Judgement::Broken,
    });
    broken.any(|claim| claim.is_about(&load.name) && of(&claim.metric))
}

/// `4.1 ms in the baseline, 4.3 ms after`
fn others(load: &LoadRecord, shown: PhaseKind, value: impl Fn(&PhaseStats) -> String) -> String {
    let told = [(PhaseKind::Baseline, "in the baseline"), (PhaseKind::After, "after")];
    let parts = told.into_iter().filter(|(kind, _)| *kind != shown);
    let parts = parts.filter_map(|(kind, words)| Some(format!("{} {words}", value(stats(load, kind)?))));
    parts.collect::<Vec<_>>().join(", ")
}

fn latency(journal: &Journal, load: &LoadRecord) -> Option<Tile> {
    let p99 = |of: &LatencySummary| figure::duration_or_dash((of.count > 0).then_some(of.p99_us));
    let faulted = stats(load, PhaseKind::Fault);
    let (kind, stats, label) = match faulted {
        Some(stats) => (PhaseKind::Fault, stats, "P99 in the fault phase"),
        None => (PhaseKind::Baseline, stats(load, PhaseKind::Baseline)?, "P99 in the baseline"),
    };
    let mut was = others(load, kind, |stats| p99(&stats.response));
    // A failed operation is no fast one.
    let fails = stats.failed.saturating_mul(100) > stats.operations;
    if fails {
        was = format!("{} of successful ones; {was}", p99(&stats.response)).trim_end_matches("; ").to_owned();
    }
    let bad = is_broken(journal, load, |metric| matches!(metric, Metric::Quantile(_) | Metric::Max | Metric::Mean));
    Some(Tile { label, big: if fails { "failed".to_owned() } else { p99(&stats.response) }, was, bad })
}

fn success(journal: &Journal, load: &LoadRecord) -> Option<Tile> {
    let share = |stats: &PhaseStats| figure::share(stats.succeeded, stats.operations);
    let (kind, stats, label) = match stats(load, PhaseKind::Fault) {
        Some(stats) => (PhaseKind::Fault, stats, "Success in the fault phase"),
        None => (PhaseKind::Baseline, stats(load, PhaseKind::Baseline)?, "Success in the baseline"),
    };
    let bad = is_broken(journal, load, |metric| matches!(metric, Metric::SuccessRate | Metric::ErrorRate));
    let n = figure::counted(stats.operations, "operation");
    let was = [format!("of {n}"), others(load, kind, share)].into_iter().filter(|part| !part.is_empty());
    Some(Tile { label, big: share(stats), was: was.collect::<Vec<_>>().join("; "), bad })
}

fn recovery(journal: &Journal) -> Option<Tile> {
    // The slowest, and whatever never came back.
    let records = journal.faults.iter().filter_map(|fault| fault.recovery.as_ref());
    let slowest = records.max_by_key(|recovery| recovery.counted_us().unwrap_or(u64::MAX))?;
    let clock = if slowest.counts_from_clearance { "after clearance" } else { "after injection" };
    let broken = journal.claims.iter().any(|claim| {
        claim.judgement == Judgement::Broken && claim.role == ClaimRole::Hypothesis && claim.text.contains("recovery")
    });
    let gap = figure::duration(slowest.unavailability_us);
    Some(match slowest.counted_us() {
        Some(us) => Tile {
            label: "Recovery",
            big: figure::duration(us),
            was: format!("{clock}; longest stretch without a success {gap}"),
            bad: broken,
        },
        None => Tile {
            label: "Recovery",
            big: slowest.state.name().to_owned(),
            was: format!("longest stretch without a success {gap}"),
            bad: true,
        },
    })
}

fn faults(journal: &Journal) -> Option<Tile> {
    let first = journal.faults.first()?;
    let (all, seen) =
        (journal.faults.len(), journal.faults.iter().filter(|fault| fault.confirmed_us.is_some()).count());
    let hits = journal.faults.iter().filter_map(|fault| fault.hits).fold(0, u64::saturating_add);
    let big = if seen == all { "confirmed".to_owned() } else { "not confirmed".to_owned() };
    let what = if all == 1 { crate::report::text::line(&first.what, 60) } else { format!("{seen} of {all} faults") };
    let was = if hits > 0 { format!("{what}; {}", figure::counted(hits, "hit")) } else { what };
    Some(Tile { label: if all == 1 { "Fault" } else { "Faults" }, big, was, bad: seen < all })
}
