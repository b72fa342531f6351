//! One experiment in the list at the top of a page.

use super::shell::icon;
use super::text::{code, one_line};
use crate::figure;
use crate::report::journal::{ClaimRole, Journal, Judgement, Revision, Verdict};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

/// What the top of a page needs to know of an experiment. Kept beside its part of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Where its part begins.
    pub(super) anchor: String,
    pub(super) verdict: Verdict,
    pub(super) name: String,
    pub(super) binary: String,
    /// The one reason that decided.
    pub(super) because: String,
    pub(super) duration_us: u64,
    pub(super) started_at: String,
    pub(super) run: String,
    pub(super) host: String,
    pub(super) os: String,
    pub(super) profile: String,
    /// Of the code: `abc1234`, `abc1234 with changes`; empty if it is not known.
    pub(super) revision: String,
}

impl Entry {
    pub(super) fn of(journal: &Journal) -> Self {
        let (run, experiment) = (&journal.run, &journal.experiment);
        Self {
            anchor: anchor(journal),
            verdict: journal.verdict,
            name: one_line(&experiment.name),
            binary: one_line(&experiment.binary),
            because: because(journal),
            duration_us: journal.duration_us,
            started_at: run.started_at.clone(),
            run: run.id.clone(),
            host: run.host.clone(),
            os: run.os.clone(),
            profile: run.profile.clone(),
            revision: run.revision.as_ref().map(revision).unwrap_or_default(),
        }
    }

    /// Those that someone must act on come first.
    pub(super) fn rank(&self) -> u8 {
        match self.verdict {
            Verdict::RollbackFailed => 0,
            Verdict::Refuted => 1,
            Verdict::Aborted => 2,
            Verdict::Errored => 3,
            Verdict::Unsteady => 4,
            Verdict::Inconclusive => 5,
            Verdict::Running => 6,
            Verdict::KnownWeakness => 7,
            Verdict::Skipped => 8,
            Verdict::Passed => 9,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.verdict.is_ok() && self.verdict != Verdict::Running
    }

    /// Where it ran, as far as it may differ between experiments.
    pub(super) fn place(&self) -> String {
        format!("{} · {}, {}", self.profile, self.host, self.os)
    }

    /// A line of the list.
    pub(super) fn row(&self) -> Markup {
        let find = format!("{} {} {} {}", self.verdict.name(), self.binary, self.name, self.because);
        html! {
            li.(tone(self.verdict)) data-find=(find) {
                a href={ "#" (self.anchor) } {
                    (chip(self.verdict))
                    span.name { (name(&self.name)) }
                    span.took { @if self.duration_us > 0 { (figure::duration(self.duration_us)) } }
                    @if !self.because.is_empty() { span.because { (code(&self.because)) } }
                }
            }
        }
    }
}

fn revision(of: &Revision) -> String {
    one_line(&format!("{}{}", of.short(), if of.dirty == Some(true) { " with changes" } else { "" }))
}

/// Different for every experiment of every run, and the same whenever the page is made.
fn anchor(journal: &Journal) -> String {
    let (run, experiment) = (&journal.run, &journal.experiment);
    let parts = [&experiment.package, &experiment.binary, &experiment.name, &run.id, &run.host, &run.started_at];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.into_iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("e{hash:016x}")
}

/// The decisive reason; for one that passed, what it rests on.
fn because(journal: &Journal) -> String {
    // What is tolerated does not say what is wrong, the next reason does.
    let said = journal.reasons.first().map(|reason| one_line(reason.message.lines().next().unwrap_or_default()));
    match (said, journal.verdict) {
        (Some(said), _) => said,
        (None, Verdict::Passed) => {
            let told = |role| matches!(role, ClaimRole::Hypothesis | ClaimRole::Expectation);
            let held = journal.claims.iter().filter(|c| told(c.role) && c.judgement == Judgement::Holds);
            let held: Vec<String> = held.map(|c| format!("`{}` {}", c.text, c.measured)).collect();
            let more = held.len().saturating_sub(3);
            let mut text = held.into_iter().take(3).collect::<Vec<_>>().join(" · ");
            if more > 0 {
                text.push_str(&format!(" · and {more} more"));
            }
            one_line(&text)
        }
        (None, Verdict::Running) => "has no verdict yet".to_owned(),
        _ => String::new(),
    }
}

/// A class of CSS: what a verdict means for whoever looks.
pub(super) fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "good",
        Verdict::Refuted | Verdict::Aborted | Verdict::Errored | Verdict::RollbackFailed => "bad",
        // The test fails, but nothing is known to be wrong with the system.
        Verdict::Unsteady | Verdict::Inconclusive | Verdict::KnownWeakness => "odd",
        Verdict::Running | Verdict::Skipped => "info",
    }
}

pub(super) fn shape(verdict: Verdict) -> String {
    verdict.name().replace(' ', "-")
}

/// Shape, word and colour.
pub(super) fn chip(verdict: Verdict) -> Markup {
    let word = verdict.name();
    html! { span.verdict.(tone(verdict)) { (icon(&shape(verdict))) (word[..1].to_uppercase()) (word[1..]) } }
}

/// The path to a function is there, but steps back.
pub(super) fn name(name: &str) -> Markup {
    match name.rsplit_once("::") {
        Some((path, function)) => html! { span.path { (path) "::" } wbr; (function) },
        None => html! { (name) },
    }
}
