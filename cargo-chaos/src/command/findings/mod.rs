//! `cargo chaos findings`.

mod since;
mod text;

use crate::context::Place;
use crate::kept;
use crate::output::{self, Format};
use crate::status::Status;
use chaos_runtime::Result;
use chaos_runtime::history::{FindingState, TrackedFinding};
use serde::Serialize;
use since::Since;
use std::cmp::Reverse;

/// Refuted hypotheses: how urgent, whose, until when. Exit code 1 if one is overdue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                  cargo chaos findings\n  \
                  cargo chaos findings --all --format json\n  \
                  cargo chaos findings --changelog --since v1.4\n\n\
                  Exit codes: 0 fine; 1 an open finding is past its date; 2 wrong usage; 3 it could not be done.")]
pub(crate) struct Findings {
    /// Those that are open [default].
    #[arg(long, conflicts_with_all = ["resolved", "all"])]
    open: bool,
    /// Those whose hypothesis holds again.
    #[arg(long, conflicts_with = "all")]
    resolved: bool,
    /// Both.
    #[arg(long)]
    all: bool,
    /// Only what was first seen or resolved since a tag, a commit or a date.
    #[arg(long, value_name = "TAG|COMMIT|DATE")]
    since: Option<String>,
    /// A section for release notes, in Markdown: resolved, new and still open since `--since`.
    #[arg(long, requires = "since", conflicts_with_all = ["open", "resolved", "all", "format"])]
    changelog: bool,
    /// Only in this profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The answer as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// How many are open past their date, whatever was asked for.
    overdue: usize,
    findings: Vec<Told<'a>>,
}

/// A finding and whether it is overdue.
#[derive(Debug, Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    finding: &'a TrackedFinding,
    overdue: bool,
}

impl Findings {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let store = kept::store(place)?;
        let since = self.since.as_deref().map(|text| Since::read(text, place)).transpose()?;
        let today = jiff::Timestamp::now().to_string();
        let today = &today[..10];
        let mut all: Vec<TrackedFinding> = store.histories()?.iter().flat_map(|history| history.findings()).collect();
        all.retain(|finding| self.profile.as_ref().is_none_or(|profile| *profile == finding.profile));
        all.sort_by_cached_key(|finding| {
            let due = finding.fix_by.clone().unwrap_or_else(|| "9999".to_owned());
            (
                !finding.is_overdue(today),
                Reverse(finding.urgency),
                due,
                finding.first_seen.at.clone(),
                finding.name.clone(),
            )
        });
        let overdue = all.iter().filter(|finding| finding.is_overdue(today)).count();
        if let (true, Some(since)) = (self.changelog, &since) {
            output::print(&text::changelog(&all, since, today))?;
            return Ok(Status::of(overdue == 0));
        }
        let is_asked = |finding: &&TrackedFinding| {
            let state = self.all || (finding.state == FindingState::Resolved) == self.resolved;
            state && since.as_ref().is_none_or(|since| since.is_new(finding) || since.is_resolved(finding))
        };
        let told = |finding| Told { finding, overdue: TrackedFinding::is_overdue(finding, today) };
        let findings: Vec<Told<'_>> = all.iter().filter(is_asked).map(told).collect();
        match self.format {
            Format::Json => output::print_json(&Answer { overdue, findings })?,
            _ if !store.exists() => output::print(&kept::nothing(&store))?,
            Format::Text => output::print(&text::render(&findings, self.what()))?,
            Format::Markdown => output::print(&text::markdown(&findings, self.what()))?,
        }
        Ok(Status::of(overdue == 0))
    }

    fn what(&self) -> &'static str {
        match (self.resolved, self.all) {
            (true, _) => "resolved finding",
            (_, true) => "finding",
            _ => "open finding",
        }
    }
}
