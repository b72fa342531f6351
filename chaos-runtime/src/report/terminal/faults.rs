//! Faults, recoveries, and what was left behind.

use super::page::{Page, Tone};
use crate::figure::{self, duration};
use crate::report::journal::{FaultRecord, Journal, RecoveryRecord, RecoveryState};
use crate::report::text::harm;

/// Undos that failed: above everything else, as something is still broken out there.
pub(super) fn left_behind(page: &mut Page, journal: &Journal) {
    let failed: Vec<_> = journal.rollback.iter().filter_map(|undo| Some((undo, undo.error.as_ref()?))).collect();
    if failed.is_empty() {
        return;
    }
    page.heading("LEFT BEHIND: undo this by hand");
    for (undo, error) in failed {
        let mark = page.paint(Tone::Bad, "✗");
        let attempts = figure::counted(undo.attempts.into(), "attempt");
        page.marked(
            2,
            &mark,
            &format!("{}: failed after {attempts} in {}", harm(&undo.what, &undo.target), duration(undo.took_us)),
        );
        page.wrapped(4, error);
        // On a line of its own and never broken, so that it can be copied.
        page.raw("    by hand:");
        for line in undo.by_hand.lines() {
            page.raw(&format!("      {line}"));
        }
    }
}

/// Everything known about every fault.
pub(super) fn details(page: &mut Page, journal: &Journal) {
    if journal.faults.is_empty() {
        return;
    }
    page.heading("faults");
    for fault in &journal.faults {
        let kind = if fault.one_shot { "ends by itself" } else { "held" };
        let mark =
            if fault.confirmed_us.is_some() { page.paint(Tone::Good, "✓") } else { page.paint(Tone::Odd, "?") };
        page.marked(2, &mark, &format!("{} ({kind})", harm(&fault.what, &fault.target)));
        page.wrapped(6, &times(fault));
        let hits = fault.hits.map_or_else(String::new, |hits| format!(" ({})", figure::counted(hits, "hit")));
        page.wrapped(6, &format!("evidence: {}{hits}", fault.evidence));
        if let Some(recovery) = &fault.recovery {
            page.wrapped(6, &format!("recovery: {}", told(recovery)));
        }
    }
}

/// A line for each fault of a passed experiment.
pub(super) fn one_line_each(page: &mut Page, journal: &Journal) {
    for fault in &journal.faults {
        let mark = page.paint(Tone::Good, "✓");
        page.marked(2, &mark, &format!("{}: {}", harm(&fault.what, &fault.target), fault.evidence));
        if let Some(recovery) = &fault.recovery {
            page.wrapped(4, &told(recovery));
        }
    }
}

/// `injected at 4 s, confirmed after 50 ms, cleared at 14.1 s`
fn times(fault: &FaultRecord) -> String {
    let confirmed = match fault.confirmed_us {
        Some(at) => format!("confirmed after {}", duration(at.saturating_sub(fault.injected_us))),
        None => "never confirmed".to_owned(),
    };
    let cleared = match fault.cleared_us {
        Some(at) if fault.one_shot => format!("over at {}", duration(at)),
        Some(at) => format!("cleared at {}", duration(at)),
        None if fault.one_shot => "not over at the end".to_owned(),
        None => "not cleared".to_owned(),
    };
    format!("injected at {}, {confirmed}, {cleared}", duration(fault.injected_us))
}

fn told(recovery: &RecoveryRecord) -> String {
    let mut parts = Vec::new();
    let clearance = recovery.from_clearance_us.map(|us| format!("{} after clearance", duration(us)));
    let injection = recovery.from_injection_us.map(|us| format!("{} after injection", duration(us)));
    // The clock that `recovery` claims read comes first.
    let clocks = if recovery.counts_from_clearance { [clearance, injection] } else { [injection, clearance] };
    let clocks = clocks.into_iter().flatten().collect::<Vec<_>>();
    parts.push(match (recovery.state, clocks.as_slice()) {
        (RecoveryState::NoEffect, _) => "no effect: the steady state was never left".to_owned(),
        (state, []) => state.name().to_owned(),
        (state, [one]) => format!("{} {one}", state.name()),
        (state, [first, second, ..]) => format!("{} {first} ({second})", state.name()),
    });
    parts.extend(recovery.time_to_detect_us.map(|us| format!("first bad stretch {} after confirmation", duration(us))));
    parts.extend(recovery.first_success_us.map(|us| format!("first success after {}", duration(us))));
    parts.push(format!("longest stretch without a success {}", duration(recovery.unavailability_us)));
    parts.join(", ")
}
