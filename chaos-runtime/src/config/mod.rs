//! `chaos.toml`: what differs between a laptop and staging, and what no report may show.
//!
//! The file lies beside the package's `Cargo.toml`, or in a directory above it up to the workspace's root (the nearest
//! one counts); `CHAOS_CONFIG=<path>` names another. Without a file everything has its default. A mistake in it fails
//! every chaos test before anything is started, with line, column and the way out.
//!
//! ```toml
//! #:schema ../chaos-test/schema/chaos-toml-v1.json
//! [redact]
//! names = ["x-session"]
//!
//! [images]
//! redis = "registry.example.com:5000/library/redis:7.2"
//!
//! [profile.local.http]
//! orders = "http://127.0.0.1:8080"
//!
//! [profile.local.aurora.payments]
//! readers = 2
//! promotion_time = "5s"
//!
//! [profile.staging.http]
//! orders = { url = "https://orders.staging.example.com", headers = { authorization = "Bearer ${ORDERS_TOKEN}" } }
//! ```
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `redact.names` | list of texts | headers, query parameters and environment variables whose values are secret, beyond those whose names [say so](crate::secret); case, `-` and `_` make no difference |
//! | `images.<image>` | text | the image that stands in for this one, in every profile: see [below](#images) |
//! | `profile.<profile>` | table | a profile that `CHAOS_PROFILE` may name; the default is `local` |
//! | `….http.<name>` | text or table | what [`chaos.http("<name>")`](crate::Chaos::http) gives: its base URL, or a table with the keys below |
//! | `….http.<name>.url` | text, *template* | the base URL, `http://…` or `https://…` (feature `tls`), perhaps with a path; without user, query and fragment |
//! | `….http.<name>.headers` | table of *templates* | sent with every request that the [handle](crate::target::HttpTarget) makes |
//! | `….aurora.<name>` | table | what `chaos.aurora("<name>")` gives (feature `docker`): an Aurora in containers; in profile `local` it need not be in the file |
//! | `….aurora.<name>.readers` | 0 to 15, default 1 | readers beside the writer |
//! | `….aurora.<name>.image` | text, default `postgres:17` | what its containers run; `[images]` applies to it |
//! | `….aurora.<name>.database`, `.user` | text, default `app` | the database that is made, and its owner: letters, digits, `_`, `-` |
//! | `….aurora.<name>.password` | text, *template* | the owner's password; by default one is drawn for each process |
//! | `….aurora.<name>.synchronous` | `true`, `false` (default) | whether a commit waits until a reader has it |
//! | `….aurora.<name>.cluster` | text | the identifier of a real Aurora cluster (feature `aws`), in a profile with `aws`; beside it only `database`, `user` and `password` |
//! | `….aurora.<name>.promotion_time` | duration, such as `"2s"` | how long a reader takes to become the writer; by default as long as it takes by itself |
//!
//! | `….aws` | table | the AWS account that may be harmed (feature `aws`); without it, none: see [`aws`](#aws) |
//!
//! In a *template*, `${NAME}` or `$NAME` stands for the environment variable, and `$$` for a dollar sign. A variable that
//! is not set is an error where the target is asked for. Passwords, and values of headers such as `authorization`, are
//! kept [secret], wherever they come from.
//!
//! # Profiles
//! As soon as the file has profiles, `CHAOS_PROFILE` must name one of them (or `local`), and so must `profiles(…)` in
//! [the attribute](macro@crate::chaos_test): a mistyped name there would be a test that runs nowhere.
//!
//! # Images
//! The key is an image as tests name it, with its tag (`"redis:7"`) or without (`redis`, `"nicolaka/netshoot"`); with
//! the tag it outranks the one without. The value is a whole reference, with a tag, a digest, or both.
//!
//! # AWS
//! What `[profile.<profile>.aws]` does not allow is refused before any call that changes something; no variable outranks
//! it. `accounts`, `region` and `tag` must be there.
//!
//! ```toml
//! [profile.staging.aws]
//! accounts = ["123456789012"]
//! region = "eu-west-1"
//! tag = "chaos-test=allowed"
//! role = "arn:aws:iam::123456789012:role/chaos-fis"
//! stop_alarms = ["orders-error-budget"]
//! max_duration = "10m"
//! kill_switch = "no-chaos-today"
//!
//! [profile.staging.aurora.payments]
//! cluster = "payments-staging"
//! user = "payments"
//! password = "${PAYMENTS_PASSWORD}"
//! ```
//!
//! | key | type | meaning |
//! |---|---|---|
//! | `accounts` | list of texts | the accounts that may be harmed; STS is asked before anything else |
//! | `region` | text | the region of all calls; `AWS_REGION` may say the same, or nothing |
//! | `tag` | text, `key=value` | what every target must carry |
//! | `role` | text, ARN | the role that FIS takes on for experiments that are built in code |
//! | `stop_alarms` | list of texts | names or ARNs of CloudWatch alarms that stop every FIS experiment built in code; each must be OK before |
//! | `max_duration` | duration, default `"15m"`, at most `"12h"` | how long a fault may last |
//! | `kill_switch` | text | a file, from the directory of `chaos.toml`: while it exists, nothing is harmed, as while the variable `CHAOS_KILL_SWITCH` is set or the safety lever of FIS is engaged |
//! | `production` | `true`, `false` | whether `CHAOS_ALLOW_PRODUCTION=<profile>` is needed, too; by default if the profile is named like production |
//! | `emulator` | `true`, `false` (default) | all endpoints are an emulator's (`AWS_ENDPOINT_URL`); they must be if it is said, and must not if it is not |
//!
//! # Variables
//! Every key of a target can be set by the environment, for the profile in charge, and so can images. The environment
//! outranks the file. Its names are those of the file in upper case, with `_` for every character but A-Z and 0-9:
//!
//! | variable | stands for |
//! |---|---|
//! | `CHAOS_HTTP_ORDERS_URL` | `http.orders.url` |
//! | `CHAOS_HTTP_ORDERS_HEADERS_X_API_KEY` | `http.orders.headers.x-api-key` |
//! | `CHAOS_AURORA_PAYMENTS_READERS` | `aurora.payments.readers` |
//! | `CHAOS_IMAGE_NICOLAKA_NETSHOOT`, `CHAOS_IMAGE_REDIS_7` | `images."nicolaka/netshoot"`, `images."redis:7"` |
//!
//! Such a variable may also make a target that the file does not have. One that fits no key is an error, and so is one
//! that fits no target but nearly fits one of the file's. Values are checked as those of the file are, but a dollar sign
//! in them is a dollar sign. An empty variable says nothing.
//!
//! # Editors
//! `schema/chaos-toml-v1.json` in the repository is the file's JSON Schema. Editors that use taplo complete and check the
//! file with it when the first line is `#:schema <path or URL of the schema>`. [`check`] says what a test would say.

mod aurora;
mod aws;
mod document;
mod duration;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
mod fuzz;
mod http;
mod image;
mod name;
mod overrides;
mod parse;
mod problem;
#[cfg(feature = "schema")]
mod schema;
pub(crate) mod suggestion;
mod template;
mod variable;

#[allow(unused_imports, reason = "for Aurora in containers and in AWS")]
pub(crate) use aurora::{AuroraSettings, ClusterSettings};
#[cfg_attr(not(feature = "aws"), allow(unused_imports, reason = "for AWS"))]
pub(crate) use aws::AwsRules;
pub use aws::AwsSummary;
pub(crate) use file::workspace_root;
#[cfg(feature = "fuzzing")]
pub(crate) use fuzz::fuzz;
pub(crate) use http::{Http, base_url, header_value};
pub(crate) use problem::Wrong;
#[cfg(feature = "schema")]
pub use schema::schema;

use crate::secret;
use crate::{Error, Result};
use aurora::Aurora;
use image::Images;
use problem::Placed;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use suggestion::{nearest, one_of};
use template::Template;

/// Checks the text of a `chaos.toml`, as every chaos test does before anything is started.
///
/// # Errors
/// With line, column and the way out, when something is wrong with it.
pub fn check(text: &str) -> Result<()> {
    parse::parse(text).map(drop).map_err(|problem| problem.in_file(Path::new(file::NAME)))
}

/// What `chaos.toml` says, and what the environment says instead.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    /// `None`: there is no file.
    path: Option<PathBuf>,
    pub(crate) secret_names: Vec<String>,
    images: Images,
    /// Those that the file has.
    profile_names: Vec<String>,
    profiles: BTreeMap<String, Profile>,
}

/// The targets of a profile.
#[derive(Debug, Clone, Default, PartialEq)]
struct Profile {
    http: Targets<Http>,
    aurora: Targets<Aurora>,
    aws: Option<AwsRules>,
}

/// A kind of target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Http,
    Aurora,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Http, Self::Aurora];

    /// In the file.
    const fn key(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Aurora => "aurora",
        }
    }

    const fn named(self) -> &'static str {
        match self {
            Self::Http => "HTTP target",
            Self::Aurora => "Aurora",
        }
    }
}

/// The targets of one kind in a profile.
#[derive(Debug, Clone, PartialEq)]
struct Targets<T> {
    targets: BTreeMap<String, T>,
    /// Those that only variables know, whose names have lost case and punctuation.
    by_variable: BTreeSet<String>,
}

impl<T> Targets<T> {
    fn find(&self, name: &str) -> Option<&T> {
        let same = |known: &&String| variable::part(known) == variable::part(name);
        self.targets.get(name).or_else(|| self.targets.get(self.by_variable.iter().find(same)?))
    }
}

impl<T> Default for Targets<T> {
    fn default() -> Self {
        Self { targets: BTreeMap::new(), by_variable: BTreeSet::new() }
    }
}

impl Config {
    /// Reads the file that is in charge here, if there is one, and the variables that outrank it in this profile. What
    /// they say of secrets counts from then on.
    pub(crate) fn load(profile: &str) -> Result<Self> {
        let config = file::read(file::find()?, profile, std::env::vars_os())?;
        config.register_secrets();
        Ok(config)
    }

    /// The same for the package in this directory, whatever cargo has set.
    pub(crate) fn of_package(package: &Path, profile: &str) -> Result<Self> {
        let config = file::read(file::find_for(package)?, profile, std::env::vars_os())?;
        config.register_secrets();
        Ok(config)
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The profiles that the file has.
    pub(crate) fn profile_names(&self) -> &[String] {
        &self.profile_names
    }

    /// The HTTP targets of a profile.
    pub(crate) fn http_names(&self, profile: &str) -> Vec<String> {
        self.profiles.get(profile).map(|targets| targets.http.targets.keys().cloned().collect()).unwrap_or_default()
    }

    fn register_secrets(&self) {
        secret::register_names(&self.secret_names);
        for profile in self.profiles.values() {
            profile.http.targets.values().for_each(Http::register_secrets);
            profile.aurora.targets.values().for_each(Aurora::register_secrets);
        }
    }

    /// Refuses a profile that the file does not have, if it has any.
    pub(crate) fn check_profile(&self, profile: &str) -> Result<()> {
        if self.knows_profile(profile) {
            return Ok(());
        }
        Err(Error::new(format!("CHAOS_PROFILE=`{profile}`, but {} has no such profile", self.path().display()))
            .help(one_of(profile, self.known_profiles())))
    }

    /// Refuses the same in `profiles(…)`: a test that names a profile which does not exist would never run there.
    pub(crate) fn check_attribute(&self, profiles: &[&str]) -> Result<()> {
        let Some(unknown) = profiles.iter().find(|profile| !self.knows_profile(profile)) else { return Ok(()) };
        let message =
            format!("profiles({unknown}) in the attribute, but {} has no such profile", self.path().display());
        let help = one_of(unknown, self.known_profiles());
        let end = if help.ends_with('?') { "" } else { "." };
        Err(Error::new(message).help(format!("{help}{end} Otherwise add [profile.{unknown}] to the file")))
    }

    fn known_profiles(&self) -> impl Iterator<Item = &str> {
        self.profile_names.iter().map(String::as_str).chain(["local"])
    }

    fn knows_profile(&self, profile: &str) -> bool {
        self.profile_names.is_empty() || profile == "local" || self.profile_names.iter().any(|known| known == profile)
    }

    /// The HTTP target of this name.
    pub(crate) fn http(&self, profile: &str, name: &str) -> Result<&Http> {
        self.target(Kind::Http, profile, name, |profile| &profile.http)
    }

    fn target<T>(&self, kind: Kind, profile: &str, name: &str, of: fn(&Profile) -> &Targets<T>) -> Result<&T> {
        let here = self.profiles.get(profile).map(of);
        if let Some(target) = here.and_then(|targets| targets.find(name)) {
            return Ok(target);
        }
        let what = kind.named();
        let table = format!("[profile.{profile}.{}", kind.key());
        let add = match kind {
            Kind::Http => format!("add it: {table}] {name} = \"http://127.0.0.1:8080\""),
            Kind::Aurora => format!("add it: {table}.{name}]"),
        };
        let Some(path) = &self.path else {
            return Err(Error::new(format!("no {what} `{name}`: there is no chaos.toml"))
                .help(format!("make one beside the package's Cargo.toml, and {add}")));
        };
        let here = here.into_iter().flat_map(|targets| targets.targets.keys()).map(String::as_str);
        let near = nearest(name, here).map(|near| format!("did you mean `{near}`? Otherwise {add}"));
        let has_it = self.profiles.iter().filter(|(_, targets)| of(targets).find(name).is_some());
        let elsewhere: Vec<&str> = has_it.map(|(name, _)| &**name).collect();
        let also =
            if elsewhere.is_empty() { String::new() } else { format!("; profile {} has it", elsewhere.join(", ")) };
        let message = format!("no {what} `{name}` in profile `{profile}` of {}{also}", path.display());
        Err(Error::new(message).help(near.unwrap_or(add)))
    }

    /// A value with the environment's variables in it; `key` is that of the file.
    pub(crate) fn filled(&self, key: &str, template: &Placed<Template>) -> Result<String> {
        let filled = template.value.filled(|name| std::env::var(name).ok());
        filled.map_err(|error| {
            let wrong = Wrong::new(error.message(), error.help_text().unwrap_or_default());
            self.failed(key, template, &wrong)
        })
    }

    /// The error that this value turned out to be wrong.
    pub(crate) fn failed<T>(&self, key: &str, at: &Placed<T>, wrong: &Wrong) -> Error {
        let Wrong { message, help } = wrong;
        Error::new(format!("{key} in {}: {message}", at.place.named(self.path()))).help(help)
    }

    /// The file, for messages.
    fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or_else(|| Path::new(file::NAME))
    }
}

#[cfg(test)]
pub(crate) use parse::parse;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
