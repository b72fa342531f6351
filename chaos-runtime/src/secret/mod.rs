//! Secrets: values that no journal, JUnit file, terminal, live line or panic message may show.
//!
//! Everything that leaves the process passes [redaction](#what-is-redacted): a secret becomes `[redacted]`. Hand over
//! your own with [`Secret`]:
//!
//! ```
//! use chaos_runtime::Secret;
//!
//! let token = Secret::new("wJalrXUtnFEMI-K7MDENG");
//! assert_eq!(format!("{token} {token:?}"), "[redacted] [redacted]");
//! # use chaos_runtime::prelude::http;
//! let request = http::get("http://127.0.0.1:8080/orders").bearer(token.expose());
//! ```
//!
//! # What is redacted
//! 1. Every [`Secret`]'s value, wherever it turns up: in a server's answer, in what a child process writes, in a panic.
//! 2. Values under names that promise a secret (`authorization`, `cookie`, `x-api-key`, `…token`, `…secret…`,
//!    `…password…`, `…credential…`, and what `names` in [`chaos.toml`](crate::config) adds): headers and query
//!    parameters of [`http`](crate::load::http) requests, the password in their URL, variables given to child processes,
//!    and variables of this process (there also `…_KEY`, and the password in URLs such as `DATABASE_URL`).
//! 3. What looks like a secret, wherever it comes from: AWS access keys, JSON Web Tokens, tokens of GitHub, GitLab, Slack
//!    and Stripe, private keys in PEM, `Authorization: Bearer …` and `Basic …`, `scheme://user:password@host`,
//!    `password=…` and its like in query strings, connection strings and JSON.
//!
//! Values of 1 and 2 are found in plain text, percent-encoded, in base64, and with the escapes of JSON and Rust. Values
//! shorter than 6 bytes are not searched for: they would hit everywhere.
//!
//! # What is not
//! - What your own code prints, except panic messages.
//! - Names of tests, packages and source files, which are in the source code anyway.
//! - The rollback ledger in `<target>/chaos/undo`: a recipe must work after a crash, so its command stands there as it
//!   is. The files can be read by their owner only (mode 0600) and are removed when all is undone.
//! - [`Process::output`](crate::target::Process::output) and [`Error::message`](crate::Error::message): they give your
//!   own code what it asked for.

mod environment;
mod known;
mod names;
mod panic;
mod pattern;
mod redactor;
mod value;
mod view;

pub(crate) use environment::register_environment;
pub(crate) use panic::redact_panics;

use redactor::Redactor;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

/// Stands for a secret.
pub(crate) const PLACEHOLDER: &str = "[redacted]";

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// A value that is shown nowhere: not by itself, which prints as `[redacted]`, and not as a part of any report.
///
/// Making one makes the whole process keep the value secret from then on; that costs an allocation, and reports
/// something when they are written, but operations nothing. See [the module](self) for how it is found.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T = String>(T);

impl<T: AsRef<str>> Secret<T> {
    /// Keeps this value secret. Values shorter than 6 bytes are not searched for in other texts.
    pub fn new(value: T) -> Self {
        REDACTOR.add(value.as_ref());
        Self(value)
    }

    /// The value itself.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl Secret {
    /// The value of an environment variable, kept secret.
    ///
    /// # Errors
    /// When the variable is not set or not Unicode.
    pub fn from_env(name: &str) -> crate::Result<Self> {
        std::env::var(name).map(Self::new).map_err(|error| {
            let why = match error {
                std::env::VarError::NotPresent => "is not set",
                std::env::VarError::NotUnicode(_) => "is not Unicode",
            };
            crate::Error::new(format!("the environment variable {name} {why}"))
                .help(format!("set {name} where the tests run"))
        })
    }
}

impl<T: AsRef<str>> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(PLACEHOLDER)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(PLACEHOLDER)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

/// The text with `[redacted]` in place of every secret; borrowed if it holds none. Redacting twice changes nothing more.
///
/// Texts are redacted before they are cut, lest half a secret be left.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    REDACTOR.redact(text)
}

/// Where a text may be cut at or before `at` without cutting a secret in two.
pub(crate) fn cut_before(text: &str, at: usize) -> usize {
    let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    REDACTOR.places(text).into_iter().find(|(start, end)| (*start + 1..*end).contains(&at)).map_or(at, |place| place.0)
}

/// The secrets in a text, as they stand in it.
pub(crate) fn found_in(text: &str) -> Vec<String> {
    REDACTOR.places(text).into_iter().map(|(start, end)| text[start..end].to_owned()).collect()
}

/// Keeps these values secret.
pub(crate) fn register(values: &[String]) {
    values.iter().for_each(|value| REDACTOR.add(value));
}

/// Values under these names are secret too.
pub(crate) fn register_names(names: &[String]) {
    REDACTOR.add_names(names);
}

/// Keeps the value of a header secret if its name says that it is.
pub(crate) fn register_header(name: &str, value: &str) {
    if !names::is_secret_setting(name, &REDACTOR.own_names()) {
        return;
    }
    REDACTOR.add(value);
    // The parts are as secret as the whole: `Bearer …`, `session=…; theme=…`.
    if let Some((_, credentials)) = value.split_once(' ') {
        REDACTOR.add(credentials);
        register_basic(credentials);
    }
    if names::plain(name).ends_with("COOKIE") {
        value.split(';').filter_map(|pair| pair.split_once('=')).for_each(|(_, value)| REDACTOR.add(value));
    }
}

/// The password of `Basic` credentials.
fn register_basic(credentials: &str) {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD.decode(credentials.trim()).ok();
    let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
        REDACTOR.add(password);
    }
}

/// Keeps the password of a URL secret, and what its query has under names that promise a secret.
pub(crate) fn register_url(url: &reqwest::Url) {
    if let Some(password) = url.password() {
        register_encoded(password);
    }
    for (name, value) in url.query_pairs() {
        register_parameter(&name, &value);
    }
}

/// Keeps the value of a query's parameter secret if its name says that it is.
pub(crate) fn register_parameter(name: &str, value: &str) {
    if names::is_secret_in_query(name, &REDACTOR.own_names()) {
        REDACTOR.add(value);
    }
}

/// Keeps the value of a variable secret if its name says that it is, and the password in it if it is a URL.
pub(crate) fn register_variable(name: &str, value: &str) {
    if names::is_secret_setting(name, &REDACTOR.own_names()) && !is_existing_path(value) {
        REDACTOR.add(value);
    }
    if value.contains("://")
        && let Ok(url) = reqwest::Url::parse(value)
        && let Some(password) = url.password()
    {
        register_encoded(password);
    }
}

/// As it stands in a URL, and as it is meant.
fn register_encoded(value: &str) {
    REDACTOR.add(value);
    if let Some(decoded) = view::View::of_percents(value.as_bytes()).and_then(|v| String::from_utf8(v.bytes).ok()) {
        REDACTOR.add(&decoded);
    }
}

/// `GOOGLE_APPLICATION_CREDENTIALS=/path/to/key.json` says where a secret lies, and is none.
fn is_existing_path(value: &str) -> bool {
    let path = std::path::Path::new(value);
    path.is_absolute() && path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nowhere_and_is_given_when_asked_for() {
        let secret = Secret::new("tr0ub4dor&3".to_owned());
        assert_eq!(secret.expose(), "tr0ub4dor&3");
        assert_eq!(format!("{secret}, {secret:?}, {:?}", Some(&secret)), "[redacted], [redacted], Some([redacted])");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"[redacted]\"");
        assert_eq!(redact("the server said tr0ub4dor&3, twice"), "the server said [redacted], twice");
    }

    #[test]
    fn a_cut_goes_before_a_secret_rather_than_through_it() {
        let _secret = Secret::new("cut-me-not-77");
        let text = "ä before cut-me-not-77 after";
        assert_eq!(&text[..cut_before(text, 15)], "ä before ");
        assert_eq!(&text[..cut_before(text, 5)], "ä be");
        assert_eq!(cut_before(text, 1), 0);
        assert_eq!(cut_before(text, 1_000), text.len());
    }

    #[test]
    fn what_requests_and_children_are_given_is_secret_by_its_name() {
        register_header("Authorization", "Basic YW5uOnMzY3JldC1vZi1hbm4=");
        register_header("cookie", "theme=d; session=5e55-10n-c00kie");
        register_header("accept", "application/vnd.orders");
        register_variable("ORDERS_DB", "postgres://ann:p%40ss-of-db@db/orders");
        register_variable("PATH", "/usr/local/sbin-of-test");
        register_url(&reqwest::Url::parse("http://h/?api_key=qu3ry-key&page=page-of-two").unwrap());
        for (text, clean) in [
            ("<s3cret-of-ann>", "<[redacted]>"),
            ("<5e55-10n-c00kie>", "<[redacted]>"),
            ("<p%40ss-of-db> <p@ss-of-db>", "<[redacted]> <[redacted]>"),
            ("<qu3ry-key>", "<[redacted]>"),
            ("application/vnd.orders /usr/local/sbin-of-test page-of-two", ""),
        ] {
            assert_eq!(redact(text), if clean.is_empty() { text } else { clean });
        }
    }
}
