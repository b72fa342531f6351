//! What became of a run.

use crate::output::{counted, verdict_counts, verdict_key};
use chaos_runtime::report::RecordedRun;
use chaos_runtime::report::catalogue::CatalogueEntry;
use chaos_runtime::report::journal::{Journal, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What became of a run, as `cargo chaos run --format json` prints it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct Summary {
    /// The run's id, by which `cargo chaos report` finds it.
    pub(super) run: String,
    /// Where the experiments ran: `local`, `staging`, ….
    pub(super) profile: String,
    /// The run's folder.
    pub(super) path: PathBuf,
    /// Its JUnit file.
    pub(super) junit: PathBuf,
    /// Whether every experiment ended well each time, and none is missing, as where Ctrl-C came or a test binary could
    /// not be asked.
    pub(super) ok: bool,
    /// Whether Ctrl-C came.
    pub(super) interrupted: bool,
    /// How many times all of them were run.
    pub(super) repetitions: u32,
    /// How many experiments ended with each verdict, over all repetitions; `not-run` is none.
    pub(super) verdicts: BTreeMap<String, u32>,
    /// The experiments.
    pub(super) experiments: Vec<Ran>,
    /// How many that match run in other profiles only, and were left out.
    pub(super) in_other_profiles: usize,
    /// How many that match were left out by `#[ignore]`, or by `--ignored`.
    pub(super) ignored: usize,
    /// In a sentence each: test binaries that hold experiments and could not be asked for them.
    pub(super) unasked: Vec<String>,
}

/// What became of one experiment.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct Ran {
    /// The package.
    package: String,
    /// The crate of the test binary.
    binary: String,
    /// The test's name.
    name: String,
    /// What came of each repetition, in order.
    outcomes: Vec<Outcome>,
    /// Whether it ended well and badly.
    flaky: bool,
}

/// What came of one repetition of an experiment.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct Outcome {
    /// As in the journal. None: it left no record, as the test binary did not come as far.
    verdict: Option<String>,
    /// Its seed.
    seed: Option<u64>,
    /// The decisive reason, if it did not pass.
    reason: Option<String>,
    /// The command that runs it again.
    replay: Option<String>,
    #[serde(skip)]
    started_at: String,
    #[serde(skip)]
    ok: bool,
}

impl Summary {
    /// Of a run that is about to begin, with an id of its own.
    pub(super) fn new(reports: PathBuf, profile: &str, in_other_profiles: usize, ignored: usize) -> Self {
        let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let run = format!("{now}-{}", std::process::id());
        let path = reports.join("runs").join(&run);
        Self {
            run,
            profile: profile.to_owned(),
            junit: path.join("junit.xml"),
            path,
            ok: true,
            interrupted: false,
            repetitions: 0,
            verdicts: BTreeMap::new(),
            experiments: Vec::new(),
            in_other_profiles,
            ignored,
            unasked: Vec::new(),
        }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.ok && !self.interrupted && self.unasked.is_empty()
    }

    /// The folder of all reports.
    pub(super) fn reports(&self) -> &Path {
        self.path.ancestors().nth(2).unwrap_or(&self.path)
    }

    /// Takes up what came of one repetition. `failed`: what cargo said of it.
    pub(super) fn add(&mut self, meant: &[&CatalogueEntry], run: Option<RecordedRun>, failed: bool) {
        self.repetitions += 1;
        self.ok &= !failed;
        if self.experiments.is_empty() {
            self.experiments = meant.iter().map(|entry| Ran::of(entry)).collect();
        }
        for ran in &mut self.experiments {
            let journals = run.iter().flat_map(|run| &run.experiments).map(|recorded| &recorded.journal);
            let outcome = ran.outcome(journals);
            self.ok &= outcome.ok;
            *self.verdicts.entry(outcome.key()).or_default() += 1;
            ran.outcomes.push(outcome);
            ran.flaky = ran.outcomes.iter().any(|one| one.ok) && ran.outcomes.iter().any(|one| !one.ok);
        }
    }
}

impl Ran {
    fn of(entry: &CatalogueEntry) -> Self {
        let (package, binary, name) = entry.identity();
        let [package, binary, name] = [package, binary, name].map(str::to_owned);
        Self { package, binary, name, outcomes: Vec::new(), flaky: false }
    }

    /// What its record says, unless that is still the one of the last repetition.
    fn outcome<'a>(&self, journals: impl IntoIterator<Item = &'a Journal>) -> Outcome {
        let is_it = |journal: &&Journal| {
            let of = &journal.experiment;
            (&of.package, &of.binary, &of.name) == (&self.package, &self.binary, &self.name)
        };
        let last = self.outcomes.last().map(|outcome| outcome.started_at.as_str());
        let found = journals.into_iter().filter(is_it).find(|journal| Some(journal.run.started_at.as_str()) != last);
        let Some(journal) = found else {
            let reason = Some("the test binary did not come as far as this experiment".to_owned());
            let started_at = last.unwrap_or_default().to_owned();
            return Outcome { verdict: None, seed: None, reason, replay: None, started_at, ok: false };
        };
        Outcome {
            verdict: Some(verdict_key(journal.verdict)),
            seed: Some(journal.run.seed),
            reason: journal.reasons.first().map(|reason| reason.message.clone()),
            replay: (journal.verdict != Verdict::Passed).then(|| journal.replay.clone()),
            started_at: journal.run.started_at.clone(),
            ok: journal.verdict.is_ok(),
        }
    }
}

impl Outcome {
    fn key(&self) -> String {
        self.verdict.clone().unwrap_or_else(|| "not-run".to_owned())
    }
}

impl fmt::Display for Summary {
    /// For people: what did not end well, then the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for ran in &self.experiments {
            let bad: Vec<&Outcome> = ran.outcomes.iter().filter(|outcome| !outcome.ok).collect();
            let Some(worst) = bad.first() else { continue };
            let of = ran.outcomes.len();
            let times = if of > 1 { format!(", {} of {of} times", bad.len()) } else { String::new() };
            let flaky = if ran.flaky { ", FLAKY" } else { "" };
            writeln!(
                f,
                "{} ({} {}): {}{times}{flaky}",
                ran.name,
                ran.package,
                ran.binary,
                worst.key().replace('-', " ")
            )?;
            if let Some(reason) = worst.reason.as_ref().and_then(|reason| reason.lines().next()) {
                writeln!(f, "  {reason}")?;
            }
            if let Some(replay) = &worst.replay {
                writeln!(f, "  replay   {replay}")?;
            }
        }
        write!(f, "{}", counted(self.experiments.len(), "experiment"))?;
        if self.repetitions > 1 {
            write!(f, ", {}", counted(self.repetitions as usize, "repetition"))?;
        }
        writeln!(f, ": {}", verdict_counts(&self.verdicts))?;
        let flaky = self.experiments.iter().filter(|ran| ran.flaky).count();
        if flaky > 0 {
            writeln!(f, "  flaky    {flaky}: ended well with some seeds and badly with others")?;
        }
        if self.interrupted {
            writeln!(f, "  interrupted: what had not begun was not run")?;
        }
        if self.in_other_profiles > 0 {
            writeln!(f, "  left out {} of other profiles than `{}`", self.in_other_profiles, self.profile)?;
        }
        if self.ignored > 0 {
            writeln!(f, "  left out {} by #[ignore]: --include-ignored runs them, --ignored only them", self.ignored)?;
        }
        writeln!(f, "  run      {}", self.path.display())?;
        writeln!(f, "  junit    {}", self.junit.display())?;
        writeln!(f, "  report   cargo chaos report --open")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::list::testing::entry;
    use chaos_runtime::report::RecordedExperiment;
    use chaos_runtime::report::catalogue::CatalogueTargetKind;
    use chaos_runtime::report::sample;

    fn ended(verdict: Verdict, started_at: &str, seed: u64) -> Option<RecordedRun> {
        let mut journal = sample::refuted();
        journal.verdict = verdict;
        journal.run.started_at = started_at.to_owned();
        journal.run.seed = seed;
        let experiments = vec![RecordedExperiment { journal, path: "x.json".into() }];
        Some(RecordedRun { id: "r".into(), path: "r".into(), experiments, unreadable: vec![] })
    }

    /// The experiment of the samples.
    fn it() -> CatalogueEntry {
        let of = sample::passed().experiment;
        CatalogueEntry {
            binary: of.binary.clone(),
            ..entry(&of.package, CatalogueTargetKind::Test, &of.binary, &of.name)
        }
    }

    #[test]
    fn what_ends_well_and_badly_is_flaky_and_fails_the_run() {
        let it = it();
        let mut summary = Summary::new("reports".into(), "local", 1, 2);
        summary.add(&[&it], ended(Verdict::Passed, "2026-01-01T00:00:00Z", 7), false);
        assert!(summary.is_ok() && !summary.experiments[0].flaky);
        summary.add(&[&it], ended(Verdict::Refuted, "2026-01-01T00:00:10Z", 8), true);
        assert!(!summary.is_ok() && summary.experiments[0].flaky);
        assert_eq!(summary.verdicts, BTreeMap::from([("passed".to_owned(), 1), ("refuted".to_owned(), 1)]));
        let text = summary.to_string();
        assert!(text.contains("refuted, 1 of 2 times, FLAKY") && text.contains("  replay   CHAOS_SEED="), "{text}");
        assert!(text.contains("left out 1 of other profiles") && text.contains("left out 2 by #[ignore]"), "{text}");
    }

    #[test]
    fn what_left_no_record_of_its_own_is_no_success() {
        let it = it();
        let mut summary = Summary::new("reports".into(), "local", 0, 0);
        summary.add(&[&it], ended(Verdict::Passed, "2026-01-01T00:00:00Z", 7), false);
        // The record of the first repetition is still there, and nothing new.
        summary.add(&[&it], ended(Verdict::Passed, "2026-01-01T00:00:00Z", 7), false);
        assert!(!summary.is_ok());
        assert_eq!(summary.verdicts, BTreeMap::from([("not-run".to_owned(), 1), ("passed".to_owned(), 1)]));
        summary.add(&[&it], None, false);
        assert_eq!(summary.verdicts["not-run"], 2);
    }

    #[test]
    fn a_tolerated_weakness_is_no_failure() {
        let mut summary = Summary::new("reports".into(), "local", 0, 0);
        summary.add(&[&it()], ended(Verdict::KnownWeakness, "2026-01-01T00:00:00Z", 7), false);
        assert!(summary.is_ok());
    }
}
