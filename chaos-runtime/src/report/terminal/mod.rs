//! The report that a person reads once and knows.

mod claims;
mod faults;
mod ledgers;
mod loads;
mod page;
mod strip;
mod style;

pub(crate) use style::{Style, may_rewrite};

use super::journal::{ClaimRole, Finding, Journal, Verdict};
use super::text;
use crate::figure;
use page::{Page, Tone};
use std::path::Path;

/// The report of one experiment; `record` is where its journal lies.
pub(crate) fn render(journal: &Journal, record: Option<&Path>, style: Style) -> String {
    let journal = &text::publish(journal);
    let mut page = Page::new(style);
    headline(&mut page, journal);
    match journal.verdict {
        Verdict::Passed => {
            claims::one_block(&mut page, journal);
            faults::one_line_each(&mut page, journal);
            notes(&mut page, journal);
        }
        Verdict::Skipped | Verdict::Running => {
            reasons(&mut page, journal);
            notes(&mut page, journal);
        }
        _ => full(&mut page, journal),
    }
    if journal.verdict != Verdict::Passed {
        page.gap();
    }
    if journal.duration_us > 0 {
        page.field("took", &format!("{}, profile {}", figure::duration(journal.duration_us), journal.run.profile));
    }
    page.field("seed", &journal.run.seed.to_string());
    if journal.verdict != Verdict::Passed {
        page.field("replay", &journal.replay);
    }
    if let Some(record) = record {
        page.field("journal", &text::clean(&record.display().to_string()));
    }
    page.finish()
}

/// What must be seen of an experiment that is no failure: a known weakness, a skip. `None` for one that passed.
pub(crate) fn render_loud(journal: &Journal, style: Style) -> Option<String> {
    if !matches!(journal.verdict, Verdict::KnownWeakness | Verdict::Skipped) {
        return None;
    }
    let journal = &text::publish(journal);
    let mut page = Page::new(style);
    headline(&mut page, journal);
    reason_lines(&mut page, journal);
    Some(page.finish())
}

/// What a person who has pressed Ctrl-C wants to know: why, what was undone, what was not, and where the rest stands.
pub(crate) fn render_interrupted(journal: &Journal, record: Option<&Path>, style: Style) -> String {
    let journal = &text::publish(journal);
    let mut page = Page::new(style);
    headline(&mut page, journal);
    reason_lines(&mut page, journal);
    for undo in journal.rollback.iter().filter(|undo| undo.error.is_none()) {
        let mark = page.paint(Tone::Good, "✓");
        page.marked(2, &mark, &format!("undone: {} ({})", undo.what, figure::duration(undo.took_us)));
    }
    if let Some(record) = record {
        page.field("journal", &text::clean(&record.display().to_string()));
    }
    page.finish()
}

fn full(page: &mut Page, journal: &Journal) {
    faults::left_behind(page, journal);
    reasons(page, journal);
    if let Some(finding) = &journal.finding {
        known(page, finding);
    }
    strip::timeline(page, journal);
    loads::tables(page, journal);
    claims::by_role(page, journal);
    faults::details(page, journal);
    loads::failures(page, journal);
    loads::probes(page, journal);
    ledgers::all(page, journal);
    notes(page, journal);
    for output in journal.outputs.iter().filter(|output| !output.lines.is_empty()) {
        page.heading(&format!("last lines of {}", output.target));
        for line in &output.lines {
            page.cut(2, line);
        }
    }
}

/// `chaos test `name` REFUTED  (file.rs:LINE:COL)` and the doc comment.
fn headline(page: &mut Page, journal: &Journal) {
    let experiment = &journal.experiment;
    let tone = match journal.verdict {
        Verdict::Passed => Tone::Good,
        Verdict::KnownWeakness | Verdict::Skipped | Verdict::Running => Tone::Odd,
        _ => Tone::Bad,
    };
    let verdict = page.paint(tone, &journal.verdict.name().to_uppercase());
    // Never wrapped: editors and reporters look for the place in one piece.
    page.raw(&format!(
        "chaos test `{}` {verdict}  ({}:{}:{})",
        experiment.name, experiment.file, experiment.line, experiment.column
    ));
    // The first paragraph says it; its lines were broken for the source file.
    let summary: Vec<&str> = experiment.doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    if !summary.is_empty() {
        page.wrapped(2, &summary.join(" "));
    }
}

fn reasons(page: &mut Page, journal: &Journal) {
    if journal.reasons.is_empty() {
        return;
    }
    page.heading("why");
    reason_lines(page, journal);
}

fn reason_lines(page: &mut Page, journal: &Journal) {
    for reason in &journal.reasons {
        let mark = if journal.verdict.is_ok() { page.paint(Tone::Odd, "!") } else { page.paint(Tone::Bad, "✗") };
        page.marked(2, &mark, &reason.message);
        if let Some(help) = &reason.help {
            page.wrapped(4, &format!("help: {help}"));
        }
    }
}

/// What is known of a finding beyond its claims.
fn known(page: &mut Page, finding: &Finding) {
    let urgency = finding.urgency.map(|urgency| format!("{urgency:?}").to_lowercase());
    let parts = [
        finding.id.clone(),
        urgency.map(|urgency| format!("urgency {urgency}")),
        finding.owner.as_ref().map(|owner| format!("owner {owner}")),
        finding.fix_by.as_ref().map(|date| format!("fix by {date}")),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    if !text.is_empty() {
        page.wrapped(2, &format!("finding: {text}"));
    }
}

fn notes(page: &mut Page, journal: &Journal) {
    if journal.notes.is_empty() {
        return;
    }
    page.heading("notes");
    for note in &journal.notes {
        page.marked(2, "-", note);
    }
}

/// What a claim is part of, as a heading.
fn role(role: ClaimRole) -> &'static str {
    match role {
        ClaimRole::Hypothesis => "hypothesis",
        ClaimRole::Expectation => "expectations of the body",
        ClaimRole::Guard => "guards",
        ClaimRole::SteadyState => "steady state, before",
        ClaimRole::SteadyStateAfter => "steady state, again",
    }
}

#[cfg(test)]
mod tests;
