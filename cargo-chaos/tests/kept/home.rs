//! A project of one's own with a planted past.

use chaos_runtime::history::{Entry, Store};
use chaos_runtime::report::journal::{Journal, Revision};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Home {
    dir: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/lib.rs"), "").unwrap();
        let manifest = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.path().join(".chaos/history"))
    }

    /// The reports of a project that is built in its own directory.
    fn reports(&self) -> PathBuf {
        self.path().join("target/chaos")
    }

    /// `cargo chaos <arguments>` in the project.
    pub(crate) fn chaos(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-chaos"));
        for name in ["CHAOS_DIR", "CHAOS_HISTORY", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
            command.env_remove(name);
        }
        let output = command.arg("chaos").args(arguments).current_dir(self.path()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Keeps these journals as one run a day from 2026-11-01 on, each of a commit of its own.
    pub(crate) fn keep(&self, journals: impl IntoIterator<Item = Journal>) {
        for (i, journal) in journals.into_iter().enumerate() {
            self.store().append(&Entry::of(&on_day(i, journal))).unwrap();
        }
    }

    /// Leaves the folder of a run with these journals, newer than those before.
    pub(crate) fn run(&self, id: &str, journals: impl IntoIterator<Item = Journal>) {
        let runs = self.reports().join("runs");
        let before = fs::read_dir(&runs).into_iter().flatten().count();
        let folder = runs.join(id);
        fs::create_dir_all(folder.join("state")).unwrap();
        fs::write(folder.join("state/started"), (before + 1).to_string()).unwrap();
        for mut journal in journals {
            id.clone_into(&mut journal.run.id);
            let file = folder.join(format!("shop.resilience.{}.json", journal.experiment.name.replace("::", ".")));
            fs::write(file, serde_json::to_string(&journal).unwrap()).unwrap();
        }
    }
}

/// The commit of the run on the day `i`.
pub(crate) fn commit(i: usize) -> String {
    format!("{:07x}{}", 0xabc_0000 + i, "0".repeat(33))
}

pub(crate) fn on_day(i: usize, mut journal: Journal) -> Journal {
    let first: jiff::Timestamp = "2026-11-01T04:00:00Z".parse().unwrap();
    journal.run.started_at = format!("{:.3}", first + jiff::SignedDuration::from_hours(24 * i as i64));
    journal.run.id = format!("run-{i}");
    journal.run.seed = i as u64;
    journal.run.revision = Some(Revision { commit: commit(i), dirty: Some(false), branch: None, tag: None });
    journal
}

/// The sample with this P99 in the fault phase.
pub(crate) fn with_p99(mut journal: Journal, seconds: f64) -> Journal {
    journal.claims[3].value = Some(seconds);
    let interval = journal.claims[3].interval.as_mut().expect("a quantile has one");
    (interval.low, interval.high) = (Some(seconds * 0.98), Some(seconds * 1.02));
    journal
}

pub(crate) fn named(name: &str, mut journal: Journal) -> Journal {
    name.clone_into(&mut journal.experiment.name);
    journal
}
