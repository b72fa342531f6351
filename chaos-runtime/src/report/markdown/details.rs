//! What is known about an experiment that did not pass, folded.

use super::escape::{block, code, prose, start};
use super::table;
use crate::figure::{self, duration};
use crate::report::journal::{ClaimRecord, ClaimRole, Journal, Judgement, LoadRecord, PhaseKind, Verdict};
use crate::report::{overview, terminal, text, words};
use std::fmt::Write as _;

/// More of a kind is no help to anybody; the page has all.
const LISTED: usize = 30;
/// Characters of one text.
const CHARS: usize = 1_000;

/// Whether there is more to say than its row does.
pub(super) fn has(journal: &Journal) -> bool {
    overview::is_failed(journal.verdict) || journal.verdict == Verdict::KnownWeakness
}

/// One fold.
pub(super) fn of(journal: &Journal, several: bool) -> String {
    let mut out = String::new();
    let place = if several { format!(" ({})", table::place(journal)) } else { String::new() };
    let name = code(&terminal::full_name(journal), 300);
    let verdict = journal.verdict;
    let _ =
        writeln!(out, "\n<details>\n<summary>{} {}: {name}{place}</summary>\n", table::symbol(verdict), verdict.name());
    let summary = words::summary(&journal.experiment.doc);
    if !summary.is_empty() {
        let _ = writeln!(out, "{}\n", start(&summary, CHARS));
    }
    left_behind(&mut out, journal);
    reasons(&mut out, journal);
    claims(&mut out, journal);
    faults(&mut out, journal);
    journal.loads.iter().take(LISTED).for_each(|load| phases(&mut out, journal, load));
    ledgers(&mut out, journal);
    if !journal.notes.is_empty() {
        out.push_str("**Notes**\n\n");
        listed(&mut out, journal.notes.iter().map(|note| start(note, CHARS)));
    }
    let experiment = &journal.experiment;
    let at = format!("{}:{}:{}", experiment.file, experiment.line, experiment.column);
    let _ = writeln!(
        out,
        "{}, took {}, seed {}. Replay:\n",
        code(&at, 300),
        duration(journal.duration_us),
        journal.run.seed
    );
    out.push_str(&block("sh", &text::capped(&journal.replay, 2 * CHARS)));
    out.push_str("\n</details>\n");
    out
}

fn left_behind(out: &mut String, journal: &Journal) {
    let failed: Vec<_> = journal.rollback.iter().filter_map(|undo| Some((undo, undo.error.as_ref()?))).collect();
    if failed.is_empty() {
        return;
    }
    out.push_str("**Left behind: undo this by hand**\n\n");
    for (undo, error) in failed.into_iter().take(LISTED) {
        let _ = writeln!(out, "{}: {}\n", code(&text::harm(&undo.what, &undo.target), CHARS), prose(error, CHARS));
        out.push_str(&block("sh", &text::capped(&undo.by_hand, 2 * CHARS)));
        out.push('\n');
    }
}

fn reasons(out: &mut String, journal: &Journal) {
    if !journal.reasons.is_empty() {
        out.push_str("**Why**\n\n");
        listed(
            out,
            journal.reasons.iter().map(|reason| {
                let help = reason.help.as_ref().map(|help| format!("<br>help: {}", prose(help, CHARS)));
                format!("{}{}", start(&reason.message, CHARS), help.unwrap_or_default())
            }),
        );
    }
    let known = journal.finding.as_ref().map(words::finding).unwrap_or_default();
    if !known.is_empty() {
        let _ = writeln!(out, "Finding: {}\n", prose(&known, CHARS));
    }
}

/// The order in which a reader wants them, each role by the words of the other reports.
const ROLES: [ClaimRole; 5] = [
    ClaimRole::Hypothesis,
    ClaimRole::Expectation,
    ClaimRole::Guard,
    ClaimRole::SteadyState,
    ClaimRole::SteadyStateAfter,
];

fn claims(out: &mut String, journal: &Journal) {
    if journal.claims.is_empty() {
        return;
    }
    out.push_str("| | Claim | | Measured | Limit | Interval | n |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    let ordered = ROLES.into_iter().flat_map(|role| journal.claims.iter().filter(move |claim| claim.role == role));
    ordered.take(LISTED).for_each(|claim| claim_row(out, claim));
    more(out, journal.claims.len(), "| | ", " | | | | | |\n");
    out.push('\n');
    for claim in journal.claims.iter().filter(|claim| !claim.remark.is_empty()).take(LISTED) {
        let _ = writeln!(out, "{}: {}\n", code(&claim.text, 200), prose(&claim.remark, CHARS));
    }
}

fn claim_row(out: &mut String, claim: &ClaimRecord) {
    let symbol = match (claim.judgement, claim.role) {
        (Judgement::Broken, ClaimRole::Guard) => "✅",
        (Judgement::Holds, ClaimRole::Guard) => "❌",
        (Judgement::Holds, _) => "✅",
        (Judgement::Broken, _) => "❌",
        (Judgement::Inconclusive, _) => "❓",
        (Judgement::NotJudged, _) => "➖",
    };
    let judged = claim.judgement != Judgement::NotJudged;
    let measured = if judged { claim.measured.as_str() } else { "not judged" };
    let limit = claim.limit.map(|limit| figure::value(limit, &claim.unit)).unwrap_or_default();
    let interval = claim.interval.as_ref().map(|interval| figure::interval(interval, &claim.unit)).unwrap_or_default();
    let n = if judged { figure::count(claim.samples) } else { String::new() };
    let _ = writeln!(
        out,
        "| {symbol} | {} | {} | {} | {} | {} | {n} |",
        code(&claim.text, 300),
        terminal::role(claim.role),
        prose(measured, 300),
        prose(&limit, 100),
        prose(&interval, 200),
    );
}

fn faults(out: &mut String, journal: &Journal) {
    if journal.faults.is_empty() {
        return;
    }
    out.push_str("**Faults**\n\n");
    listed(
        out,
        journal.faults.iter().map(|fault| {
            let symbol = if fault.confirmed_us.is_some() { "✅" } else { "❓" };
            let kind = if fault.one_shot { "ends by itself" } else { "held" };
            let mut text = format!("{symbol} {} ({kind})", code(&text::harm(&fault.what, &fault.target), CHARS));
            let hits = fault.hits.map(|hits| format!(" ({})", figure::counted(hits, "hit"))).unwrap_or_default();
            let _ = write!(text, "<br>{}<br>evidence: {}{hits}", words::times(fault), prose(&fault.evidence, CHARS));
            if let Some(recovery) = &fault.recovery {
                let _ = write!(text, "<br>recovery: {}", words::recovery(recovery));
            }
            text
        }),
    );
}

fn phases(out: &mut String, journal: &Journal, load: &LoadRecord) {
    let group = if load.control { " (control group)" } else { "" };
    let _ = writeln!(out, "**Load** {}{group}: {}\n", code(&load.name, 200), code(&load.what, CHARS));
    out.push_str("| Phase | Length | Operations | Success | P50 | P99 | Slowest |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (stats, phase) in load.phases.iter().zip(&journal.phases).take(LISTED) {
        let latency = |count: u64, us| figure::duration_or_dash((count > 0).then_some(us));
        let (good, bad) = (&stats.response, &stats.failure_response);
        let counted = if stats.phase == PhaseKind::WarmUp { " (not counted)" } else { "" };
        let _ = writeln!(
            out,
            "| {}{counted} | {} | {} | {} | {} | {} | {} |",
            stats.phase.name(),
            duration(phase.end_us.saturating_sub(phase.start_us)),
            figure::count(stats.operations),
            figure::share(stats.succeeded, stats.operations),
            latency(good.count, good.p50_us),
            latency(good.count, good.p99_us),
            latency(good.count + bad.count, good.max_us.max(bad.max_us)),
        );
    }
    out.push('\n');
    if !load.failures.is_empty() {
        listed(
            out,
            load.failures.iter().map(|sample| {
                let stats = load.phases.iter().filter(|stats| stats.phase != PhaseKind::WarmUp);
                let n: u64 = stats.filter_map(|stats| stats.errors.get(&sample.class)).sum();
                format!(
                    "{} × {}, first in the {} phase: {}",
                    figure::count(n),
                    sample.class,
                    sample.phase.name(),
                    code(&sample.message, 500)
                )
            }),
        );
    }
}

fn ledgers(out: &mut String, journal: &Journal) {
    if journal.ledgers.is_empty() {
        return;
    }
    out.push_str("**Ledgers**\n\n");
    listed(
        out,
        journal.ledgers.iter().map(|ledger| {
            if let Some(error) = &ledger.error {
                return format!("{}: could not be read: {}", code(&ledger.name, 200), prose(error, CHARS));
            }
            let kinds = [
                ("attempted", ledger.attempted),
                ("acknowledged", ledger.acknowledged),
                ("refused", ledger.refused),
                ("found", ledger.found),
                ("lost", ledger.lost.count),
                ("duplicated", ledger.duplicated.count),
                ("unexpected", ledger.unexpected.count),
                ("resurrected", ledger.resurrected.count),
                ("recovered", ledger.recovered.count),
            ];
            // The first four always, the rest where there is something.
            let told = kinds.iter().enumerate().filter(|(i, (_, n))| *i < 4 || *n > 0);
            let told = told.map(|(_, (kind, n))| format!("{} {kind}", figure::count(*n)));
            format!("{}: {}", code(&ledger.name, 200), told.collect::<Vec<_>>().join(", "))
        }),
    );
}

fn listed(out: &mut String, items: impl ExactSizeIterator<Item = String>) {
    let all = items.len();
    items.take(LISTED).for_each(|item| {
        let _ = writeln!(out, "- {item}");
    });
    more(out, all, "- ", "\n");
    out.push('\n');
}

fn more(out: &mut String, all: usize, before: &str, after: &str) {
    if all > LISTED {
        let _ = write!(out, "{before}and {} more{after}", all - LISTED);
    }
}
