//! Journals in a folder, and the command run on them.

use chaos_runtime::report::journal::{Journal, ProbeRecord, ProbeSample};
use chaos_runtime::report::sample;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder for reports.
pub(crate) struct Planted {
    dir: TempDir,
    runs: u32,
}

impl Planted {
    pub(crate) fn nothing() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), runs: 0 }
    }

    /// One run of these.
    pub(crate) fn run(journals: &[Journal]) -> Self {
        let mut planted = Self::nothing();
        planted.add(journals);
        planted
    }

    /// One more run, newer than those that are there.
    pub(crate) fn add(&mut self, journals: &[Journal]) -> PathBuf {
        self.runs += 1;
        let folder = self.path().join("runs").join(&journals[0].run.id);
        std::fs::create_dir_all(folder.join("state")).unwrap();
        std::fs::write(folder.join("state/started"), self.runs.to_string()).unwrap();
        for journal in journals {
            let name = format!("shop.resilience.{}.json", journal.experiment.name.replace("::", "."));
            std::fs::write(folder.join(name), serde_json::to_vec(journal).unwrap()).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `cargo chaos export` on these runs.
    pub(crate) fn export(&self, arguments: &[&str]) -> Answer {
        self.export_with(&[], arguments)
    }

    /// The same with these variables.
    pub(crate) fn export_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-chaos"));
        command.args(["chaos", "--dir"]).arg(self.path()).arg("export").args(arguments);
        command.current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(name);
            }
        }
        command.envs(variables.iter().copied());
        Answer(command.output().unwrap())
    }
}

/// What the command said.
pub(crate) struct Answer(Output);

impl Answer {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }

    /// Both, for what must stand nowhere.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out(), self.err())
    }

    /// Itself, if it ended so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{}", self.all());
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.out()).unwrap()
    }
}

/// An experiment with something of everything, that started this long ago: probes in all units, and a stall during
/// which nothing completed.
pub(crate) fn busy(run: &str, ago: SignedDuration) -> Journal {
    let mut journal = sample::guard();
    let sound = sample::refuted();
    (journal.phases, journal.events, journal.faults) = (sound.phases, sound.events, sound.faults);
    (journal.loads, journal.reasons, journal.duration_us) = (sound.loads, sound.reasons, sound.duration_us);
    journal.verdict = sound.verdict;
    journal.claims.splice(0..8, sound.claims);
    run.clone_into(&mut journal.run.id);
    let started = Timestamp::now() - ago;
    // As the runtime writes it.
    journal.run.started_at = format!("{started:.3}");
    let stalled = &mut journal.loads[0].bins[7];
    (stalled.operations, stalled.succeeded, stalled.p50_us, stalled.p99_us, stalled.max_us) = (0, 0, 0, 0, 0);
    let mut control = journal.loads[0].clone();
    control.control = true;
    journal.loads.push(control);
    journal.probes = [("queue", ""), ("lag", "s"), ("hits", "%"), ("orders", "/s")]
        .map(|(name, unit)| ProbeRecord {
            name: name.to_owned(),
            unit: unit.to_owned(),
            samples: (0..38)
                .map(|i| ProbeSample { at_us: i * 500_000, value: (i != 10).then_some(i as f64 / 8.0) })
                .collect(),
            error: None,
            period_us: None,
        })
        .to_vec();
    journal.claims.push(chaos_runtime::report::journal::ClaimRecord {
        text: "probe(\"queue\") < 50".to_owned(),
        unit: String::new(),
        value: Some(4.0),
        limit: Some(50.0),
        ..journal.claims[2].clone()
    });
    journal.claims.push(chaos_runtime::report::journal::ClaimRecord {
        text: "during(throughput > 150/s)".to_owned(),
        unit: "/s".to_owned(),
        value: Some(200.0),
        limit: Some(150.0),
        ..journal.claims[2].clone()
    });
    journal
}

/// Milliseconds of the epoch of an instant of the experiment.
pub(crate) fn ms(journal: &Journal, at_us: u64) -> i64 {
    let start: Timestamp = journal.run.started_at.parse().unwrap();
    (start.as_microsecond() + i64::try_from(at_us).unwrap()).div_euclid(1_000)
}
