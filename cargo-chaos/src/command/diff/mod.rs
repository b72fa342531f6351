//! `cargo chaos diff`.

mod text;

use crate::context::Place;
use crate::kept;
use crate::output::{self, Format};
use crate::status::Status;
use chaos_runtime::history::Difference;
use chaos_runtime::report::{self, RecordedRun};
use chaos_runtime::{Error, Result};
use std::path::{Path, PathBuf};

/// Compare two runs: verdicts, and values beyond chance. Exit code 1 if something got worse.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                  cargo chaos diff\n  \
                  cargo chaos diff 20261122 latest --format markdown\n  \
                  cargo chaos diff artifacts/main artifacts/branch\n\n\
                  A run is `latest`, `latest~1` (the one before it), the beginning of a run's id, or a folder of journals.\n\
                  Exit codes: 0 nothing is worse; 1 a verdict fell, or a value is worse by more than chance; 2 wrong \
                  usage; 3 it could not be done.")]
pub(crate) struct Diff {
    /// What is compared with.
    #[arg(default_value = "latest~1")]
    a: String,
    /// What is judged.
    #[arg(default_value = "latest")]
    b: String,
    /// Show what is the same, too.
    #[arg(long)]
    all: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Diff {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let (a, b) = (find(&self.a, place)?, find(&self.b, place)?);
        // Without a history less is known of chance, and all else stays the same.
        let store = kept::store(place).ok();
        let trends = |journal: &report::journal::Journal| {
            store.as_ref().and_then(|store| store.trends(&journal.experiment).ok()).unwrap_or_default()
        };
        let difference = Difference::of(&a, &b, trends);
        match self.format {
            Format::Json => output::print_json(&difference)?,
            Format::Text => output::print(&text::render(&difference, self.all))?,
            Format::Markdown => output::print(&text::markdown(&difference, self.all))?,
        }
        for unreadable in a.unreadable.iter().chain(&b.unreadable) {
            eprintln!("note: {unreadable}");
        }
        Ok(Status::of(!difference.is_worse()))
    }
}

fn find(name: &str, place: &Place) -> Result<RecordedRun> {
    let as_path = Path::new(name);
    if as_path.is_dir() {
        let run = RecordedRun::read(as_path)?;
        if run.experiments.is_empty() {
            return Err(Error::new(format!("there is no journal in {name}"))
                .help("name the folder of a run, `target/chaos/runs/<id>`"));
        }
        return Ok(run);
    }
    let root = place.reports()?;
    RecordedRun::read(&choose(name, &report::runs(&root), &root)?)
}

/// The folder of the run that is meant, of these, the newest first.
fn choose(name: &str, runs: &[PathBuf], root: &Path) -> Result<PathBuf> {
    let known = || {
        let ids: Vec<String> = runs.iter().take(5).map(|run| id(run)).collect();
        match ids.is_empty() {
            true => format!(
                "there is none in {}; run `cargo chaos run` first, or name a folder of journals",
                root.display()
            ),
            false => format!("the newest runs are {}", ids.join(", ")),
        }
    };
    if let Some(back) = name.strip_prefix("latest") {
        let back = if back.is_empty() { Some(0) } else { back.strip_prefix('~').and_then(|n| n.parse::<usize>().ok()) };
        if let Some(back) = back {
            return runs
                .get(back)
                .cloned()
                .ok_or_else(|| Error::new(format!("there is no run `{name}`: {} are kept", runs.len())).help(known()));
        }
    }
    let found: Vec<&PathBuf> = runs.iter().filter(|run| id(run).starts_with(name)).collect();
    match &found[..] {
        [one] => Ok((*one).clone()),
        [] => Err(Error::new(format!("there is no run `{name}`")).help(known())),
        several => match several.iter().find(|run| id(run) == name) {
            Some(exact) => Ok((*exact).clone()),
            None => {
                let ids: Vec<String> = several.iter().map(|run| id(run)).collect();
                Err(Error::new(format!("`{name}` begins the id of {} runs", several.len()))
                    .help(format!("name one of {}", ids.join(", "))))
            }
        },
    }
}

fn id(run: &Path) -> String {
    run.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_meant_by_its_age_or_by_how_its_id_begins() {
        let runs: Vec<PathBuf> = ["c-3", "b-2", "a-1", "a-10"].iter().map(|id| Path::new("runs").join(id)).collect();
        let chosen =
            |name: &str| choose(name, &runs, Path::new("chaos")).map(|run| id(&run)).map_err(|e| e.to_string());
        assert_eq!(chosen("latest").unwrap(), "c-3");
        assert_eq!(chosen("latest~2").unwrap(), "a-1");
        assert_eq!(chosen("b").unwrap(), "b-2");
        assert_eq!(chosen("a-1").unwrap(), "a-1", "the whole id counts before others that begin so");
        assert!(chosen("latest~9").unwrap_err().contains("4 are kept"));
        assert!(chosen("a").unwrap_err().contains("help: name one of a-1, a-10"));
        assert!(chosen("x").unwrap_err().contains("help: the newest runs are c-3"));
        assert!(choose("latest", &[], Path::new("chaos")).unwrap_err().to_string().contains("there is none in chaos"));
    }
}
