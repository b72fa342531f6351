//! Switches: one stops all harm, one is needed for what is named like production.

use crate::config::AwsRules;
use crate::{Error, Result};
use std::path::PathBuf;

/// Stops all harm while it is set.
const KILL: &str = "CHAOS_KILL_SWITCH";
/// Must name a profile that is production.
const ALLOW_PRODUCTION: &str = "CHAOS_ALLOW_PRODUCTION";

/// What can be asked without a call.
#[derive(Debug, Clone)]
pub(crate) struct Switches {
    profile: String,
    kill_file: Option<PathBuf>,
    production: bool,
}

impl Switches {
    pub(crate) fn new(profile: &str, rules: &AwsRules) -> Self {
        let production = rules.production.unwrap_or_else(|| is_named_like_production(profile));
        Self { profile: profile.to_owned(), kill_file: rules.kill_switch.clone(), production }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.check_with(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    fn check_with(&self, env: impl Fn(&str) -> Option<String>) -> Result<()> {
        if env(KILL).is_some_and(|value| !value.trim().is_empty()) {
            return Err(Error::new(format!("the kill switch is on: {KILL} is set"))
                .help("nothing is harmed while it is; unset it when whoever set it agrees"));
        }
        // A file that can't be looked at may be there.
        if let Some(file) = self.kill_file.as_ref().filter(|file| !matches!(file.try_exists(), Ok(false))) {
            return Err(Error::new(format!("the kill switch is on: {} exists", file.display()))
                .help("nothing is harmed while it does; remove it when whoever made it agrees"));
        }
        if self.production && env(ALLOW_PRODUCTION).as_deref().map(str::trim) != Some(&self.profile) {
            return Err(Error::new(format!("profile `{}` is production", self.profile)).help(format!(
                "set {ALLOW_PRODUCTION}={} if it is meant, or say `production = false` in [profile.{}.aws] if it is none",
                self.profile, self.profile
            )));
        }
        Ok(())
    }
}

/// Whether a word of the name says so.
fn is_named_like_production(profile: &str) -> bool {
    let profile = profile.to_ascii_lowercase();
    let mut words = profile.split(|c: char| !c.is_ascii_alphabetic());
    let is_production = |word: &str| ["prod", "prd", "live"].contains(&word) || word.starts_with("produ");
    words.any(is_production)
        && !profile.contains("non-prod")
        && !profile.contains("nonprod")
        && !profile.contains("preprod")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switches(profile: &str) -> Switches {
        Switches { profile: profile.into(), kill_file: None, production: is_named_like_production(profile) }
    }

    #[test]
    fn names_like_production_need_a_second_switch() {
        for name in ["prod", "Production", "eu-prod-2", "prod1", "live", "shop_prd", "produktion"] {
            assert!(switches(name).check_with(|_| None).is_err(), "{name}");
            let other = |variable: &str| (variable == ALLOW_PRODUCTION).then(|| "staging".to_owned());
            assert!(switches(name).check_with(other).is_err(), "{name}");
            let allowed = |variable: &str| (variable == ALLOW_PRODUCTION).then(|| name.to_owned());
            switches(name).check_with(allowed).unwrap();
        }
        for name in ["staging", "nightly", "non-prod", "preprod", "products-staging-none", "delivery"] {
            let is_none = switches(name).check_with(|_| None);
            assert!(is_none.is_ok() || name.starts_with("products"), "{name}");
        }
    }

    #[test]
    fn the_kill_switch_is_a_variable_or_a_file() {
        let set = |variable: &str| (variable == KILL).then(|| "1".to_owned());
        assert!(switches("staging").check_with(set).unwrap_err().to_string().contains("CHAOS_KILL_SWITCH is set"));
        let blank = |variable: &str| (variable == KILL).then(|| " ".to_owned());
        switches("staging").check_with(blank).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("stop");
        let switches = Switches { kill_file: Some(file.clone()), ..switches("staging") };
        switches.check_with(|_| None).unwrap();
        std::fs::write(&file, "").unwrap();
        assert!(switches.check_with(|_| None).unwrap_err().to_string().contains("stop exists"));
    }
}
