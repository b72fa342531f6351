//! The values of the claim grammar. All of them can be built in `const` context by the macros.

use crate::measure::ErrorClass;
use std::fmt;
use std::time::Duration;

/// The phases that a claim speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Bare claim: in a hypothesis everything from the first injection to the end.
    Run,
    /// `during(…)`: while a fault is active.
    During,
    /// `after(…)`: the phase after the steady state came back.
    After,
}

/// What a claim measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Metric {
    /// Share of operations whose first attempt succeeded.
    SuccessRate,
    /// Share of operations whose first attempt failed.
    ErrorRate,
    /// Number of operations whose first attempt failed.
    Errors,
    /// Number of operations that failed for good, after every retry.
    PermanentFailures,
    /// Latency quantile from the due time; a failed operation counts as infinitely slow.
    Quantile(Quantile),
    /// Longest latency of any operation, failed ones and those still in flight included.
    Max,
    /// Mean latency of all completed operations.
    Mean,
    /// Successful operations per second.
    Throughput,
    /// Operations answered with this HTTP status: a share against a percentage, else a count.
    Status(u16),
    /// Operations that failed in this class: a share against a percentage, else a count.
    Error(ErrorClass),
    /// The longest recovery of the run's faults.
    Recovery,
    /// Every single fault's recovery.
    EachRecovery,
    /// From confirmed injection to the first bad second.
    TimeToDetect,
    /// Longest stretch without a successful operation.
    Unavailability,
    /// Acknowledged operations against what is found afterwards.
    Ledger(LedgerMetric),
    /// The worst sample of a probe.
    Probe(&'static str),
}

/// What a ledger counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LedgerMetric {
    /// Acknowledged, not found.
    Lost,
    /// Found more often than attempted.
    Duplicated,
    /// Found, never attempted.
    Unexpected,
    /// Found although definitely refused.
    Resurrected,
    /// Found, never acknowledged (allowed; worth knowing).
    Recovered,
}

/// A quantile in parts per million, so that it can be compared and hashed: p99.9 is 999 000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantile(u32);

impl Quantile {
    /// A quantile from parts per million; the macros guarantee `0 < ppm < 1_000_000`.
    pub const fn from_ppm(ppm: u32) -> Self {
        assert!(ppm > 0 && ppm < 1_000_000, "a quantile lies between 0 and 1");
        Self(ppm)
    }

    /// The quantile as a fraction: 0.99 for P99.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// The share of operations that may exceed it: 0.01 for P99.
    pub fn permitted(self) -> f64 {
        f64::from(1_000_000 - self.0) / 1e6
    }
}

impl fmt::Display for Quantile {
    /// `p99.9`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", f64::from(self.0) / 1e4)
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cmp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `==`, for counts
    Eq,
}

impl Cmp {
    /// Whether `value CMP limit` is true.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Lt => value < limit,
            Self::Le => value <= limit,
            Self::Gt => value > limit,
            Self::Ge => value >= limit,
            Self::Eq => value == limit,
        }
    }

    /// `<` and `<=`: the limit is an upper one.
    pub fn is_upper(self) -> bool {
        matches!(self, Self::Lt | Self::Le)
    }

    /// As written in a claim.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
        }
    }
}

/// The right-hand side of a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// `300ms`, `99.9%`, `0`, `200/s`
    Value(Value),
    /// `110% of baseline`: the factor is 1.1.
    Relative {
        /// What the reference is multiplied with.
        factor: f64,
        /// What it is compared with.
        of: Reference,
    },
    /// `baseline + 20ms`
    Plus {
        /// What it is compared with.
        of: Reference,
        /// What may be added to it.
        plus: Value,
    },
    /// `baseline - 0.5%`
    Minus {
        /// What it is compared with.
        of: Reference,
        /// What may be taken from it.
        minus: Value,
    },
}

/// What a relative limit is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// The same metric in the baseline phase.
    Baseline,
    /// The same metric of the control group at the same time.
    Control,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// `300ms`
    Duration(Duration),
    /// `99.9%`, held as 99.9
    Percent(f64),
    /// `3`, a count or a probe's plain number
    Number(f64),
    /// `200/s`
    Rate(f64),
}
