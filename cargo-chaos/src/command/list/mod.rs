//! `cargo chaos list`.

mod choice;
mod faults;
mod markdown;
mod table;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use choice::Choice;

use crate::context::Place;
use crate::output::{Format, print, print_json, width};
use crate::promises::Promises;
use crate::selection::Selection;
use crate::status::Status;
use chaos_runtime::Result;

/// What the code base claims to survive: every chaos test with its claims, without running any.
///
/// The tests are built, as by `cargo test --no-run`, and asked for what their attributes say. No test runs, and no
/// executable is started that does not say of itself that it can be asked (Linux).
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo chaos list\n  \
    cargo chaos list --workspace --profile staging\n  \
    cargo chaos list checkout --format markdown > docs/resilience.md\n\n\
    Exit codes: 0 listed; 2 wrong usage; 3 the tests did not build, or not all of them could be asked.")]
pub(crate) struct List {
    #[command(flatten)]
    choice: Choice,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    selection: Selection,
}

impl List {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let mut promises = Promises::of(&self.selection, place)?;
        promises.catalogue.experiments.retain(|entry| self.choice.takes(entry));
        promises.tell_unasked();
        let catalogue = &promises.catalogue;
        match self.format {
            Format::Json => print_json(catalogue)?,
            Format::Markdown => print(&markdown::of(catalogue))?,
            Format::Text => print(&table::of(catalogue, width()))?,
        }
        Ok(if promises.unasked.is_empty() { Status::Fine } else { Status::Failed })
    }
}
