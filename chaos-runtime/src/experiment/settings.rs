//! An experiment's settings with every default filled in.

use super::spec::{Options, Spec};
use crate::claim::{Claim, Limit, Metric, Value};
use crate::clock::{Nanos, nanos};
use crate::config::Config;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// An experiment's settings with every default filled in.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) warm_up: Duration,
    pub(crate) baseline: Duration,
    pub(crate) after: Duration,
    pub(crate) bin: Duration,
    /// How many good bins in a row make the steady state.
    pub(crate) needed_bins: u64,
    pub(crate) recovery_limit: Duration,
    pub(crate) confirm: Duration,
    pub(crate) timeout: Duration,
    pub(crate) confidence: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) profile: String,
    pub(crate) virtual_time: bool,
    pub(crate) config: Arc<Config>,
}

impl Settings {
    /// From the attribute and the environment: `CHAOS_SEED`, `CHAOS_PROFILE`.
    pub(crate) fn from_env(spec: &Spec) -> Result<Self> {
        let seed = match std::env::var("CHAOS_SEED") {
            Ok(text) => Some(text.trim().parse().map_err(|_| {
                Error::new(format!("CHAOS_SEED is not a number: `{text}`"))
                    .help("unset it, or set it to the number that a report printed")
            })?),
            Err(_) => spec.options.seed,
        };
        let profile = std::env::var("CHAOS_PROFILE").ok().filter(|name| !name.trim().is_empty());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        Ok(Self::new(spec, seed, profile.unwrap_or_else(|| "local".into()), false))
    }

    /// The same with what `chaos.toml` says, which must know the profile.
    pub(crate) fn with_config(self, config: Config) -> Result<Self> {
        config.check_profile(&self.profile)?;
        Ok(Self { config: Arc::new(config), ..self })
    }

    pub(crate) fn new(spec: &Spec, seed: u64, profile: String, virtual_time: bool) -> Self {
        let Options { warm_up, baseline, after, bin, stability, recovery_limit, confirm, timeout, confidence, .. } =
            spec.options;
        let bin = bin.unwrap_or(SECOND).max(Duration::from_millis(10));
        let stability = stability.unwrap_or(bin * 3);
        Self {
            warm_up: warm_up.unwrap_or(SECOND),
            baseline: baseline.unwrap_or(SECOND * 3),
            after: after.unwrap_or(SECOND * 3),
            bin,
            needed_bins: (nanos(stability).div_ceil(nanos(bin))).max(1),
            recovery_limit: recovery_limit.unwrap_or_else(|| default_recovery_limit(spec.hypothesis)),
            confirm: confirm.unwrap_or(SECOND * 5),
            timeout: timeout.unwrap_or(SECOND * 300),
            confidence,
            seed,
            profile,
            virtual_time,
            config: Arc::default(),
        }
    }

    /// Length of a bin.
    pub(crate) fn bin_ns(&self) -> Nanos {
        nanos(self.bin)
    }
}

/// Twice the tightest `recovery` claim, so that a refutation can say by how much; at least 30 s.
fn default_recovery_limit(hypothesis: &[Claim]) -> Duration {
    let tightest = hypothesis
        .iter()
        .filter(|claim| matches!(claim.metric, Metric::Recovery | Metric::EachRecovery))
        .filter_map(|claim| match claim.limit {
            Limit::Value(Value::Duration(limit)) => Some(limit),
            _ => None,
        })
        .min();
    tightest.map_or(SECOND * 30, |limit| (limit * 2).max(SECOND * 30))
}
