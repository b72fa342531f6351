//! The report that a person reads once and knows.

mod claims;
mod faults;
mod ledgers;
mod loads;
mod page;
mod strip;
mod style;

pub use style::Style;
pub(crate) use style::{Size, may_rewrite, size};

use super::journal::{ClaimRole, Finding, Journal, Verdict};
use super::recorded::RecordedRun;
use super::{columns, overview, run, text, words};
use crate::figure;
use page::{Page, Tone};
use std::path::Path;

/// The report of one experiment; `record` is where its journal lies.
pub(crate) fn render(journal: &Journal, record: Option<&Path>, style: Style) -> String {
    published(&text::publish(journal), record, style)
}

fn published(journal: &Journal, record: Option<&Path>, style: Style) -> String {
    let mut page = Page::new(style);
    headline(&mut page, journal);
    let short = matches!(journal.verdict, Verdict::Passed | Verdict::Skipped | Verdict::Running);
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
    if !short {
        // Whoever scrolls to the end of a long log sees this first.
        let (tone, _) = tone(journal.verdict);
        let verdict = page.paint(tone, &journal.verdict.name().to_uppercase());
        let room = page.width().saturating_sub("  verdict   : ".len() + journal.verdict.name().len());
        let why = text::line(&overview::decisive(journal), 1_000);
        page.raw(&format!("  verdict  {verdict}: {}", columns::cut(&why, room)));
    }
    if journal.duration_us > 0 {
        page.field("took", &format!("{}, profile {}", figure::duration(journal.duration_us), journal.run.profile));
    }
    page.field("seed", &journal.run.seed.to_string());
    if journal.verdict != Verdict::Passed {
        page.field("replay", &journal.replay);
    }
    if let Some(record) = record {
        page.field("page", &text::clean(&run::page_beside(record).display().to_string()));
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

/// A run: the answer, a line for each experiment, what failed first, then the reports of all that did not pass and the
/// short ones of those that did.
pub(super) fn run(run: &RecordedRun, style: Style) -> String {
    let overview = overview::Overview::of(run.experiments.iter().map(|one| &one.journal), run.unreadable.len());
    let mut page = Page::new(style);
    let worst = overview.journals.first().map_or(Verdict::Running, |journal| journal.verdict);
    let (of_worst, _) = tone(worst);
    let headline = page.paint(of_worst, &overview.headline());
    page.raw(&format!("{headline}  (run {})", text::line(&text::tell(&run.id), 200)));
    for journal in &overview.journals {
        let (tone, mark) = tone(journal.verdict);
        let mark = page.paint(tone, mark);
        let place = if overview.is_from_several_places() {
            format!(" (profile {} on {})", journal.run.profile, journal.run.host)
        } else {
            String::new()
        };
        let why = overview::decisive(journal);
        page.marked(2, &mark, &format!("{} {}{place}: {why}", journal.verdict.name(), full_name(journal)));
    }
    for why in &run.unreadable {
        let mark = page.paint(Tone::Odd, "?");
        page.marked(2, &mark, &text::tell(why));
    }
    let mut out = page.finish();
    // Published once: what is published is never redacted again.
    for (journal, at) in overview.journals.iter().zip(&overview.order) {
        let path = run.experiments.get(*at).map(|one| one.path.as_path());
        out.push('\n');
        out.push_str(&published(journal, path, style));
    }
    out
}

/// Package, test binary and test, as nothing less tells tests of a workspace apart.
pub(super) fn full_name(journal: &Journal) -> String {
    let experiment = &journal.experiment;
    format!("{}::{}::{}", experiment.package, experiment.binary, experiment.name)
}

/// The colour of a verdict and its mark.
fn tone(verdict: Verdict) -> (Tone, &'static str) {
    match verdict {
        Verdict::Passed => (Tone::Good, "✓"),
        Verdict::KnownWeakness | Verdict::Skipped => (Tone::Odd, "!"),
        Verdict::Running => (Tone::Odd, "…"),
        Verdict::Inconclusive => (Tone::Bad, "?"),
        _ => (Tone::Bad, "✗"),
    }
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
    let (tone, _) = tone(journal.verdict);
    let verdict = page.paint(tone, &journal.verdict.name().to_uppercase());
    // Never wrapped: editors and reporters look for the place in one piece.
    page.raw(&format!(
        "chaos test `{}` {verdict}  ({}:{}:{})",
        experiment.name, experiment.file, experiment.line, experiment.column
    ));
    let summary = words::summary(&experiment.doc);
    if !summary.is_empty() {
        page.wrapped(2, &summary);
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
    let text = words::finding(finding);
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
pub(super) fn role(role: ClaimRole) -> &'static str {
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
