//! A `<testsuite>`: one experiment.

use super::case::{Case, Element};
use super::{Earlier, Life, properties};
use crate::report::journal::{Journal, Reason, ReasonKind};
use crate::report::terminal::{self, Style};
use crate::report::text;
use std::fmt::Write as _;
use std::path::Path;

/// Most bytes of a suite's `system-out` and `system-err` each.
const STREAM_BYTES: usize = 64 * 1024;

/// What one `<testsuite>` says. Texts are not escaped yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Suite {
    pub(super) name: String,
    pub(super) package: String,
    pub(super) hostname: String,
    /// UTC without zone.
    pub(super) timestamp: String,
    pub(super) duration_us: u64,
    pub(super) properties: Vec<(String, String)>,
    pub(super) cases: Vec<Case>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Suite {
    /// The suite of one journal that lies at `record`, with the earlier attempts in the same run.
    pub(crate) fn of(journal: &Journal, life: Life, earlier: &Earlier, record: &Path) -> Self {
        let told;
        let journal = if life == Life::Dead {
            told = with_its_end(journal);
            &told
        } else {
            journal
        };
        let experiment = &journal.experiment;
        let attachment = format!("[[ATTACHMENT|{}]]", text::line(&record.display().to_string(), usize::MAX));
        let report = terminal::render(journal, Some(record), Style::PLAIN);
        // Jenkins and GitLab look for the attachment at the start of a line.
        let out = format!("{}\n{attachment}\n", text::capped(report.trim_end(), STREAM_BYTES));
        Self {
            name: or(text::line(&format!("{}::{}", experiment.binary, experiment.name), 500), "unnamed"),
            package: text::line(&experiment.package, 500),
            hostname: or(text::line(&journal.run.host, 200), "localhost"),
            timestamp: timestamp(&journal.run.started_at),
            duration_us: journal.duration_us,
            properties: properties::of(journal, &earlier.verdicts),
            cases: Case::all_of(journal, life, earlier, &attachment),
            out,
            err: text::capped(&outputs(journal), STREAM_BYTES).into_owned(),
        }
    }

    /// How many of its cases have this status.
    pub(super) fn number(&self, element: Element) -> usize {
        let has = |case: &&Case| case.status.as_ref().is_some_and(|status| status.element == element);
        self.cases.iter().filter(has).count()
    }

    /// Class and name of the experiment's own case, which tell it from all others.
    pub(crate) fn identity(&self) -> (&str, &str) {
        self.cases.first().map_or(("", ""), |case| (&case.classname, &case.name))
    }
}

/// What a killed process could not write into its journal any more.
pub(crate) fn with_its_end(journal: &Journal) -> Journal {
    let mut journal = journal.clone();
    // Its watchdog has told more.
    if journal.reasons.first().is_some_and(|reason| reason.kind == ReasonKind::Killed) {
        return journal;
    }
    let waiting = journal.reasons.iter().position(|reason| reason.kind == ReasonKind::Waiting);
    let (message, help) = match waiting.map(|i| journal.reasons.remove(i)) {
        Some(waiting) => (format!("the test process was killed while {}", waiting.message), "nothing was injected"),
        None => (
            "the test process was killed before it could write a verdict".to_owned(),
            "faults that it injected may still be active; the next chaos test on this machine undoes them",
        ),
    };
    journal.reasons.insert(0, Reason { kind: ReasonKind::Killed, message, help: Some(help.to_owned()) });
    journal
}

/// The last lines of child processes.
fn outputs(journal: &Journal) -> String {
    let mut err = String::new();
    for output in &journal.outputs {
        let _ = writeln!(err, "{}:", output.target);
        for line in &output.lines {
            let _ = writeln!(err, "  {line}");
        }
    }
    err
}

/// RFC 3339 as `YYYY-MM-DDThh:mm:ss` in UTC; the epoch for what can't be read.
fn timestamp(started_at: &str) -> String {
    let started = started_at.parse::<jiff::Timestamp>().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // Years outside of four digits can't be written in the schema's pattern.
    let text = started.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    if text.len() == "1970-01-01T00:00:00".len() && !text.starts_with('-') {
        text
    } else {
        "1970-01-01T00:00:00".to_owned()
    }
}

fn or(text: String, fallback: &str) -> String {
    if text.is_empty() { fallback.to_owned() } else { text }
}
