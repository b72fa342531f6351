//! What a load measured.

use super::PhaseKind;
use crate::measure::ErrorClass;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadRecord {
    /// Its name in claims.
    pub name: String,
    /// What it does: `GET http://127.0.0.1:4000/checkout at 200/s`.
    pub what: String,
    /// It is the control group of the load with the same name.
    pub control: bool,
    /// It is closed-loop: latencies are service times and hide stalls.
    pub closed_loop: bool,
    /// Per phase, in order; one entry for every entry of the journal's `phases`.
    pub phases: Vec<PhaseStats>,
    /// Per bin, in order.
    pub bins: Vec<BinRecord>,
    /// Length of a bin.
    pub bin_us: u64,
    /// One example for each class of failure.
    pub failures: Vec<FailureSample>,
}

/// What one phase of a load measured. Operations count where they were due to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PhaseStats {
    /// Which phase.
    pub phase: PhaseKind,
    /// Operations that were due.
    pub due: u64,
    /// Completed ones, the censored included.
    pub operations: u64,
    /// Whose first attempt succeeded.
    pub succeeded: u64,
    /// Whose first attempt failed.
    pub failed: u64,
    /// Failed after every retry.
    pub permanent_failures: u64,
    /// Attempts in all.
    pub attempts: u64,
    /// Never sent, because too many were waiting.
    pub dropped: u64,
    /// Sent late by the driver's own fault (more than 10 ms).
    pub late: u64,
    /// First-attempt failures by class.
    pub errors: BTreeMap<ErrorClass, u64>,
    /// First-attempt answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// From the due time to the end, successful operations only.
    pub response: LatencySummary,
    /// From the due time to the end, failed operations only.
    pub failure_response: LatencySummary,
    /// From the start to the end.
    pub service: LatencySummary,
    /// From the due time to the moment the driver noticed: the driver's own lag.
    pub lag: LatencySummary,
    /// From the notice to the start: waiting for a free worker.
    pub queue: LatencySummary,
    /// What the load's own driver did meanwhile.
    #[serde(default)]
    pub driver: DriverStats,
}

/// What the thread that drives a load did during a phase: how far it can be trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DriverStats {
    /// Its CPU time as a share of one core: 0.38. `None` where the platform does not tell.
    pub cpu_share: Option<f64>,
    /// For how long it could have run, but had no core (Linux).
    pub waited_us: u64,
    /// How often it did not run although there was something to do, by its heartbeat.
    pub pauses: u64,
    /// The longest of these pauses.
    pub longest_pause_us: u64,
    /// All of them together.
    pub paused_us: u64,
    /// For how long the machine was suspended; phases and latencies leave that out (Linux).
    pub suspended_us: u64,
    /// Operations that were sent in another phase than they were due in, as the driver was late.
    pub strayed: u64,
    /// What this machine sent per second while it could not send all that was due; `None`: it could.
    pub most_per_second: Option<f64>,
}

/// A latency distribution in a few numbers and, for pictures, as a compressed HDR histogram.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LatencySummary {
    /// How many values.
    pub count: u64,
    /// Mean.
    pub mean_us: f64,
    /// Smallest.
    pub min_us: u64,
    /// P50.
    pub p50_us: u64,
    /// P90.
    pub p90_us: u64,
    /// P95.
    pub p95_us: u64,
    /// P99.
    pub p99_us: u64,
    /// P99.9.
    pub p999_us: u64,
    /// Largest, exact.
    pub max_us: u64,
    /// HDR histogram in V2 format, nanoseconds, Base64; empty where only the numbers are kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hdr_v2: String,
}

/// One bin of a load's series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BinRecord {
    /// Its start.
    pub start_us: u64,
    /// Operations due in it.
    pub due: u64,
    /// Completed ones among them.
    pub operations: u64,
    /// Whose first attempt succeeded.
    pub succeeded: u64,
    /// P50 of all completed operations.
    pub p50_us: u64,
    /// P99 of all completed operations.
    pub p99_us: u64,
    /// Slowest.
    pub max_us: u64,
    /// Whether the steady state held in it; `None` where it was not judged.
    pub good: Option<bool>,
}

/// An example of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailureSample {
    /// Its class.
    pub class: ErrorClass,
    /// What it said.
    pub message: String,
    /// In which phase it was first seen.
    pub phase: PhaseKind,
}
