//! `chaos.toml`: what differs between a laptop and staging, and what no report may show.
//!
//! The file lies beside the package's `Cargo.toml`, or in a directory above it up to the workspace's root (the nearest
//! one counts); `CHAOS_CONFIG=<path>` names another. Without a file everything has its default. A file that is malformed
//! fails every chaos test before anything is started.
//!
//! ```toml
//! [redact]
//! names = ["x-session"]
//!
//! [profile.local.http]
//! orders = "http://127.0.0.1:8080"
//!
//! [profile.staging.http]
//! orders = { url = "https://orders.staging.example.com", headers = { authorization = "Bearer ${ORDERS_TOKEN}" } }
//! ```
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `redact.names` | list of strings | headers, query parameters and environment variables whose values are secret, beyond those whose names [say so](crate::secret); case, `-` and `_` make no difference |
//! | `profile.<profile>` | table | a profile that `CHAOS_PROFILE` may name; the default is `local` |
//! | `profile.<profile>.http.<name>` | string or table | what [`chaos.http("<name>")`](crate::Chaos::http) gives: its base URL, or a table with the keys below |
//! | `….url` | string | the base URL, `http://…` or `https://…` (feature `tls`), perhaps with a path; without user, query and fragment |
//! | `….headers` | table of strings | sent with every request that the [handle](crate::target::HttpTarget) makes |
//!
//! In `url` and in header values, `${NAME}` or `$NAME` stands for the environment variable, and `$$` for a dollar sign. A
//! variable that is not set is an error where the target is asked for. Values of headers such as `authorization` are
//! kept [secret], wherever they come from.
//!
//! As soon as the file has profiles, `CHAOS_PROFILE` must name one of them (or `local`).

mod expand;
mod file;
mod parse;

pub(crate) use expand::expand;
pub(crate) use parse::{Http, base_url, parse};

use crate::secret;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What `chaos.toml` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    /// `None`: there is no file.
    pub(crate) path: Option<PathBuf>,
    pub(crate) secret_names: Vec<String>,
    /// The HTTP targets of each profile.
    pub(crate) profiles: BTreeMap<String, BTreeMap<String, Http>>,
}

impl Config {
    /// Reads the file that is in charge here, if there is one. What it says of secrets counts from then on.
    pub(crate) fn load() -> Result<Self> {
        let config = match file::find()? {
            Some(path) => file::read(path)?,
            None => Self::default(),
        };
        secret::register_names(&config.secret_names);
        for target in config.profiles.values().flat_map(BTreeMap::values) {
            target.register_secrets();
        }
        Ok(config)
    }

    /// Refuses a profile that the file does not have, if it has any.
    pub(crate) fn check_profile(&self, profile: &str) -> Result<()> {
        if self.profiles.is_empty() || profile == "local" || self.profiles.contains_key(profile) {
            return Ok(());
        }
        let known = self.profiles.keys().map(String::as_str).chain(["local"]);
        Err(Error::new(format!("CHAOS_PROFILE=`{profile}`, but {} has no such profile", self.name()))
            .help(one_of(profile, known)))
    }

    /// The HTTP target of this name.
    pub(crate) fn http(&self, profile: &str, name: &str) -> Result<&Http> {
        if let Some(target) = self.profiles.get(profile).and_then(|targets| targets.get(name)) {
            return Ok(target);
        }
        let add = format!("add it: [profile.{profile}.http] {name} = \"http://127.0.0.1:8080\"");
        let Some(path) = &self.path else {
            return Err(Error::new(format!("no HTTP target `{name}`: there is no chaos.toml"))
                .help(format!("make one beside the package's Cargo.toml, and {add}")));
        };
        let here = self.profiles.get(profile).into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let near = nearest(name, here).map(|near| format!("did you mean `{near}`? Otherwise {add}"));
        let elsewhere: Vec<&str> =
            self.profiles.iter().filter(|(_, targets)| targets.contains_key(name)).map(|(name, _)| &**name).collect();
        let also =
            if elsewhere.is_empty() { String::new() } else { format!("; profile {} has it", elsewhere.join(", ")) };
        let message = format!("no HTTP target `{name}` in profile `{profile}` of {}{also}", path.display());
        Err(Error::new(message).help(near.unwrap_or(add)))
    }

    /// The file, for messages.
    pub(crate) fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "chaos.toml".to_owned(), |path| path.display().to_string())
    }
}

/// `did you mean …?`, or all there is.
fn one_of<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    match nearest(given, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected one of: {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
    }
}

fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILAR: f64 = 0.75;
    let rated = known.map(|known| (strsim::jaro_winkler(&given.to_lowercase(), &known.to_lowercase()), known));
    rated.filter(|(rating, _)| *rating >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
