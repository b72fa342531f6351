//! `chaos.toml`, and the services of the profile.

use super::check::Check;
use chaos_runtime::machine::{Reached, Settings};
use chaos_runtime::{Error, Result};
use std::path::PathBuf;
use std::time::Duration;

const GROUP: &str = "settings";
/// Clocks further apart than this make times of another machine useless on a timeline.
const SKEW_S: i64 = 5;

/// What tests of the packages read, by file: packages that share one are asked once.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) settings: Vec<Settings>,
    pub(super) errors: Vec<Error>,
}

impl Files {
    pub(super) fn of(packages: impl IntoIterator<Item = PathBuf>, profile: &str) -> Self {
        let mut files = Self::default();
        for package in packages {
            match Settings::of(&package, profile) {
                Ok(settings) if files.settings.iter().any(|known| known.path() == settings.path()) => {}
                Ok(settings) => files.settings.push(settings),
                Err(error) if files.errors.iter().any(|known| known.to_string() == error.to_string()) => {}
                Err(error) => files.errors.push(error),
            }
        }
        files
    }

    /// The one with an account, else the first: engine and account are asked once.
    pub(super) fn first(&self) -> Option<&Settings> {
        self.settings.iter().find(|settings| settings.aws().is_some()).or(self.settings.first())
    }

    /// The files themselves.
    pub(super) fn checks(&self, profile: &str) -> Vec<Check> {
        let why = "a mistake in it fails every chaos test before anything is started";
        let mut checks: Vec<Check> =
            self.errors.iter().map(|error| Check::because(GROUP, "chaos.toml", true, error).why(why)).collect();
        for settings in &self.settings {
            let found = match settings.path() {
                None => "none; everything has its default".to_owned(),
                Some(path) => {
                    let profiles = settings.profiles();
                    let profiles = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
                    format!("{}: valid; profiles: {profiles}", path.display())
                }
            };
            checks.push(Check::ok(GROUP, "chaos.toml", format!("{found}; asked for: {profile}")).why(why));
        }
        checks
    }
}

/// The services of a file's profile, all at once.
pub(super) fn services(settings: &Settings) -> Vec<Check> {
    let asking: Vec<_> = settings
        .http()
        .into_iter()
        .map(|name| {
            let (settings, asked) = (settings.clone(), name.clone());
            (name, std::thread::spawn(move || settings.reach(&asked)))
        })
        .collect();
    let failed = |_| Err(Error::new("the check itself failed"));
    asking.into_iter().map(|(name, asking)| service(&name, asking.join().unwrap_or_else(failed))).collect()
}

fn service(name: &str, reached: Result<Reached>) -> Check {
    let (group, name, why) = (GROUP, format!("http {name}"), format!("chaos.http(\"{name}\") in this profile"));
    let Reached { url, said, ahead_s, .. } = match reached {
        Ok(reached) => reached,
        Err(error) => return Check::because(group, name, true, &error).why(why),
    };
    let said = match said {
        None => "takes connections (TLS and HTTP are not tried)".to_owned(),
        Some(said) => format!("takes connections; GET: {said}"),
    };
    match ahead_s.filter(|ahead| ahead.abs() > SKEW_S) {
        Some(ahead) => {
            let apart = Duration::from_secs(ahead.unsigned_abs());
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            Check::warning(group, name, format!("{url} {said}; its clock is {} s {way} this one", apart.as_secs()))
                .fix("synchronise both by NTP: `sudo timedatectl set-ntp true`")
        }
        None => Check::ok(group, name, format!("{url} {said}")),
    }
    .why(why)
}
