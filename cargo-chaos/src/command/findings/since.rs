//! A point in the project's past.

use crate::context::Place;
use chaos_runtime::history::{FindingState, Sighting, TrackedFinding};
use chaos_runtime::{Error, Result};
use jiff::Timestamp;
use std::process::Command;

/// A date, or when a tag or a commit was made.
#[derive(Debug)]
pub(super) struct Since {
    /// As it was asked for.
    pub(super) name: String,
    at: Timestamp,
}

impl Since {
    /// A date (`2026-11-02`, from midnight UTC), an instant (RFC 3339), else what git knows by this name.
    pub(super) fn read(text: &str, place: &Place) -> Result<Self> {
        let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
        let day = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|zoned| zoned.timestamp());
        let at = match day.or_else(|| text.parse().ok()) {
            Some(at) => at,
            None => Self::of_git(text, place)?,
        };
        Ok(Self { name: text.to_owned(), at })
    }

    fn of_git(name: &str, place: &Place) -> Result<Timestamp> {
        let unknown = |why: String| {
            Error::new(format!("`{name}` is neither a date nor a tag or commit: {why}"))
                .help("write a date as 2026-11-02; a shallow clone knows no tags: `git fetch --tags --unshallow`")
        };
        let root =
            place.metadata().map(|metadata| metadata.workspace_root.into_std_path_buf()).unwrap_or_else(|_| ".".into());
        let commit = format!("{name}^{{commit}}");
        let mut git = Command::new("git");
        git.args(["show", "--no-patch", "--format=%cI", "--end-of-options", &commit]).current_dir(root);
        let output = git.output().map_err(|error| unknown(format!("git can't be asked ({error})")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(unknown(said.lines().next().unwrap_or("git does not know it").to_owned()));
        }
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        said.parse().map_err(|_| unknown(format!("git says `{said}`")))
    }

    /// Whether it was first seen after it.
    pub(super) fn is_new(&self, finding: &TrackedFinding) -> bool {
        self.is_before(&finding.first_seen)
    }

    /// Whether it was resolved after it.
    pub(super) fn is_resolved(&self, finding: &TrackedFinding) -> bool {
        finding.state == FindingState::Resolved
            && finding.resolved.as_ref().is_some_and(|resolved| self.is_before(resolved))
    }

    fn is_before(&self, sighting: &Sighting) -> bool {
        sighting.at.parse::<Timestamp>().is_ok_and(|at| at > self.at)
    }
}
