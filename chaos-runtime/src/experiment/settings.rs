//! An experiment's settings with every default filled in.

use super::invocation::{self, Invocation};
use super::spec::{Options, Spec};
use crate::claim::{Claim, Limit, Metric, Value};
use crate::clock::{Nanos, nanos};
use crate::config::Config;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);

/// How long a fault may take to be confirmed, unless the attribute or the fault says otherwise.
pub(crate) const DEFAULT_CONFIRM: Duration = Duration::from_secs(5);

/// How often a fault is asked for evidence.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// How long a fault that is to be undone may take to say whether it is still there.
pub(crate) const LAST_LOOK: Duration = Duration::from_secs(1);

/// The same for what happens far away.
pub(crate) const LAST_LOOK_FAR: Duration = Duration::from_secs(10);

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
    /// What the attribute says; see [`DEFAULT_CONFIRM`].
    pub(crate) confirm: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) confidence: Option<f64>,
    pub(crate) seed: u64,
    pub(crate) profile: String,
    pub(crate) virtual_time: bool,
    /// Whether a watchdog is wanted for faults that outlive the process.
    pub(crate) watchdog: bool,
    /// Everything up to the harm, and no harm.
    pub(crate) dry_run: bool,
    pub(crate) config: Arc<Config>,
}

impl Settings {
    /// From the flags of this process, its environment and the attribute, whoever speaks first.
    pub(crate) fn current(spec: &Spec) -> Result<Self> {
        Self::resolve(spec, invocation::current(), |name| {
            // What is no UTF-8 is as wrong as any other nonsense, and is told as such.
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// `env` reads `CHAOS_SEED`, `CHAOS_PROFILE`, `CHAOS_WATCHDOG` and `CHAOS_DRY_RUN`.
    fn resolve(spec: &Spec, flags: &Invocation, env: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let seed = match (flags.seed, env("CHAOS_SEED")) {
            (Some(seed), _) => Some(seed),
            (None, Some(text)) => Some(text.trim().parse().map_err(|_| {
                Error::new(format!("CHAOS_SEED is not a number: `{text}`"))
                    .help("unset it, or set it to the number that a report printed")
            })?),
            (None, None) => spec.options.seed,
        };
        let profile = || env("CHAOS_PROFILE").filter(|name| !name.trim().is_empty());
        let profile = flags.profile.clone().or_else(profile).unwrap_or_else(|| "local".into());
        let seed = seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        let watchdog = watchdog(&env("CHAOS_WATCHDOG").unwrap_or_default())?;
        let dry_run = dry_run(&env("CHAOS_DRY_RUN").unwrap_or_default())?;
        Ok(Self { watchdog, dry_run, ..Self::new(spec, seed, profile, false) })
    }

    /// The same with what `chaos.toml` says, which must know the profile, and those that the attribute names.
    pub(crate) fn with_config(self, spec: &Spec, config: Config) -> Result<Self> {
        config.check_profile(&self.profile)?;
        config.check_attribute(spec.options.profiles)?;
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
            confirm,
            timeout: timeout.unwrap_or(SECOND * 300),
            confidence,
            seed,
            profile,
            virtual_time,
            watchdog: !virtual_time,
            dry_run: false,
            config: Arc::default(),
        }
    }

    /// The wall's time at the start of an experiment that starts now.
    pub(crate) fn origin(&self) -> SystemTime {
        // The same seed must give the same journal, on any day: 2026-01-01.
        let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        if self.virtual_time { day } else { SystemTime::now() }
    }

    /// Length of a bin.
    pub(crate) fn bin_ns(&self) -> Nanos {
        nanos(self.bin)
    }
}

/// What `CHAOS_WATCHDOG` says.
fn watchdog(text: &str) -> Result<bool> {
    match text.trim() {
        "" | "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Error::new(format!("CHAOS_WATCHDOG is neither `on` nor `off`: `{text}`"))
            .help("unset it, or set it to `off` if no process may be started that outlives the test's")),
    }
}

/// What `CHAOS_DRY_RUN` says.
fn dry_run(text: &str) -> Result<bool> {
    match text.trim() {
        "" | "0" | "off" | "false" => Ok(false),
        "1" | "on" | "true" => Ok(true),
        // Whoever meant a dry run must not get a real one.
        _ => Err(Error::new(format!("CHAOS_DRY_RUN is neither `1` nor `0`: `{text}`"))
            .help("set it to `1` for a run that harms nothing, or unset it")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::__private::spec::spec;

    #[test]
    fn the_watchdog_is_on_unless_it_is_switched_off() {
        for (text, expected) in [("", true), ("on", true), (" off ", false)] {
            assert_eq!(watchdog(text).unwrap(), expected, "{text:?}");
        }
        for nonsense in ["0", "no", "OFF", "true"] {
            let error = watchdog(nonsense).unwrap_err();
            assert!(error.to_string().contains(&format!("`{nonsense}`")) && error.help_text().is_some(), "{error}");
        }
    }

    #[test]
    fn a_dry_run_is_asked_for_in_so_many_words() {
        for (text, expected) in [("", false), ("0", false), ("1", true), (" on ", true), ("true", true)] {
            assert_eq!(dry_run(text).unwrap(), expected, "{text:?}");
        }
        assert!(dry_run("yes").unwrap_err().help_text().is_some());
    }

    #[test]
    fn a_flag_outranks_the_environment_and_that_the_attribute() {
        let mut spec = spec("x", "x", "x", "x.rs", 1, 1, "");
        let chosen = |spec: &Spec, flags: &Invocation, seed: Option<&str>, profile: Option<&str>| {
            let env = |name: &str| match name {
                "CHAOS_SEED" => seed.map(str::to_owned),
                "CHAOS_PROFILE" => profile.map(str::to_owned),
                _ => None,
            };
            Settings::resolve(spec, flags, env).map(|settings| (settings.seed, settings.profile))
        };
        let none = Invocation::default();
        let flags = Invocation { seed: Some(1), profile: Some("one".into()), ..Invocation::default() };
        let drawn = |_| chosen(&spec, &none, None, None).unwrap().0;
        assert_ne!([1, 2, 3].map(drawn), [drawn(4); 3], "nobody said anything");
        spec.options.seed = Some(3);
        assert_eq!(chosen(&spec, &none, None, None).unwrap(), (3, "local".to_owned()));
        assert_eq!(chosen(&spec, &none, Some(" 2 "), Some("two")).unwrap(), (2, "two".to_owned()));
        assert_eq!(chosen(&spec, &flags, Some("2"), Some("two")).unwrap(), (1, "one".to_owned()));
        assert_eq!(chosen(&spec, &flags, Some("none"), None).unwrap().0, 1, "what does not count can't be wrong");
        let error = chosen(&spec, &none, Some("none"), None).unwrap_err();
        assert!(error.to_string().contains("CHAOS_SEED is not a number: `none`\nhelp: "), "{error}");
    }
}
