//! `cargo chaos history`.

mod page;
mod text;

pub(crate) use text::escaped;

use crate::context::Place;
use crate::kept;
use crate::output::{self, Format};
use crate::status::Status;
use chaos_runtime::history::{Entry, History as Kept, Merged, Store, Trend};
use chaos_runtime::report::{self, RecordedRun};
use chaos_runtime::{Error, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What past runs measured, and since when it is different.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos history\n  \
    cargo chaos history survives_slow_inventory --profile staging --last 100\n  \
    cargo chaos history --html history.html\n  \
    cargo chaos history --merge artifacts/shard-1 artifacts/shard-2\n\n\
    Exit codes: 0 shown; 2 wrong usage; 3 it could not be done.")]
pub(crate) struct History {
    /// Only experiments whose name has this in it.
    experiment: Option<String>,
    /// Only runs in this profile.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Show so many of the newest runs; changes are looked for in all of them.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// Add what another machine has kept: a directory, such as an unpacked artifact, with its history somewhere in it.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    merge: Vec<PathBuf>,
    /// Add what the folders of runs hold and the history lacks: experiments that were killed, runs of before.
    #[arg(long)]
    from_runs: bool,
    /// Write a page with a chart for each claim.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The answer as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// Where the history lies.
    store: &'a Path,
    /// What was added by `--merge` and `--from-runs`.
    merged: Option<Merged>,
    /// The page that was written.
    html: Option<&'a Path>,
    experiments: Vec<Told<'a>>,
}

/// An experiment in one profile.
#[derive(Debug, Serialize)]
struct Told<'a> {
    package: &'a str,
    binary: &'a str,
    name: &'a str,
    profile: &'a str,
    /// How many runs are known.
    runs: usize,
    /// Lines of its file that could not be read.
    unreadable: usize,
    /// The newest runs, the oldest of them first.
    newest: Vec<&'a Entry>,
    /// The trends of its claims: those of the newest run first, in its order.
    trends: Vec<Trend>,
}

impl History {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let store = kept::store(place)?;
        let merged = self.merge(place, &store)?;
        let histories = store.histories()?;
        let told = self.select(&histories, self.last as usize);
        if let Some(file) = &self.html {
            let page = page::render(&self.select(&histories, page::RUNS));
            std::fs::write(file, page).map_err(|error| {
                Error::new(format!("can't write {}", file.display())).caused_by(error).help("name another file")
            })?;
        }
        match self.format {
            Format::Json => {
                let html = self.html.as_deref();
                output::print_json(&Answer { store: store.dir(), merged, html, experiments: told })?;
            }
            format => {
                let mut text = String::new();
                if let Some(merged) = merged {
                    text += &text::merged(&merged);
                }
                text += &match format {
                    _ if histories.is_empty() => kept::nothing(&store),
                    _ if told.is_empty() => text::no_such(self.experiment.as_deref(), self.profile.as_deref()),
                    Format::Markdown => text::markdown(&told),
                    _ => text::render(&told),
                };
                if let Some(file) = &self.html {
                    text += &format!("page: {}\n", file.display());
                }
                output::print(&text)?;
            }
        }
        Ok(Status::Fine)
    }

    fn merge(&self, place: &Place, store: &Store) -> Result<Option<Merged>> {
        if self.merge.is_empty() && !self.from_runs {
            return Ok(None);
        }
        let mut sum = Merged::default();
        for dir in &self.merge {
            let merged = store.merge(dir)?;
            sum.files += merged.files;
            sum.added += merged.added;
            sum.known += merged.known;
            sum.unreadable += merged.unreadable;
        }
        if self.from_runs {
            for folder in report::runs(&place.reports()?) {
                let run = RecordedRun::read(&folder)?;
                let told = |journal: &&report::journal::Journal| {
                    use report::journal::Verdict::{Running, Skipped};
                    !matches!(journal.verdict, Running | Skipped)
                };
                let journals = run.experiments.iter().map(|experiment| &experiment.journal).filter(told);
                let entries: Vec<Entry> = journals.map(Entry::of).collect();
                let all = entries.len();
                let added = store.add(entries)?;
                sum.files += 1;
                sum.added += added;
                sum.known += all - added;
            }
        }
        Ok(Some(sum))
    }

    /// The experiments that were asked for, each in each profile in which it ran, with so many of their newest runs.
    fn select<'a>(&self, histories: &'a [Kept], last: usize) -> Vec<Told<'a>> {
        let is_asked = |name: &str| self.experiment.as_ref().is_none_or(|asked| name.contains(asked.as_str()));
        let mut told = Vec::new();
        for history in histories.iter().filter(|history| is_asked(&history.name)) {
            let mut profiles: Vec<&str> = history.entries.iter().map(|entry| entry.profile.as_str()).collect();
            profiles.sort_unstable();
            profiles.dedup();
            profiles.retain(|profile| self.profile.as_ref().is_none_or(|asked| asked == profile));
            let trends = history.trends();
            for profile in profiles {
                let of_profile = |entry: &&Entry| entry.profile == profile;
                let runs = history.entries.iter().filter(of_profile).count();
                let newest = history.entries.iter().filter(of_profile).skip(runs.saturating_sub(last));
                told.push(Told {
                    package: &history.package,
                    binary: &history.binary,
                    name: &history.name,
                    profile,
                    runs,
                    unreadable: history.unreadable,
                    newest: newest.collect(),
                    trends: trends.iter().filter(|trend| trend.profile == profile).cloned().collect(),
                });
            }
        }
        told
    }
}
