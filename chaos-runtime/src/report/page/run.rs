//! A run's page: the answer at the top, then every experiment.

use super::entry::{Entry, shape, tone};
use super::experiment::{self, started};
use super::shell::{self, icon};
use super::text::one_line;
use super::trend::Trend;
use crate::figure;
use crate::report::journal::{Journal, Verdict};
use crate::report::recorded::RecordedRun;
use crate::report::text;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// An experiment's part of a page, with what the top says of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) entry: Entry,
    pub(crate) html: String,
}

impl Part {
    /// Of one journal; `earlier` are the verdicts of earlier attempts in the same run, `past` what earlier runs measured.
    pub(crate) fn of(journal: &Journal, earlier: &[String], past: &[Trend]) -> Self {
        let journal = text::publish(journal);
        let entry = Entry::of(&journal);
        let html = experiment::part(&journal, &entry, earlier, past).into_string();
        Self { entry, html }
    }
}

/// Everything before the parts.
pub(crate) fn head(entries: &[&Entry], unreadable: &[String]) -> String {
    let answer = answer(entries);
    let worst = entries.iter().min_by_key(|entry| entry.rank()).map_or(Verdict::Skipped, |entry| entry.verdict);
    let mut page = shell::head(&format!("{answer} · chaos-test"));
    let header = html! {
        header.top {
            div.brand { span { b { "chaos-test" } " report" } span { (runs(entries)) } }
            div.answer.(tone(worst)) {
                span.tone { (icon(&shape(worst))) }
                h1 { (answer) }
            }
            p.facts { (facts(entries)) }
            @if entries.len() > 8 {
                p.tools.needs-js {
                    label.visually-hidden for="filter" { "Filter experiments" }
                    input id="filter" type="search" placeholder="Filter: refuted, checkout, p99 …" autocomplete="off";
                    button type="button" data-all="open" { "Open all" }
                    button type="button" data-all="fold" { "Fold all" }
                }
            }
            @if !entries.is_empty() {
                nav aria-label="Experiments" { ul.list { @for entry in entries { (entry.row()) } } }
            }
            @for why in unreadable { p.odd.small { strong.tone { "Left out: " } (one_line(why)) } }
        }
    };
    page.push_str(&header.0);
    page.push_str("\n<main id=\"main\">\n");
    page
}

/// Everything after them.
pub(crate) fn tail() -> String {
    let foot = html! {
        footer.foot {
            p.needs-js { "Drag across a time line to look closer, double-click for all of it; arrow keys move through a chart's values." }
            noscript { p { "Charts need scripts; every figure that decides stands in the tables." } }
        }
    };
    format!("\n</main>\n{}{}", foot.0, shell::tail())
}

/// In the order of the page: what someone must act on first, then as they started.
pub(crate) fn sort<T>(parts: &mut [T], entry: impl Fn(&T) -> &Entry) {
    parts.sort_by(|a, b| {
        let key = |of: &T| {
            let entry = entry(of);
            (entry.rank(), entry.started_at.clone(), entry.anchor.clone())
        };
        key(a).cmp(&key(b))
    });
}

impl RecordedRun {
    /// The run's page: one HTML file that needs nothing else. Journals may be of several machines and profiles.
    pub fn page(&self) -> String {
        let mut parts: Vec<Part> = self.experiments.iter().map(|e| Part::of(&e.journal, &[], &[])).collect();
        sort(&mut parts, |part| &part.entry);
        let entries: Vec<&Entry> = parts.iter().map(|part| &part.entry).collect();
        let mut page = head(&entries, &self.unreadable);
        parts.iter().for_each(|part| page.push_str(&part.html));
        page.push_str(&tail());
        page
    }
}

/// Did it hold? In one sentence.
fn answer(entries: &[&Entry]) -> String {
    let of = |verdict| entries.iter().filter(|entry| entry.verdict == verdict).count();
    let (all, failed) = (entries.len(), entries.iter().filter(|entry| entry.has_failed()).count());
    let (passed, running) = (of(Verdict::Passed), of(Verdict::Running));
    let left = match of(Verdict::RollbackFailed) {
        0 => "",
        1 => ", and a fault was left behind",
        _ => ", and faults were left behind",
    };
    match (all, entries.first()) {
        (0, _) | (_, None) => "No experiment was recorded".to_owned(),
        (1, Some(only)) => match only.verdict {
            Verdict::Passed => "The experiment passed",
            Verdict::Refuted => "The experiment was refuted",
            Verdict::Unsteady => "The steady state was not met: nothing was injected",
            Verdict::Inconclusive => "The experiment was inconclusive",
            Verdict::Aborted => "The experiment was aborted",
            Verdict::Errored => "The experiment ended with an error",
            Verdict::RollbackFailed => "A fault was left behind",
            Verdict::KnownWeakness => "The experiment showed a known weakness",
            Verdict::Skipped => "The experiment was skipped",
            Verdict::Running => "The experiment is still running",
        }
        .to_owned(),
        _ if failed > 0 => {
            format!("{} of {} experiments failed{left}", figure::count(failed as u64), figure::count(all as u64))
        }
        _ if running > 0 => {
            format!("{} of {} experiments still running", figure::count(running as u64), figure::count(all as u64))
        }
        _ if passed == all => format!("All {} experiments passed", figure::count(all as u64)),
        _ => format!("None of {} experiments failed", figure::count(all as u64)),
    }
}

/// `1 refuted · 3 passed`, when and where.
fn facts(entries: &[&Entry]) -> Markup {
    let mut verdicts: BTreeMap<u8, (Verdict, u64)> = BTreeMap::new();
    for entry in entries {
        verdicts.entry(entry.rank()).or_insert((entry.verdict, 0)).1 += 1;
    }
    let counts: Vec<String> =
        verdicts.values().map(|(verdict, n)| format!("{} {}", figure::count(*n), verdict.name())).collect();
    let first = entries.iter().map(|entry| entry.started_at.as_str()).min();
    let took = entries.iter().map(|entry| entry.duration_us).fold(0, u64::saturating_add);
    let places = distinct(entries, Entry::place);
    html! {
        @if entries.len() > 1 { span { b { (counts.join(" · ")) } } }
        @if let Some(first) = first { span { (started(first)) } }
        @if places.len() == 1 { span { (places[0]) } } @else if places.len() > 1 {
            span { (places.len()) " places: " (one_line(&places.join("; "))) }
        }
        @let revisions = distinct(entries, |entry| entry.revision.clone());
        @if revisions.iter().any(|revision| !revision.is_empty()) {
            span { "commit " (one_line(&revisions.join(", "))) }
        }
        @if took > 0 { span { "measured for " (figure::duration(took)) } }
    }
}

fn runs(entries: &[&Entry]) -> String {
    let runs = distinct(entries, |entry| entry.run.clone());
    match &runs[..] {
        [] => String::new(),
        [one] => format!("run {}", text::line(one, 100)),
        many => format!("{} runs", many.len()),
    }
}

fn distinct(entries: &[&Entry], of: impl Fn(&Entry) -> String) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for value in entries.iter().map(|entry| of(entry)) {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
