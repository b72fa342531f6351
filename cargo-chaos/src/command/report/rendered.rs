//! What was gathered, in the format that is wanted.

use super::{JunitShape, ReportFormat};
use crate::output::{verdict_counts, verdict_key};
use chaos_runtime::report::journal::Journal;
use chaos_runtime::report::{Gathered, Style};
use chaos_runtime::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Runs, as `cargo chaos report --format json` prints them.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct Runs<'a> {
    /// Whether every experiment of every run ended well.
    ok: bool,
    /// How many experiments ended with each verdict.
    verdicts: BTreeMap<String, u32>,
    /// The runs by their start.
    runs: Vec<RunOf<'a>>,
    /// In a sentence each, which records can't be read and why.
    unreadable: &'a [String],
    /// In a sentence each, where two records of one experiment say different things.
    conflicts: &'a [String],
    /// How many records were found more than once, and count once.
    doubles: usize,
}

/// A run, put together from wherever its records were found.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(crate) struct RunOf<'a> {
    /// What its experiments share.
    id: &'a str,
    /// Where it was found, or the first part of it.
    path: &'a Path,
    /// Its experiments in the order in which they started; `cargo chaos schema journal` describes them.
    experiments: Vec<&'a Journal>,
}

pub(super) fn rendered(gathered: &Gathered, format: ReportFormat, junit: JunitShape, style: Style) -> Result<String> {
    match format {
        ReportFormat::Html => Ok(gathered.merged().page()),
        ReportFormat::Markdown => Ok(gathered.merged().markdown()),
        ReportFormat::Junit => {
            let files = gathered.merged().junit(junit.into());
            Ok(files.into_iter().map(|file| file.xml).collect())
        }
        ReportFormat::Json => json(gathered),
        ReportFormat::Text => Ok(text(gathered, style)),
    }
}

fn verdicts(gathered: &Gathered) -> BTreeMap<String, u32> {
    let mut verdicts = BTreeMap::new();
    for experiment in gathered.runs.iter().flat_map(|run| &run.experiments) {
        *verdicts.entry(verdict_key(experiment.journal.verdict)).or_default() += 1;
    }
    verdicts
}

fn json(gathered: &Gathered) -> Result<String> {
    let runs = gathered.runs.iter().map(|run| RunOf {
        id: &run.id,
        path: &run.path,
        experiments: run.experiments.iter().map(|experiment| &experiment.journal).collect(),
    });
    let runs = Runs {
        ok: gathered.runs.iter().all(chaos_runtime::report::RecordedRun::is_ok),
        verdicts: verdicts(gathered),
        runs: runs.collect(),
        unreadable: &gathered.unreadable,
        conflicts: &gathered.conflicts,
        doubles: gathered.doubles,
    };
    let json = serde_json::to_string_pretty(&runs).map_err(|error| Error::new("can't write JSON").caused_by(error))?;
    Ok(json + "\n")
}

fn text(gathered: &Gathered, style: Style) -> String {
    let mut text = String::new();
    for run in &gathered.runs {
        if gathered.runs.len() > 1 {
            let _ = writeln!(text, "run {} ({})\n", run.id, run.path.display());
        }
        let _ = writeln!(text, "{}", run.terminal(style));
    }
    let verdicts = verdict_counts(&verdicts(gathered));
    let experiments = gathered.runs.iter().map(|run| run.experiments.len()).sum();
    let number = crate::output::counted(experiments, "experiment");
    let runs = match gathered.runs.as_slice() {
        [run] => format!("run {}", run.id),
        runs => crate::output::counted(runs.len(), "run"),
    };
    let _ = writeln!(text, "{number} of {runs}: {verdicts}");
    text
}
