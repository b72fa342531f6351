//! Runs read back from where tests have left them: what `cargo chaos` shows.

use super::journal::{Journal, Verdict};
use super::junit::{self, JunitFile, JunitProfile};
use super::run::{self, Folder};
use super::terminal::{self, Style};
use super::{markdown, text};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A run as its folder holds it.
#[derive(Debug, Clone)]
pub struct RecordedRun {
    /// What its experiments share.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// Its experiments in the order in which they started.
    pub experiments: Vec<RecordedExperiment>,
    /// In a sentence each, which records can't be read and why.
    pub unreadable: Vec<String>,
}

/// One experiment of a run.
#[derive(Debug, Clone)]
pub struct RecordedExperiment {
    /// What is known about it. One that was killed has the verdict `Errored` and the reason `Killed`.
    pub journal: Journal,
    /// Where that lies.
    pub path: PathBuf,
}

impl RecordedRun {
    /// Reads the run in this folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(format!("no run can be read at {}", folder.display()))
                .caused_by(error)
                .help("name the folder of a run, `target/chaos/runs/<id>`, or one that holds such folders")
        };
        let folder = Folder::new(folder.to_owned());
        let (mut experiments, unreadable) = folder.experiments().map_err(failed)?;
        experiments.sort_by(|a, b| {
            let key = |of: &RecordedExperiment| of.journal.run.started_at.parse::<jiff::Timestamp>().ok();
            key(a).cmp(&key(b)).then_with(|| a.path.cmp(&b.path))
        });
        let id = experiments.first().map(|first| first.journal.run.id.clone()).unwrap_or_else(|| folder.id());
        Ok(Self { id, path: folder.path().to_owned(), experiments, unreadable })
    }

    /// A summary for a comment on a pull request: GitHub's Markdown, which GitLab shows too, within the 65,536
    /// characters that a comment of GitHub holds.
    pub fn markdown(&self) -> String {
        self.markdown_within(markdown::COMMENT_BYTES)
    }

    /// The same in at most `most` bytes; the page of a job on GitHub holds a mebibyte. Experiments that find no room are
    /// left out as a whole, first those that passed, and it is said how many. Less than 2,000 bytes are taken for 2,000.
    pub fn markdown_within(&self, most: usize) -> String {
        markdown::render(self, most.max(2_000))
    }

    /// The report for people: what failed, a line for each experiment, then the reports as the tests have shown them.
    pub fn terminal(&self, style: Style) -> String {
        terminal::run(self, style)
    }

    /// JUnit XML in the shape that a reader asks for.
    pub fn junit(&self, profile: JunitProfile) -> Vec<JunitFile> {
        let suites = self.experiments.iter().map(|experiment| {
            let record = &experiment.path;
            let folder = Folder::new(record.parent().unwrap_or(&self.path).to_owned());
            let life = match experiment.journal.verdict {
                Verdict::Running => junit::Life::Alive,
                _ => junit::Life::Ended,
            };
            let stem = record.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (stem, junit::Suite::of(&text::publish(&experiment.journal), life, &folder.earlier(record), record))
        });
        junit::files(profile, &self.id, suites.collect(), &self.unreadable)
    }

    /// Whether every test of it ended well.
    pub fn is_ok(&self) -> bool {
        self.experiments.iter().all(|experiment| experiment.journal.verdict.is_ok())
    }

    /// Whether something of it still runs.
    pub fn is_running(&self) -> bool {
        self.experiments.iter().any(|experiment| experiment.journal.verdict == Verdict::Running)
    }
}

/// The folders of the runs below `root` (`target/chaos`), the newest first.
pub fn runs(root: &Path) -> Vec<PathBuf> {
    run::by_age(root)
}
