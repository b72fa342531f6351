//! Faults, recoveries, and what was left behind.

use super::page::{Page, Tone};
use crate::figure::{self, duration};
use crate::report::journal::Journal;
use crate::report::text::harm;
use crate::report::words;

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
        page.wrapped(6, &words::times(fault));
        let hits = fault.hits.map_or_else(String::new, |hits| format!(" ({})", figure::counted(hits, "hit")));
        page.wrapped(6, &format!("evidence: {}{hits}", fault.evidence));
        if let Some(recovery) = &fault.recovery {
            page.wrapped(6, &format!("recovery: {}", words::recovery(recovery)));
        }
    }
}

/// A line for each fault of a passed experiment.
pub(super) fn one_line_each(page: &mut Page, journal: &Journal) {
    for fault in &journal.faults {
        let mark = page.paint(Tone::Good, "✓");
        page.marked(2, &mark, &format!("{}: {}", harm(&fault.what, &fault.target), fault.evidence));
        if let Some(recovery) = &fault.recovery {
            page.wrapped(4, &words::recovery(recovery));
        }
    }
}
