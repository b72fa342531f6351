//! Phases and events.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A stretch of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PhaseRecord {
    /// Which.
    pub kind: PhaseKind,
    /// Its start.
    pub start_us: u64,
    /// Its end.
    pub end_us: u64,
}

/// The phases of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PhaseKind {
    /// Nothing is counted.
    WarmUp,
    /// The gate judges the steady state on it.
    Baseline,
    /// At least one fault is active.
    Fault,
    /// From the clearance of the last active fault until the steady state is back.
    Recovery,
    /// After the steady state came back.
    After,
}

impl PhaseKind {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WarmUp => "warm-up",
            Self::Baseline => "baseline",
            Self::Fault => "fault",
            Self::Recovery => "recovery",
            Self::After => "after",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// When.
    pub at_us: u64,
    /// What kind of thing.
    pub kind: EventKind,
    /// In words.
    pub text: String,
}

impl fmt::Display for Event {
    /// `4.0 s inject: latency 300ms on proxy 127.0.0.1:4000`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s {}: {}", self.at_us as f64 / 1e6, self.kind.name(), self.text)
    }
}

impl EventKind {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phase => "phase",
            Self::Load => "load",
            Self::Gate => "gate",
            Self::Inject => "inject",
            Self::Confirm => "confirmed",
            Self::Clear => "clear",
            Self::Recovered => "recovery",
            Self::Guard => "guard",
            Self::End => "end",
            Self::Rollback => "rollback",
            Self::Target => "target",
            Self::Note => "note",
        }
    }
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A phase began.
    Phase,
    /// A load was started or stopped.
    Load,
    /// The gate judged.
    Gate,
    /// A fault was injected.
    Inject,
    /// A fault's evidence was seen.
    Confirm,
    /// A fault was cleared.
    Clear,
    /// The steady state came back.
    Recovered,
    /// A guard tripped.
    Guard,
    /// A signal, the time-out or the body ended the experiment.
    End,
    /// An undo ran.
    Rollback,
    /// A target did something: a process started, exited, became ready.
    Target,
    /// A note of the body's own.
    Note,
}
