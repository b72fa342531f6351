//! Judged claims.

use serde::{Deserialize, Serialize};

/// A claim and its judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClaimRecord {
    /// As its author wrote it: `during(p99 < 800ms)`.
    pub text: String,
    /// What it was part of.
    pub role: ClaimRole,
    /// The judgement.
    pub judgement: Judgement,
    /// The measured value in words: `412 ms`, `99.84 %`, `failed (2.1 % of operations failed)`.
    pub measured: String,
    /// The measured value in the claim's unit (seconds, percent, per second, a count), where it is a number.
    pub value: Option<f64>,
    /// The limit in the same unit, after `baseline` or `control` were filled in.
    pub limit: Option<f64>,
    /// The unit: `s`, `%`, `/s`, or empty.
    pub unit: String,
    /// Interval of the measured value at `interval.level`.
    pub interval: Option<Interval>,
    /// Number of operations, seconds or samples that it was judged on.
    pub samples: u64,
    /// Why it is inconclusive or worth a remark, else empty.
    pub remark: String,
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Interval {
    /// Lower end in the claim's unit; `None` = no finite bound at this sample size.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// One-sided level of each end: 0.95.
    pub level: f64,
    /// Whether the interval alone decides the claim at this level.
    pub decides: bool,
}

/// What a claim was part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClaimRole {
    /// The steady state, judged on the baseline.
    SteadyState,
    /// The steady state, judged again on the after phase.
    SteadyStateAfter,
    /// The hypothesis.
    Hypothesis,
    /// `abort_if(…)`: `holds` means it tripped.
    Guard,
    /// `chaos.expect(…)` in the body.
    Expectation,
}

/// What was found about a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Judgement {
    /// True.
    Holds,
    /// False.
    Broken,
    /// Can't be told.
    Inconclusive,
    /// Was not looked at, because the experiment ended before.
    NotJudged,
}
