//! `chaos.toml` as a test of a package would read it.

use super::wait_for;
use crate::config::{AwsSummary, Config};
use crate::target::HttpTarget;
use crate::{Error, Result};
use std::path::Path;
use std::time::Duration;

/// How long a service may take for the answer that doctor asks of it.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// What `chaos.toml` and the environment say for a package in a profile.
#[derive(Debug, Clone)]
pub struct Settings {
    config: Config,
    profile: String,
}

/// A service that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// Its base URL.
    pub url: String,
    /// What it says to a `GET` of the base URL: `200 OK`, or why there is no answer. `None`: not asked, as it is https.
    pub said: Option<String>,
    /// By how many seconds its clock is ahead of this one, by the answer's `date`, which has whole seconds.
    pub ahead_s: Option<i64>,
}

impl Settings {
    /// Reads them for the package in this directory.
    ///
    /// # Errors
    /// Those of every chaos test of the package.
    pub fn of(package: &Path, profile: &str) -> Result<Self> {
        let config = Config::of_package(package, profile)?;
        config.check_profile(profile)?;
        Ok(Self { config, profile: profile.to_owned() })
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.config.file()
    }

    /// The profiles that it has.
    pub fn profiles(&self) -> Vec<String> {
        self.config.profile_names().to_vec()
    }

    /// The HTTP services of the profile, by name.
    pub fn http(&self) -> Vec<String> {
        self.config.http_names(&self.profile)
    }

    /// The real Aurora clusters of the profile: name and identifier.
    pub fn clusters(&self) -> Vec<(String, String)> {
        self.config.clusters(&self.profile)
    }

    /// The images of the Auroras in containers that the profile names.
    pub fn aurora_images(&self) -> Vec<String> {
        self.config.aurora_images(&self.profile)
    }

    /// What stands in for an image, `name:tag`.
    ///
    /// # Errors
    /// If it is no reference of an image.
    pub fn image(&self, name: &str, tag: &str) -> Result<String> {
        self.config.image(name, tag)
    }

    /// What may be harmed in AWS; `None`: nothing.
    pub fn aws(&self) -> Option<AwsSummary> {
        self.config.aws(&self.profile).ok().map(|rules| rules.summary())
    }

    /// Reaches a service as `chaos.http(name)` does, and asks it for its base URL.
    ///
    /// # Errors
    /// Those of `chaos.http(name)`.
    pub fn reach(&self, name: &str) -> Result<Reached> {
        wait_for(async {
            let target = HttpTarget::of(&self.config, &self.profile, name).await?;
            let url = target.base().to_owned();
            if url.starts_with("https:") {
                return Ok(Reached { url, said: None, ahead_s: None });
            }
            crate::load::http::provide_crypto();
            let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
            let client = client.map_err(|error| Error::new("no HTTP client").caused_by(error))?;
            let mut request = client.get(&url).timeout(ANSWER_LIMIT);
            for (name, value) in target.headers() {
                request = request.header(name, value);
            }
            Ok(match request.send().await {
                Ok(answer) => {
                    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(instant);
                    let now = jiff::Timestamp::now().as_second();
                    Reached { url, said: Some(answer.status().to_string()), ahead_s: date.map(|date| date - now) }
                }
                Err(error) => {
                    let why = if error.is_timeout() {
                        "no answer within 3 s".to_owned()
                    } else {
                        error.without_url().to_string()
                    };
                    Reached { url, said: Some(why), ahead_s: None }
                }
            })
        })
    }

    #[cfg(feature = "aws")]
    pub(super) fn config(&self) -> (&Config, &str) {
        (&self.config, &self.profile)
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` in seconds since 1970.
fn instant(date: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp().as_second())
}
