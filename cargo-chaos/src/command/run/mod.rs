//! `cargo chaos run`.

mod carry_out;
mod interruption;
mod plan;
mod summary;

pub(crate) use summary::Summary;

use super::list::Choice;
use crate::context::Place;
use crate::output::{Plain, print, print_json};
use crate::promises::Promises;
use crate::selection::{Runner, Selection};
use crate::status::Status;
use chaos_runtime::report::catalogue::CatalogueEntry;
use chaos_runtime::{Error, Result};
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Run chaos tests, and no others, as one run with one report.
///
/// The tests are built and asked for their experiments as by `list`; those that are meant run under `cargo test` (or
/// nextest), a call for each test binary, all of them whatever becomes of the first. Tests that are `#[ignore]`d are
/// left out unless asked for, and so are those meant for other profiles; the summary says how many.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos run\n  \
    cargo chaos run checkout --seed 7\n  \
    cargo chaos run -p shop --test resilience --repeat 20 --seed 1\n  \
    cargo chaos run --workspace --profile staging --nextest\n  \
    cargo chaos run -- --nocapture\n\n\
    What is set for the tests: CHAOS_RUN_ID (a fresh one), CHAOS_DIR, and CHAOS_PROFILE and CHAOS_SEED where the flags \
    say so.\n\n\
    Exit codes: 0 every experiment ended well; 1 one failed, or did not run; 2 wrong usage; 3 the tests did not build, \
    or there is nothing to run.")]
pub(crate) struct Run {
    #[command(flatten)]
    choice: Choice,
    /// The seed of everything random [default: the attribute's, else a new one for each experiment]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run all of it N times, each time with another seed: N, N + 1, … of --seed, else drawn
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true)]
    repeat: NonZeroU32,
    /// Only experiments that are `#[ignore]`d
    #[arg(long, conflicts_with = "include_ignored")]
    ignored: bool,
    /// Experiments that are `#[ignore]`d, too
    #[arg(long)]
    include_ignored: bool,
    /// Stop at the first test binary, or repetition, with a failure
    #[arg(long)]
    fail_fast: bool,
    /// Run with `cargo nextest run`, a process for each test
    #[arg(long)]
    nextest: bool,
    /// How the summary is written; with json, what the tests print goes to standard error
    #[arg(long, value_enum, default_value_t)]
    format: Plain,
    #[command(flatten)]
    selection: Selection,
    /// Arguments of the test binaries, or of nextest
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

impl Run {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let promises = Promises::of(&self.selection, place)?;
        promises.tell_unasked();
        let all = &promises.catalogue.experiments;
        let profile = self.profile();
        let named: Vec<&CatalogueEntry> = all.iter().filter(|entry| self.choice.takes_by_name(entry)).collect();
        let (here, elsewhere): (Vec<_>, Vec<_>) = named.into_iter().partition(|entry| entry.runs_in(&profile));
        let (meant, ignored): (Vec<_>, Vec<_>) = here.into_iter().partition(|entry| self.takes_ignored(entry));
        if meant.is_empty() {
            let why = match (elsewhere.len(), ignored.len()) {
                (0, 0) => "no chaos test matches".to_owned(),
                (elsewhere, ignored) => format!(
                    "no chaos test is left to run: {elsewhere} of those that match run in other profiles than \
                     `{profile}`, and {ignored} are left out by #[ignore] or --ignored"
                ),
            };
            return Err(Error::new(why).help("see what there is with `cargo chaos list`"));
        }
        let mut summary = Summary::new(self.reports(place)?, &profile, elsewhere.len(), ignored.len());
        summary.unasked = promises.unasked.clone();
        carry_out::all(self, place, all, &meant, &mut summary)?;
        summary.ok = summary.is_ok();
        match self.format {
            Plain::Text => print(&summary.to_string())?,
            Plain::Json => print_json(&summary)?,
        }
        Ok(Status::of(summary.ok))
    }

    fn runner(&self) -> Runner {
        if self.nextest { Runner::Nextest } else { Runner::Cargo }
    }

    /// As the tests will see it.
    fn profile(&self) -> String {
        let set =
            std::env::var("CHAOS_PROFILE").ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        self.choice.profile.clone().or(set).unwrap_or_else(|| "local".to_owned())
    }

    fn takes_ignored(&self, entry: &CatalogueEntry) -> bool {
        match (self.ignored, self.include_ignored) {
            (true, _) => entry.ignored.is_some(),
            (_, true) => true,
            (false, false) => entry.ignored.is_none(),
        }
    }

    /// Where the tests will report. A relative `CHAOS_DIR` means here, not the folder of each package.
    fn reports(&self, place: &Place) -> Result<PathBuf> {
        let elsewhere = self.selection.target_dir().filter(|_| place.named_reports().is_none());
        let reports = match elsewhere {
            Some(target) => target.join("chaos"),
            None => place.reports()?,
        };
        std::path::absolute(&reports).map_err(|error| Error::new("the working directory is gone").caused_by(error))
    }
}
