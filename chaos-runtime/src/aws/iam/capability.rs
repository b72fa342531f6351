//! What a test does to an account.

use std::fmt;

/// Something that a chaos test does to an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Fails an Aurora cluster over, or reboots its instances with failover, through RDS.
    AuroraFailover,
    /// Reboots an instance of an Aurora cluster, through RDS.
    AuroraReboot,
    /// Reads alarms: as gates, stop conditions and guards.
    CloudWatchAlarms,
    /// Reads metrics as probes.
    CloudWatchMetrics,
    /// Runs the FIS action with this id in an experiment that is built in code.
    Fis(String),
    /// Runs an experiment template that is there: the one with this id, or any.
    FisTemplate(Option<String>),
    /// Takes a lease on an Aurora cluster, so that no two pipelines harm it at once.
    Lease,
    /// Ends what dead runs have left.
    Sweep,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuroraFailover => f.write_str("to fail Aurora clusters over"),
            Self::AuroraReboot => f.write_str("to reboot instances of Aurora clusters"),
            Self::CloudWatchAlarms => f.write_str("to read CloudWatch alarms"),
            Self::CloudWatchMetrics => f.write_str("to read CloudWatch metrics"),
            Self::Fis(id) => write!(f, "to run the FIS action `{id}`"),
            Self::FisTemplate(Some(id)) => write!(f, "to run the FIS experiment template {id}"),
            Self::FisTemplate(None) => f.write_str("to run FIS experiment templates"),
            Self::Lease => f.write_str("to keep two pipelines from one cluster"),
            Self::Sweep => f.write_str("to end what dead runs have left"),
        }
    }
}
