//! A load's recorder, to record into directly, and what is written of it in the end.

use crate::claim::sample::Stretch;
use crate::clock::Nanos;
use crate::experiment::core::Core;
use crate::experiment::meter::{LoadInfo, Measured};
use crate::experiment::settings::Settings;
use crate::experiment::{CargoTarget, Options, Spec, identity, records};
use crate::measure::{Completion, Outcome, PhaseClock, Series};
use crate::report::journal::{Journal, PhaseKind, PhaseRecord, Verdict};
use crate::report::terminal::{self, Style};
use crate::rollback::UndoLedger;
use crate::{Result, report};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A load's recorder in an experiment of four phases.
#[derive(Debug, Clone)]
pub struct Recorder {
    recorder: crate::measure::Recorder,
    /// The meter's copy.
    seen: Series,
    phases: Arc<PhaseClock>,
}

impl Default for Recorder {
    fn default() -> Self {
        let phases = Arc::new(PhaseClock::default());
        phases.begin(PhaseKind::Baseline, 0);
        let mut recorder = crate::measure::Recorder::new(phases.clone(), SECOND);
        recorder.register(&super::events());
        Self { recorder, seen: Series::new(SECOND), phases }
    }
}

const SECOND: Nanos = 1_000_000_000;

/// What an experiment leaves.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Size of the journal.
    pub journal: u64,
    /// Size of all files, JUnit included.
    pub files: u64,
    /// Length of the report for the terminal.
    pub terminal: usize,
}

impl Recorder {
    /// Notes an arrival; in nanoseconds from the start.
    pub fn due(&mut self, due: Nanos, noticed: Nanos) {
        self.recorder.due(due, noticed);
    }

    /// Records an answer of status 200.
    pub fn complete(&mut self, due: Nanos, noticed: Nanos, started: Nanos, ended: Nanos) {
        let first = Outcome::OK.with_status(200);
        self.recorder.complete(&Completion { due, noticed, started, ended, first, ok_at_last: true, attempts: 1 });
    }

    /// Takes over what changed, as an experiment does ten times a second.
    pub fn look(&mut self) {
        self.seen.apply(self.recorder.series.take_changed());
    }

    /// A fault begins.
    pub fn harm(&mut self, at: Nanos) {
        self.phases.begin(PhaseKind::Fault, at);
    }

    /// The fault has ended, and all is well again.
    pub fn heal(&mut self, at: Nanos) {
        self.phases.begin(PhaseKind::Recovery, at);
        self.phases.begin(PhaseKind::After, at + SECOND);
    }

    /// How many operations it holds.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.recorder.phases.iter().map(|phase| phase.tally.operations).sum()
    }

    /// Writes journal and reports of an experiment with this load, which ended at `end`.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(self, end: Nanos, folder: &Path) -> Result<Written> {
        let journal = self.journal(end);
        let run = report::run::Run::at(folder.to_owned(), "bench");
        run.begin(&Journal { verdict: Verdict::Running, loads: Vec::new(), ..journal.clone() })?;
        let record = run.finish(&journal)?;
        let terminal = terminal::render(&journal, Some(&record), Style::PLAIN).len();
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        let beside = record.parent().and_then(Path::parent).unwrap_or(folder);
        Ok(Written { journal: size(&record), files: sizes(beside), terminal })
    }

    fn journal(self, end: Nanos) -> Journal {
        static SPEC: Spec = Spec {
            name: "hour",
            module: "benches",
            package: "chaos-benches",
            file: "hour.rs",
            line: 1,
            column: 1,
            cargo_target: CargoTarget::Library,
            doc: "",
            steady_state: &[],
            hypothesis: &[],
            abort_if: &[],
            calls: &[],
            options: Options::DEFAULT,
        };
        let settings = Settings::new(&SPEC, 1, "local".into(), false);
        let identity = identity::with(identity::of(&SPEC, "bench"), &SPEC, &settings);
        let core = Core::new(&SPEC, settings, UndoLedger::in_memory());
        let segments = self.phases.segments();
        let ends = segments.iter().skip(1).map(|segment| segment.start).chain([end]);
        let stretches: Vec<Stretch> =
            segments.iter().zip(ends).map(|(s, end)| Stretch { kind: s.kind, start: s.start, end }).collect();
        let info = LoadInfo {
            name: "load".into(),
            what: "an hour".into(),
            closed_loop: false,
            rate: None,
            drain: Duration::from_secs(10),
        };
        let measured = [Measured { info, control: false, recorder: self.recorder }];
        let phase = |s: &Stretch| PhaseRecord { kind: s.kind, start_us: s.start / 1_000, end_us: s.end / 1_000 };
        Journal {
            verdict: Verdict::Passed,
            duration_us: end / 1_000,
            phases: stretches.iter().map(phase).collect(),
            loads: records::loads(&core, &measured, &stretches),
            ..identity
        }
    }
}

/// All files below.
fn sizes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(file) if file.is_dir() => sizes(&entry.path()),
        Ok(file) => file.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
