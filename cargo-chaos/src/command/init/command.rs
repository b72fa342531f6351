//! The command.

use super::ci::Ci;
use super::dependencies::Source;
use super::file::{File, There};
use super::package::Chosen;
use crate::context::Place;
use crate::output::{print, print_json};
use crate::status::Status;
use chaos_runtime::Result;
use serde::Serialize;
use std::process::{Command, Stdio};

/// Add a first working chaos test and a CI file to this project.
///
/// Writes `tests/resilience.rs`, which passes as it is, `chaos.toml`, settings of nextest where that is used, and a job for
/// CI; adds what the test needs to [dev-dependencies] by `cargo add`. A file that is there is never changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
                        cargo chaos init\n  \
                        cargo chaos init --ci github --dry-run\n\n\
                        Exit codes: 0 done, or there was nothing to do; 2 wrong usage; 3 it could not be done.\n\n\
                        With --format json: `package`, `dry_run`, `steps` (`action`: ran, written, kept, unchanged; with \
                        --dry-run would_run, would_write; `what`, `note`), `next`.")]
pub(crate) struct Init {
    /// The package that gets the test, in a workspace with several.
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    #[command(flatten)]
    source: Source,
    /// The job for CI [default: as the project's files say, else none].
    #[arg(long, value_enum)]
    ci: Option<Ci>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Answer {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Done {
    package: String,
    dry_run: bool,
    steps: Vec<Step>,
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Step {
    action: Action,
    /// The command or the file.
    what: String,
    note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Ran,
    WouldRun,
    Written,
    WouldWrite,
    /// Another file is there, and stays.
    Kept,
    /// The same file is there.
    Unchanged,
}

impl Init {
    pub(crate) fn run(&self, place: &Place) -> Result<Status> {
        let package = Chosen::of(place, self.package.as_deref())?;
        let mut steps = Vec::new();
        // First, because they may fail: then no file is there that can't be built.
        for call in self.source.calls(&package) {
            if !self.dry_run {
                call.run()?;
            }
            let action = if self.dry_run { Action::WouldRun } else { Action::Ran };
            steps.push(Step { action, what: call.shown(), note: String::new() });
        }
        for file in self.files(&package) {
            steps.push(self.place(&file)?);
        }
        let ci = self.ci.unwrap_or_else(|| Ci::of_project(&package.workspace));
        let mut by_hand = Vec::new();
        if let Some(file) = ci.file(&package, &self.source.install(&package)) {
            steps.push(self.place(&file)?);
            by_hand.extend(ci.by_hand(&package, &file));
        }
        by_hand.push(format!("cargo test {}--test resilience", package.flag()));
        let done = Done { package: package.name.clone(), dry_run: self.dry_run, steps, next: by_hand };
        match self.format {
            Answer::Json => print_json(&done)?,
            Answer::Text => print(&text(&done))?,
        }
        Ok(Status::Fine)
    }

    fn files(&self, package: &Chosen) -> Vec<File> {
        let mut files = vec![
            File {
                path: package.dir.join("tests/resilience.rs"),
                text: include_str!("files/resilience.rs").to_owned(),
                what: "the first test; put your service into it",
                otherwise: "your tests are there already; a first one stands in chaos-test's README".to_owned(),
            },
            File {
                path: package.dir.join("chaos.toml"),
                text: include_str!("files/chaos.toml").to_owned(),
                what: "services by profile, all optional",
                otherwise: "`cargo chaos doctor` checks it".to_owned(),
            },
        ];
        let nextest = package.workspace.join(".config/nextest.toml");
        if nextest.exists() || uses_nextest() {
            let text = include_str!("files/nextest.toml");
            let theirs = std::fs::read_to_string(&nextest).unwrap_or_default();
            let has_it = theirs.contains("grace-period") && theirs.contains("threads-required");
            let otherwise =
                if has_it { "it has settings for experiments".to_owned() } else { format!("add to it:\n{text}") };
            files.push(File {
                path: nextest,
                text: text.to_owned(),
                what: "so that nextest runs nothing beside an experiment",
                otherwise,
            });
        }
        files
    }

    fn place(&self, file: &File) -> Result<Step> {
        let (action, note) = match file.there() {
            There::Nothing if self.dry_run => (Action::WouldWrite, file.what.to_owned()),
            There::Nothing => {
                file.write()?;
                (Action::Written, file.what.to_owned())
            }
            There::Same => (Action::Unchanged, String::new()),
            There::Other => (Action::Kept, file.otherwise.clone()),
        };
        Ok(Step { action, what: Chosen::shown(&file.path), note })
    }
}

fn uses_nextest() -> bool {
    let asked = Command::new("cargo").args(["nextest", "--version"]).stdin(Stdio::null()).output();
    asked.is_ok_and(|asked| asked.status.success())
}

fn text(done: &Done) -> String {
    let mut text = String::new();
    for Step { action, what, note } in &done.steps {
        let word = match action {
            Action::Ran => "ran",
            Action::WouldRun => "would run",
            Action::Written => "written",
            Action::WouldWrite => "would write",
            Action::Kept => "kept",
            Action::Unchanged => "unchanged",
        };
        let note = if note.is_empty() { String::new() } else { format!(": {note}") };
        text += &format!("{word:>11}  {what}{}\n", note.trim_end().replace('\n', "\n             "));
    }
    if !done.next.is_empty() {
        text += "\n";
    }
    for next in &done.next {
        text += &format!("next: {next}\n");
    }
    text
}
