//! A row for each experiment.

use super::escape::{code, prose};
use crate::report::journal::{Journal, Verdict};
use crate::report::overview;

/// Whether an experiment needs nobody, so that it is folded away.
pub(super) fn is_folded(journal: &Journal) -> bool {
    journal.verdict == Verdict::Passed
}

/// What a glance sees.
pub(super) fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✅",
        Verdict::Refuted | Verdict::Aborted | Verdict::Errored | Verdict::Unsteady => "❌",
        Verdict::Inconclusive => "❓",
        Verdict::RollbackFailed => "🚨",
        Verdict::KnownWeakness => "⚠️",
        Verdict::Skipped => "⏭️",
        Verdict::Running => "⏳",
    }
}

/// Adds the table of these, as long as `out` has no more than `most` bytes. How many were left out.
pub(super) fn rows(out: &mut String, journals: &[&Journal], several: bool, most: usize) -> usize {
    if journals.is_empty() {
        return 0;
    }
    let place = if several { " Where |" } else { "" };
    let line = if several { " --- |" } else { "" };
    out.push_str(&format!("| Verdict | Experiment |{place} Why | Recovery | Under the fault |\n"));
    out.push_str(&format!("| --- | --- |{line} --- | --- | --- |\n"));
    for (at, journal) in journals.iter().enumerate() {
        let row = row(journal, several);
        if out.len() + row.len() > most {
            return journals.len() - at;
        }
        out.push_str(&row);
    }
    0
}

fn row(journal: &Journal, several: bool) -> String {
    let experiment = &journal.experiment;
    let mut cells = vec![
        format!("{} {}", symbol(journal.verdict), journal.verdict.name()),
        format!("{}<br><sub>{}</sub>", code(&experiment.name, 200), prose(&binary(journal), 200)),
    ];
    if several {
        cells.push(place(journal));
    }
    cells.push(prose(&overview::decisive(journal), 300));
    cells.push(prose(&overview::recovery(journal), 50));
    cells.push(prose(&overview::key_values(journal), 300));
    let mut row = String::from("|");
    for cell in cells {
        row.push_str(&format!(" {cell} |"));
    }
    row.push('\n');
    row
}

fn binary(journal: &Journal) -> String {
    format!("{}::{}", journal.experiment.package, journal.experiment.binary)
}

/// Which of several machines or profiles.
pub(super) fn place(journal: &Journal) -> String {
    format!("{} on {}", code(&journal.run.profile, 100), code(&journal.run.host, 100))
}
