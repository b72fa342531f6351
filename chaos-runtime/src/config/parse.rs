//! The text of the file.

use super::{Config, one_of};
use crate::{Error, secret};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    redact: Redact,
    profile: BTreeMap<String, Profile>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Redact {
    names: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    http: BTreeMap<String, Spanned<Http>>,
}

/// An HTTP target as the file has it: variables are not put in yet.
#[derive(Clone, PartialEq)]
pub(crate) struct Http {
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Http {
    /// What stands in the file itself; what comes from the environment is registered when it is put in.
    pub(super) fn register_secrets(&self) {
        for (name, value) in self.headers.iter().filter(|(_, value)| !value.contains('$')) {
            secret::register_header(name, value);
        }
    }
}

impl fmt::Debug for Http {
    /// Without the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.keys().collect();
        f.debug_struct("Http").field("url", &secret::redact(&self.url)).field("headers", &headers).finish()
    }
}

impl<'de> Deserialize<'de> for Http {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            url: String,
            #[serde(default)]
            headers: BTreeMap<String, String>,
        }

        struct UrlOrTable;

        impl<'de> Visitor<'de> for UrlOrTable {
            type Value = Http;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, or a table with `url` and `headers`")
            }

            fn visit_str<E>(self, url: &str) -> Result<Http, E> {
                Ok(Http { url: url.to_owned(), headers: BTreeMap::new() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Http, A::Error> {
                let Table { url, headers } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Http { url, headers })
            }
        }

        deserializer.deserialize_any(UrlOrTable)
    }
}

/// What is wrong with a file. Never quotes a value, which may be a secret.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    /// Line and column, from 1.
    place: Option<(usize, usize)>,
    message: String,
    help: String,
}

impl Problem {
    pub(crate) fn in_file(self, path: &Path) -> Error {
        let Self { place, message, help } = self;
        let at = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        Error::new(format!("{}{at}: {message}", path.display())).help(help)
    }
}

/// Reads the text of a `chaos.toml`.
pub(crate) fn parse(text: &str) -> Result<Config, Problem> {
    let problem = |span: Option<Range<usize>>, message: String, help: String| Problem {
        place: span.map(|span| place(text, span.start)),
        message,
        help,
    };
    let file: File = toml::from_str(text).map_err(|error| {
        let (message, help) = explained(error.message());
        problem(error.span(), message, help)
    })?;
    let mut profiles = BTreeMap::new();
    for (profile, Profile { http }) in file.profile {
        let mut targets = BTreeMap::new();
        for (name, target) in http {
            let span = target.span();
            let target = target.into_inner();
            check(&target)
                .map_err(|(message, help)| problem(Some(span), format!("target `{name}`: {message}"), help))?;
            targets.insert(name, target);
        }
        profiles.insert(profile, targets);
    }
    Ok(Config { path: None, secret_names: file.redact.names, profiles })
}

/// What can be told without the environment.
fn check(target: &Http) -> Result<(), (String, String)> {
    if !target.url.contains('$') {
        base_url(&target.url)?;
    }
    for (name, value) in &target.headers {
        let help = || "a header is a name and a text in one line".to_owned();
        HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| (format!("`{name}` is no name of an HTTP header"), help()))?;
        HeaderValue::from_str(value)
            .map_err(|_| (format!("the value of header `{name}` has characters that are not allowed there"), help()))?;
    }
    Ok(())
}

/// A URL to which paths can be appended; otherwise what is wrong with it, and the way out.
pub(crate) fn base_url(text: &str) -> Result<Url, (String, String)> {
    let whole = || "give scheme and host, such as http://127.0.0.1:8080".to_owned();
    let url = Url::parse(text).map_err(|error| (format!("its URL is none: {error}"), whole()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err((format!("its URL has scheme `{}`, expected http or https", url.scheme()), whole()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let help = "log in with a header: headers = { authorization = \"Basic ${…}\" }".to_owned();
        return Err(("its URL has a user or a password".to_owned(), help));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(("its URL has a query or a fragment".to_owned(), "give it with each request".to_owned()));
    }
    Ok(url)
}

/// A message of the parser in our words, and the way out.
fn explained(message: &str) -> (String, String) {
    const KEYS: &str = "the keys are listed in the documentation of chaos_runtime::config";
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, [given, known @ ..]) = (message.starts_with("unknown field"), &*quoted) {
        return (format!("unknown key `{given}`"), one_of(given, known.iter().copied()));
    }
    if let (true, [missing, ..]) = (message.starts_with("missing field"), &*quoted) {
        return (format!("`{missing}` is missing"), KEYS.to_owned());
    }
    // "invalid type: string "…", expected …" quotes what may be a secret.
    if let Some((kind, rest)) = message.strip_prefix("invalid ").and_then(|rest| rest.split_once(": "))
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        let found = found.split(['"', '`']).next().unwrap_or_default().trim_end();
        return (format!("invalid {kind}: {found}, expected {expected}"), KEYS.to_owned());
    }
    let line = message.lines().collect::<Vec<_>>().join(", ");
    (line, "it must be TOML; see https://toml.io".to_owned())
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}
