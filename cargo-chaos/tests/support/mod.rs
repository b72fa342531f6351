//! The real binary, in a place of its own, on the crate in `tests/fixture`.

#![allow(dead_code, reason = "no test needs all of it")]

use chaos_runtime::report::journal::{Journal, Verdict};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the environment of a developer or a CI job must not change.
const FOREIGN: [&str; 7] = ["CARGO", "NEXTEST", "RUST", "LD_LIBRARY_PATH", "CHAOS", "DOCKER", "__"];
const KEPT: [&str; 4] = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_NET_OFFLINE"];

/// A directory of its own for reports and temporary files, the machine's locks among them.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(home.tmp()).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// `CHAOS_DIR`
    pub(crate) fn reports(&self) -> PathBuf {
        self.path().join("chaos")
    }

    /// `TMPDIR`
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// A command that sees nothing of this build, nor of the developer's environment.
    pub(crate) fn settle(&self, mut command: Command) -> Command {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if !KEPT.contains(&&*text) && FOREIGN.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.env("CHAOS_DIR", self.reports()).env("TMPDIR", self.tmp()).env("COLUMNS", "120");
        command.env("CARGO_TARGET_DIR", fixture_target()).env("CARGO_TERM_COLOR", "never").current_dir(fixture());
        command
    }

    /// `cargo chaos <line>` in the fixture, as cargo calls it.
    pub(crate) fn chaos(&self, line: &str) -> Command {
        let mut command = self.settle(Command::new(env!("CARGO_BIN_EXE_cargo-chaos")));
        command.arg("chaos").args(line.split_whitespace());
        command
    }

    /// The same, until it has ended.
    pub(crate) fn run(&self, line: &str) -> Ended {
        ended(self.chaos(line))
    }

    /// Plants a journal in a run's folder below the reports.
    pub(crate) fn plant(&self, run: &str, record: &str, journal: &Journal) -> PathBuf {
        plant(&self.reports().join("runs").join(run), record, journal)
    }

    /// The journals of all runs.
    pub(crate) fn journals(&self) -> Vec<Journal> {
        let runs = std::fs::read_dir(self.reports().join("runs")).into_iter().flatten().flatten();
        let files = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
        let files = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
        files.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
    }

    /// Whether this machine was too busy to measure: nothing is said then about what was tested.
    pub(crate) fn is_spoiled(&self) -> bool {
        let by_the_machine =
            |journal: &Journal| journal.reasons.iter().any(|reason| reason.message.contains("the measuring machine"));
        self.journals().iter().any(|journal| journal.verdict == Verdict::Inconclusive && by_the_machine(journal))
    }

    /// As if no run had ever been.
    pub(crate) fn forget_runs(&self) {
        std::fs::remove_dir_all(self.reports()).unwrap();
    }
}

/// What a command comes to that runs experiments in a home of its own: anew, while this machine is too busy to measure.
pub(crate) fn measured(command: impl Fn(&Home) -> Command) -> (Home, Ended) {
    let attempt = || {
        let home = Home::new();
        let ended = ended(command(&home));
        (home, ended)
    };
    std::iter::repeat_with(attempt).take(9).find(|(home, _)| !home.is_spoiled()).unwrap_or_else(attempt)
}

/// Plants a journal in a folder.
pub(crate) fn plant(folder: &Path, record: &str, journal: &Journal) -> PathBuf {
    // As the first test of a run does.
    std::fs::create_dir_all(folder.join("state")).unwrap();
    std::fs::write(folder.join("state/started"), "1").unwrap();
    let path = folder.join(format!("{record}.json"));
    std::fs::write(&path, serde_json::to_vec(journal).unwrap()).unwrap();
    path
}

/// What a command came to.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// It ended with this exit code, or what it said is shown.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }

    /// The same, valid against the schema of that name.
    #[track_caller]
    pub(crate) fn valid(&self, schema: &str) -> serde_json::Value {
        let printed = Home::new().run(&format!("schema {schema}")).with(0).json();
        let json = self.json();
        let validator = jsonschema::validator_for(&printed).unwrap();
        let wrong: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        json
    }
}

pub(crate) fn ended(mut command: Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: status.code(), out: text(stdout), err: text(stderr) }
}

pub(crate) fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixture")
}

/// Where the fixture is built: beside the build outputs of the workspace, where the project's other tests build it too.
/// Working copies that share a target directory must not share this one: `FIXTURE_TARGET_DIR` names another.
pub(crate) fn fixture_target() -> PathBuf {
    if let Some(dir) = std::env::var_os("FIXTURE_TARGET_DIR") {
        return dir.into();
    }
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists()).unwrap().join("fixture")
}
