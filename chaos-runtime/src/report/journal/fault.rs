//! Faults, recovery, rollback.

use serde::{Deserialize, Serialize};

/// An injected fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaultRecord {
    /// What it does.
    pub what: String,
    /// What it harmed.
    pub target: String,
    /// It ends by itself.
    pub one_shot: bool,
    /// When the injection began.
    pub injected_us: u64,
    /// When its evidence was first seen.
    pub confirmed_us: Option<u64>,
    /// When its undo had run; for a one-shot fault when the steady state was back.
    pub cleared_us: Option<u64>,
    /// The proof that it bit, or why there is none.
    pub evidence: String,
    /// How often it hit, where it counts.
    pub hits: Option<u64>,
    /// How the system came back.
    pub recovery: Option<RecoveryRecord>,
}

/// How a system reacted to a fault and came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryRecord {
    /// How it ended.
    pub state: RecoveryState,
    /// From confirmed injection to the start of the first bad bin.
    pub time_to_detect_us: Option<u64>,
    /// From clearance (held) or confirmed injection (one-shot) to the first success.
    pub first_success_us: Option<u64>,
    /// From clearance to the start of the first stretch in which the steady state holds.
    pub from_clearance_us: Option<u64>,
    /// The same from confirmed injection.
    pub from_injection_us: Option<u64>,
    /// Which of the two clocks the `recovery` claim reads: true = from clearance.
    pub counts_from_clearance: bool,
    /// Longest stretch without a successful operation, from injection on, the tail included.
    pub unavailability_us: u64,
}

impl RecoveryRecord {
    /// The value that `recovery` claims are judged on; `None` when it never came.
    pub fn counted_us(&self) -> Option<u64> {
        if self.counts_from_clearance { self.from_clearance_us } else { self.from_injection_us }
    }
}

/// How a recovery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RecoveryState {
    /// The steady state was never left.
    NoEffect,
    /// It came back and stayed.
    Recovered,
    /// It came back and was lost again.
    Relapsed,
    /// It did not come back.
    Permanent,
    /// Good at the end, but for less than the stability window.
    Undecided,
}

impl RecoveryState {
    /// As in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoEffect => "no effect",
            Self::Recovered => "recovered",
            Self::Relapsed => "relapsed",
            Self::Permanent => "permanent",
            Self::Undecided => "undecided",
        }
    }
}

/// An undo and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RollbackRecord {
    /// What was undone.
    pub what: String,
    /// On which target.
    pub target: String,
    /// When the undo began.
    pub at_us: u64,
    /// How long it took.
    pub took_us: u64,
    /// How many attempts it took.
    pub attempts: u32,
    /// What is worth knowing although it succeeded: that its target was gone already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Why it failed; `None` = undone.
    pub error: Option<String>,
    /// What to do by hand if it failed.
    pub by_hand: String,
}
