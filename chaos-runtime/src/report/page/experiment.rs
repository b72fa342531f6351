//! One experiment's part of a page.

use super::entry::{Entry, chip, name, shape, tone};
use super::shell::icon;
use super::text::{code, whole};
use super::timeline::Clock;
use super::trend::{Trend, trends};
use super::{claims, distribution, faults, ledgers, loads, log, tiles, timeline};
use crate::figure;
use crate::report::journal::{Finding, Journal, Verdict};
use crate::report::text;
use maud::{Markup, html};

/// Everything known about one experiment, folded if it held. Takes a published journal.
pub(super) fn part(journal: &Journal, entry: &Entry, earlier: &[String], past: &[Trend]) -> Markup {
    let experiment = &journal.experiment;
    let summary: Vec<&str> = experiment.doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let find = format!("{} {} {} {}", entry.verdict.name(), entry.binary, entry.name, entry.because);
    html! {
        details.exp.(tone(journal.verdict)) id=(entry.anchor) open[entry.has_failed()] data-find=(find) {
            summary {
                (chip(journal.verdict))
                h2 { (name(&entry.name)) }
                span.where {
                    (text::line(&experiment.binary, 100)) " · "
                    (text::line(&experiment.file, 300)) ":" (experiment.line) " · " (entry.place())
                    @if journal.duration_us > 0 { " · took " (figure::duration(journal.duration_us)) }
                }
            }
            div.body {
                @if !summary.is_empty() { p.doc { (summary.join(" ")) } }
                (faults::left_behind(journal))
                (why(journal))
                (attempts(earlier))
                (finding(journal))
                (tiles::all(journal))
                (timeline::section(&Clock::of(journal, &entry.anchor)))
                (distribution::section(journal))
                (claims::table(journal))
                (trends(past))
                @for load in &journal.loads {
                    h3 { (loads::title(load)) " by phase" }
                    (loads::table(load, &journal.phases))
                }
                (loads::failures(journal))
                (faults::cards(journal))
                (ledgers::all(journal))
                (notes(journal))
                (log::all(journal))
                (faults::rollback(journal))
                h3 { "Replay" }
                (faults::command(&journal.replay))
                p.dim.small { "Seed " (journal.run.seed) " · run " (text::line(&journal.run.id, 100))
                    " · started " (started(&journal.run.started_at)) " · chaos-runtime " (text::line(&journal.run.version, 40)) }
            }
        }
    }
}

/// `2026-03-01 10:20:30 UTC`
pub(super) fn started(at: &str) -> String {
    match at.parse::<jiff::Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text::line(at, 40),
    }
}

fn why(journal: &Journal) -> Markup {
    html! {
        @if !journal.reasons.is_empty() {
            ul.why { @for reason in &journal.reasons { li {
                (icon(&shape(journal.verdict)))
                span.said { (code(&reason.message)) }
                @if let Some(help) = &reason.help { p.help { (code(help)) } }
            } } }
        } @else if journal.verdict == Verdict::Running {
            ul.why { li { (icon(&shape(Verdict::Running))) span.said { "It has no verdict yet." } } }
        }
    }
}

/// How earlier attempts in the same run ended.
fn attempts(earlier: &[String]) -> Markup {
    html! {
        @if !earlier.is_empty() {
            p.small { strong { (figure::counted(earlier.len() as u64, "earlier attempt")) } " in this run: "
                (text::line(&earlier.join(", "), 300)) }
        }
    }
}

fn finding(journal: &Journal) -> Markup {
    let Some(Finding { id, urgency, owner, fix_by, claims: _ }) = &journal.finding else { return html! {} };
    let urgency = urgency.map(|urgency| format!("urgency {}", format!("{urgency:?}").to_lowercase()));
    let parts = [
        id.clone(),
        urgency,
        owner.as_ref().map(|owner| format!("owner {owner}")),
        fix_by.as_ref().map(|date| format!("fix by {date}")),
    ];
    let told = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    html! { @if !told.is_empty() { p.small style="margin-top:10px" { strong { "Finding: " } (whole(&told)) } } }
}

fn notes(journal: &Journal) -> Markup {
    html! {
        @if !journal.notes.is_empty() {
            h3 { "Notes" }
            ul.notes { @for note in &journal.notes { li { (code(note)) } } }
        }
    }
}
