//! A `<testcase>`: one claim, or the experiment itself.

use super::Life;
use super::rerun::{Earlier, Rerun};
use crate::figure;
use crate::report::journal::{ClaimRecord, ClaimRole, ExperimentInfo, Journal, Judgement, ReasonKind, Verdict};
use crate::report::text;
use std::fmt::Write as _;

/// Most characters of a `message` attribute.
const MESSAGE_CHARS: usize = 1_000;
/// Most bytes of a status element's text.
const BODY_BYTES: usize = 16 * 1024;

/// What one `<testcase>` says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    pub(super) name: String,
    pub(super) classname: String,
    pub(super) duration_us: u64,
    /// `None` = passed.
    pub(super) status: Option<Status>,
    /// Earlier attempts that did not end well.
    pub(super) reruns: Vec<Rerun>,
}

/// Why a case did not pass.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Status {
    pub(super) element: Element,
    /// The `type` attribute; not written on `skipped`, which has none in every schema.
    pub(super) kind: String,
    pub(super) message: String,
    pub(super) body: String,
}

/// The status elements of JUnit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Failure,
    Error,
    Skipped,
}

impl Case {
    /// The experiment's case, then one for each claim. Guards have none: a tripped one is the experiment's failure.
    pub(super) fn all_of(journal: &Journal, life: Life, earlier: &Earlier, attachment: &str) -> Vec<Self> {
        let experiment = &journal.experiment;
        let classname = text::line(&format!("{}::{}", experiment.package, experiment.binary), 500);
        let name = text::line(&experiment.name, 500);
        let mut cases = vec![Self {
            name: name.clone(),
            classname: classname.clone(),
            duration_us: journal.duration_us,
            status: experiment_status(journal, life).map(|mut status| {
                let _ = write!(status.body, "\n{attachment}\n");
                status
            }),
            reruns: earlier.reruns(),
        }];
        for claim in journal.claims.iter().filter(|claim| claim.role != ClaimRole::Guard) {
            cases.push(Self {
                name: text::line(&format!("{name}: {} {}", role(claim.role), claim.text), 700),
                classname: classname.clone(),
                duration_us: 0,
                status: claim_status(journal, claim),
                reruns: Vec::new(),
            });
        }
        cases
    }
}

impl Status {
    fn new(element: Element, kind: &str, message: &str, body: &str, experiment: &ExperimentInfo) -> Self {
        // Reporters turn the first file:line:column of the text into an annotation.
        let at = format!("at {}:{}:{}", experiment.file, experiment.line, experiment.column);
        let message = text::line(message, MESSAGE_CHARS);
        Self {
            element,
            kind: kind.to_owned(),
            message: if message.is_empty() { kind.to_owned() } else { message },
            body: format!("{at}\n{}", text::capped(body.trim_end(), BODY_BYTES)),
        }
    }
}

/// What the claim is part of, as in reports.
fn role(role: ClaimRole) -> &'static str {
    match role {
        ClaimRole::SteadyState => "steady state",
        ClaimRole::SteadyStateAfter => "steady state again",
        ClaimRole::Hypothesis => "hypothesis",
        ClaimRole::Guard => "abort_if",
        ClaimRole::Expectation => "expectation",
    }
}

/// What became of the experiment as a whole; `None` = passed.
pub(super) fn experiment_status(journal: &Journal, life: Life) -> Option<Status> {
    let experiment = &journal.experiment;
    let first = journal.reasons.first();
    let (element, kind) = match journal.verdict {
        Verdict::Passed => return None,
        Verdict::KnownWeakness | Verdict::Skipped => (Element::Skipped, journal.verdict.name()),
        Verdict::Running if life == Life::Alive => {
            // Who reads the file after the run reads of a test that was killed: nobody was left to say so.
            let message = match first.filter(|reason| reason.kind == ReasonKind::Waiting) {
                Some(waiting) => format!("killed, or still {} when this file was written", waiting.message),
                None => "killed, or still running when this file was written".to_owned(),
            };
            let body = format!("{message}\nseed: {}\nreplay: {}", journal.run.seed, journal.replay);
            return Some(Status::new(Element::Error, ReasonKind::Killed.name(), &message, &body, experiment));
        }
        // Outranks all others, whatever else is a reason.
        Verdict::RollbackFailed => (Element::Error, ReasonKind::Rollback.name()),
        verdict => {
            let kind = first.map_or_else(|| usual_kind(verdict), |reason| reason.kind);
            (if kind.is_failure() { Element::Failure } else { Element::Error }, kind.name())
        }
    };
    let message = first.map_or_else(
        || journal.verdict.name().to_owned(),
        |reason| reason.message.lines().next().unwrap_or_default().to_owned(),
    );
    let mut body = format!("{}: {}\n", experiment.name, journal.verdict.name());
    for reason in &journal.reasons {
        let _ = writeln!(body, "{}", reason.message);
        if let Some(help) = &reason.help {
            let _ = writeln!(body, "help: {help}");
        }
    }
    for undo in &journal.rollback {
        if let Some(error) = &undo.error {
            let _ = writeln!(body, "left behind: {}: {error}", text::harm(&undo.what, &undo.target));
            let _ = writeln!(body, "undo it by hand: {}", undo.by_hand);
        }
    }
    let _ = write!(body, "seed: {}\nreplay: {}", journal.run.seed, journal.replay);
    Some(Status::new(element, kind, &message, &body, experiment))
}

/// The type of a verdict that came without a reason.
fn usual_kind(verdict: Verdict) -> ReasonKind {
    match verdict {
        Verdict::Unsteady => ReasonKind::SteadyState,
        Verdict::Inconclusive => ReasonKind::Inconclusive,
        Verdict::Aborted => ReasonKind::Interrupted,
        Verdict::Errored => ReasonKind::Body,
        Verdict::RollbackFailed => ReasonKind::Rollback,
        Verdict::Running => ReasonKind::Killed,
        Verdict::Refuted | Verdict::Passed | Verdict::KnownWeakness | Verdict::Skipped => ReasonKind::Hypothesis,
    }
}

fn claim_status(journal: &Journal, claim: &ClaimRecord) -> Option<Status> {
    let (element, kind) = match (claim.judgement, claim.role) {
        (Judgement::Holds, _) => return None,
        (Judgement::NotJudged, _) => (Element::Skipped, "not-judged"),
        // A test that is ok for cargo must not be red here.
        _ if journal.verdict.is_ok() => (Element::Skipped, journal.verdict.name()),
        (Judgement::Inconclusive, _) => (Element::Error, "inconclusive"),
        (Judgement::Broken, ClaimRole::SteadyState) => (Element::Error, "steady-state"),
        (Judgement::Broken, ClaimRole::SteadyStateAfter) => (Element::Failure, "steady-state"),
        (Judgement::Broken, _) => (Element::Failure, "hypothesis"),
    };
    let found = match claim.judgement {
        Judgement::NotJudged => format!("not judged: the experiment ended before ({})", journal.verdict.name()),
        Judgement::Inconclusive => format!("can't be told: {}", bounds(claim)),
        Judgement::Broken | Judgement::Holds => bounds(claim),
    };
    let tolerated = if journal.verdict == Verdict::KnownWeakness { "known weakness: " } else { "" };
    let message = format!("{tolerated}{}: {found}", claim.text);
    let body = format!("{message}\n{}\nreplay: {}", claim.remark, journal.replay);
    Some(Status::new(element, kind, &message, &body, &journal.experiment))
}

/// `measured 412 ms, limit 800 ms, 95 % interval 371 ms to 453 ms, n = 2,010`
pub(super) fn bounds(claim: &ClaimRecord) -> String {
    let mut text = format!("measured {}", if claim.measured.is_empty() { "nothing" } else { &claim.measured });
    if let Some(limit) = claim.limit {
        let _ = write!(text, ", limit {}", figure::value(limit, &claim.unit));
    }
    if let Some(interval) = &claim.interval {
        let _ = write!(text, ", {}", figure::interval(interval, &claim.unit));
    }
    let _ = write!(text, ", n = {}", figure::count(claim.samples));
    text
}
