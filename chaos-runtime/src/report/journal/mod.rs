//! The journal: everything that is known about one experiment, as JSON.
//!
//! All instants are microseconds since the experiment's start, all durations microseconds (`_us`).
//! Readers must accept fields they do not know. `schema` counts incompatible changes.

mod claim;
mod fault;
mod ledger;
mod load;
mod revision;
mod timeline;

pub use claim::{ClaimRecord, ClaimRole, Interval, Judgement};
pub use fault::{FaultRecord, RecoveryRecord, RecoveryState, RollbackRecord};
pub use ledger::{LedgerIds, LedgerRecord};
pub use load::{BinRecord, DriverStats, FailureSample, LatencySummary, LoadRecord, PhaseStats};
pub use revision::Revision;
pub use timeline::{Event, EventKind, PhaseKind, PhaseRecord};

use crate::experiment::Urgency;
use serde::{Deserialize, Serialize};

/// The version of the format that this crate writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that is known about one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Journal {
    /// Version of the format: [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Which experiment.
    pub experiment: ExperimentInfo,
    /// Which run of it.
    pub run: RunInfo,
    /// The verdict.
    pub verdict: Verdict,
    /// Why: the decisive reason first. Empty when passed.
    pub reasons: Vec<Reason>,
    /// Things worth knowing that did not decide: ambiguities, tolerated noise, late arrivals.
    pub notes: Vec<String>,
    /// Length of the whole experiment, waiting for the lock apart.
    pub duration_us: u64,
    /// The phases in order, without gaps.
    pub phases: Vec<PhaseRecord>,
    /// The injected faults in the order of injection.
    pub faults: Vec<FaultRecord>,
    /// Steady state, hypothesis and guards with their judgements.
    pub claims: Vec<ClaimRecord>,
    /// The loads in the order in which they were started.
    pub loads: Vec<LoadRecord>,
    /// The probes.
    pub probes: Vec<ProbeRecord>,
    /// Acknowledged operations against what was found when the load had ended.
    #[serde(default)]
    pub ledgers: Vec<LedgerRecord>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The undos and how they ended.
    pub rollback: Vec<RollbackRecord>,
    /// The last lines that child processes wrote.
    pub outputs: Vec<OutputRecord>,
    /// For a refuted hypothesis or a known weakness.
    pub finding: Option<Finding>,
    /// The command that runs this experiment again in the same way.
    pub replay: String,
}

/// Which experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExperimentInfo {
    /// The test's name as `cargo test` shows it: `module::path::function`, without the crate.
    pub name: String,
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in.
    pub binary: String,
    /// Source file as the compiler names it.
    pub file: String,
    /// Line of the function.
    pub line: u32,
    /// Column of the function.
    pub column: u32,
    /// The doc comment.
    pub doc: String,
}

/// Which run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunInfo {
    /// Shared by all experiments of one `cargo test` or `cargo nextest run`.
    pub id: String,
    /// `local`, `staging`, …
    pub profile: String,
    /// The seed of everything random.
    pub seed: u64,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// The machine's name.
    pub host: String,
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// Version of chaos-runtime.
    pub version: String,
    /// Level of confidence that was asked for, 0.95 for 95 %.
    pub confidence: Option<f64>,
    /// Which state of the code was tested, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// How an experiment ended; see the table in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Still running, or killed before it could write its verdict.
    Running,
    /// Everything needed for a proof is there.
    Passed,
    /// A claim of the hypothesis is false.
    Refuted,
    /// The gate did not hold; nothing was injected.
    Unsteady,
    /// Unconfirmed fault, no traffic during it, too few samples, or an unreliable measurement.
    Inconclusive,
    /// A guard tripped or a signal came.
    Aborted,
    /// Body error, panic, time-out, missing dependency.
    Errored,
    /// An undo failed; outranks all others.
    RollbackFailed,
    /// Refuted, and annotated as a known weakness whose date lies ahead.
    KnownWeakness,
    /// Other profile, or a missing requirement where skipping was asked for.
    Skipped,
}

impl Verdict {
    /// As in reports: `rollback failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Refuted => "refuted",
            Self::Unsteady => "unsteady",
            Self::Inconclusive => "inconclusive",
            Self::Aborted => "aborted",
            Self::Errored => "errored",
            Self::RollbackFailed => "rollback failed",
            Self::KnownWeakness => "known weakness",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the test is reported as ok.
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Passed | Self::KnownWeakness | Self::Skipped)
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reason {
    /// The type of the JUnit `failure` or `error`.
    pub kind: ReasonKind,
    /// The cause, first line first.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

/// The type of a JUnit `failure` or `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonKind {
    /// A false claim (failure).
    Hypothesis,
    /// The gate (error).
    SteadyState,
    /// Nothing can be concluded (error).
    Inconclusive,
    /// A guard tripped (failure).
    Guard,
    /// A signal (error).
    Interrupted,
    /// The body returned an error (error).
    Body,
    /// The body panicked (error).
    Panic,
    /// The time-out (error).
    Timeout,
    /// A missing requirement, or one for which skipping was asked (error, skipped).
    Requirement,
    /// `chaos.toml` is malformed, or lacks the profile (error).
    Config,
    /// An undo failed (error).
    Rollback,
    /// A known weakness whose date is past, or which holds again (failure); tolerated (skipped).
    KnownWeakness,
    /// Runs in another profile (skipped).
    Profile,
    /// A dry run: nothing was injected (skipped).
    DryRun,
    /// The process was killed (error).
    Killed,
    /// Waits for its turn; only in records without a verdict. Where nobody is left who waits, it was killed (error).
    Waiting,
}

impl ReasonKind {
    /// As in JUnit's `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hypothesis => "hypothesis",
            Self::SteadyState => "steady-state",
            Self::Inconclusive => "inconclusive",
            Self::Guard => "guard",
            Self::Interrupted => "interrupted",
            Self::Body => "body",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Requirement => "requirement",
            Self::Config => "config",
            Self::Rollback => "rollback",
            Self::KnownWeakness => "known-weakness",
            Self::Profile => "profile",
            Self::DryRun => "dry-run",
            Self::Killed => "killed",
            Self::Waiting => "waiting",
        }
    }

    /// JUnit `failure` (true) or `error` (false).
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Hypothesis | Self::Guard | Self::KnownWeakness)
    }
}

/// A probe's samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeRecord {
    /// Its name in claims.
    pub name: String,
    /// Unit of the values: `s`, `%`, `/s` or empty for a plain number.
    pub unit: String,
    /// Instant and value; a failed sample has no value.
    pub samples: Vec<ProbeSample>,
    /// What the first failed sample said.
    pub error: Option<String>,
    /// For values that come late: each stands for this long from its instant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_us: Option<u64>,
}

/// One sample of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProbeSample {
    /// When.
    pub at_us: u64,
    /// The value; `None` when the sample failed.
    pub value: Option<f64>,
}

/// What a target wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OutputRecord {
    /// Which target: `process worker`.
    pub target: String,
    /// Its last lines, oldest first.
    pub lines: Vec<String>,
    /// When each of them was read, one instant a line. Empty where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_us: Vec<u64>,
}

impl OutputRecord {
    /// The lines whose instants are known.
    pub fn timed(&self) -> impl Iterator<Item = (u64, &str)> {
        // Lines and instants that don't match say nothing about each other.
        let at_us = if self.at_us.len() == self.lines.len() { &self.at_us[..] } else { &[] };
        at_us.iter().copied().zip(self.lines.iter().map(String::as_str))
    }
}

/// A refuted hypothesis as something to be dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// The ticket, if it is known.
    pub id: Option<String>,
    /// How urgent.
    pub urgency: Option<Urgency>,
    /// Who deals with it.
    pub owner: Option<String>,
    /// Until when, `YYYY-MM-DD`.
    pub fix_by: Option<String>,
    /// What does not hold.
    pub claims: Vec<String>,
}

#[cfg(test)]
mod tests;
