//! The text of the file.

use super::aurora::Aurora;
use super::aws::AwsRules;
use super::document::{self, Document};
use super::http::Http;
use super::image::Images;
use super::overrides::{self, Made};
use super::problem::{HELP, Place, Placed, Problem, Wrong};
use super::suggestion::{listed, one_of};
use super::variable::{self, Variable};
use super::{Config, Profile, Targets};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads the text of a `chaos.toml`.
pub(crate) fn parse(text: &str) -> Result<Config, Problem> {
    read(text, "local", &[])
}

/// The same with the environment's variables, which outrank what the file has for this profile.
pub(super) fn read(text: &str, profile: &str, variables: &[Variable]) -> Result<Config, Problem> {
    let origin = Origin { text, variables };
    let mut table = DeTable::parse(text).map_err(|error| origin.problem(&error))?;
    let profile_names = names_of_profiles(table.get_ref());
    // By itself first: no variable makes a mistake of the file good.
    let mut document = document(&origin, table.clone())?;
    let mut made = Made::default();
    if !variables.is_empty() {
        made = overrides::apply(table.get_mut(), profile, &origin)?;
        document = self::document(&origin, table)?;
    }
    let Document { redact, images, profile: profiles } = document;
    let of_profile = |name: &str, given: document::Profile| {
        let aws = given.aws.map(|aws| aws_of(&origin, aws)).transpose()?;
        let aurora = given.aurora.into_iter();
        let aurora = aurora.map(|(name, aurora)| Ok((name.0, aurora_of(&origin, aurora, aws.is_some())?)));
        let made = |kind| if name == profile { made.of(kind) } else { Default::default() };
        Ok(Profile {
            http: Targets {
                targets: given.http.into_iter().map(|(name, http)| (name.0, http_of(&origin, http))).collect(),
                by_variable: made(super::Kind::Http),
            },
            aurora: Targets {
                targets: aurora.collect::<Result<_, Problem>>()?,
                by_variable: made(super::Kind::Aurora),
            },
            aws,
        })
    };
    let profiles = profiles.into_iter().map(|(name, given)| Ok((name.0.clone(), of_profile(&name.0, given)?)));
    Ok(Config {
        path: None,
        secret_names: redact.names.into_iter().map(|name| name.0).collect(),
        images: Images { variables: variable::images(&origin, &images)?, in_file: images },
        profile_names,
        profiles: profiles.collect::<Result<_, Problem>>()?,
    })
}

fn document(origin: &Origin<'_>, table: Spanned<DeTable<'_>>) -> Result<Document, Problem> {
    let misplaced = misplaced(table.get_ref());
    match (Document::deserialize(toml::de::Deserializer::from(table)), misplaced) {
        (Err(error), _) if is_unknown_key(&error) => Err(origin.problem(&error)),
        (_, Some((span, wrong))) => Err(wrong.at(origin.place(&span))),
        (document, None) => document.map_err(|error| origin.problem(&error)),
    }
}

/// The file's text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let origin = Origin { text: &good, variables: &[] };
        let wrong = Wrong::new("a byte that is not UTF-8", "save the file as UTF-8");
        wrong.at(origin.place(&(good.len()..good.len())))
    })
}

fn http_of(origin: &Origin<'_>, http: document::Http) -> Http {
    let (url, headers) = match http {
        document::Http::Url(url) => (url, Default::default()),
        document::Http::Table(document::HttpTable { url, headers }) => (url, headers),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.0, origin.placed(value, |value| value.0)));
    Http { url: origin.placed(url, |url| url.0), headers: headers.collect() }
}

fn aurora_of(origin: &Origin<'_>, aurora: document::Aurora, in_aws: bool) -> Result<Aurora, Problem> {
    let document::Aurora { cluster, readers, image, database, user, password, synchronous, promotion_time } = aurora;
    let password = password.map(|password| origin.placed(password, |password| password.0));
    let place = cluster.as_ref().map(|cluster| origin.place(&cluster.span()));
    let cluster = cluster.map(Spanned::into_inner);
    let aurora = Aurora { cluster, readers, image, database, user, password, synchronous, promotion_time };
    let Some(place) = place else { return Ok(aurora) };
    if !in_aws {
        let help = "list what is allowed: accounts, region and tag in the profile's `aws`";
        return Err(Wrong::new("a real cluster in a profile without `aws`", help).at(place));
    }
    if let Some(key) = aurora.of_containers().next() {
        let help = "keep `cluster` for the real one, or take it out for one in containers";
        return Err(Wrong::new(format!("`{key}` speaks of containers, `cluster` of a real cluster"), help).at(place));
    }
    Ok(aurora)
}

fn aws_of(origin: &Origin<'_>, aws: Spanned<document::Aws>) -> Result<AwsRules, Problem> {
    let document::Aws { accounts, region, tag, role, stop_alarms, max_duration, kill_switch, production, emulator } =
        aws.into_inner();
    if accounts.get_ref().is_empty() {
        let wrong = Wrong::new("no account is allowed", "list at least one: accounts = [\"123456789012\"]");
        return Err(wrong.at(origin.place(&accounts.span())));
    }
    let accounts = accounts.into_inner();
    Ok(AwsRules::of(accounts, region, tag, role, stop_alarms, max_duration, kill_switch, production, emulator))
}

fn names_of_profiles(document: &DeTable<'_>) -> Vec<String> {
    match document.get("profile").map(Spanned::get_ref) {
        Some(DeValue::Table(profiles)) => profiles.keys().map(|name| name.get_ref().to_string()).collect(),
        _ => Vec::new(),
    }
}

/// What to serde looks like something else: a date like a table with an odd key, a list like a table's values.
fn misplaced(document: &DeTable<'_>) -> Option<(Range<usize>, Wrong)> {
    fn within(table: &DeTable<'_>, path: &[&str]) -> Option<(Range<usize>, Wrong)> {
        table.iter().find_map(|(key, value)| {
            let path = [path, &[key.get_ref().as_ref()]].concat();
            match value.get_ref() {
                DeValue::Table(table) => within(table, &path),
                DeValue::Array(_) if is_list(&path) => None,
                DeValue::Array(_) => Some((value.span(), Wrong::new("no list is expected here", ONE))),
                DeValue::Datetime(_) => Some((value.span(), Wrong::new("no date is expected here", QUOTES))),
                _ => None,
            }
        })
    }
    fn is_list(path: &[&str]) -> bool {
        matches!(path, ["redact", "names"] | ["profile", _, "aws", "accounts" | "stop_alarms"])
    }
    const ONE: &str = "write a single value, or a table";
    const QUOTES: &str = "put it into quotes if it is meant as a text";
    within(document, &[])
}

/// What is read: the text and, as if they stood behind it, the variables.
pub(super) struct Origin<'a> {
    text: &'a str,
    pub(super) variables: &'a [Variable],
}

impl Origin<'_> {
    /// The span that stands for a variable.
    pub(super) fn span_of(&self, variable: usize) -> Range<usize> {
        // The end of the text is a place in it.
        let at = self.text.len() + 1 + variable;
        at..at
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        if let Some(variable) = span.start.checked_sub(self.text.len() + 1).and_then(|at| self.variables.get(at)) {
            return Place::Variable(variable.name.clone());
        }
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}');
        Place::File { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    fn placed<T, U>(&self, value: Spanned<T>, of: impl FnOnce(T) -> U) -> Placed<U> {
        Placed { place: self.place(&value.span()), value: of(value.into_inner()) }
    }

    fn problem(&self, error: &toml::de::Error) -> Problem {
        explained(error.message()).at(self.place(&error.span().unwrap_or_default()))
    }
}

/// A date is a table with a key that begins like this, as serde sees it.
fn is_unknown_key(error: &toml::de::Error) -> bool {
    error.message().starts_with("unknown field `") && !error.message().starts_with("unknown field `$__")
}

/// A message of the parser in our words, and the way out.
fn explained(message: &str) -> Wrong {
    // Ours already.
    if let Some((message, help)) = message.split_once(HELP) {
        return Wrong::new(message, help);
    }
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let (true, [given, known @ ..]) = (message.starts_with("unknown field"), &*quoted) {
        return unknown_key(given, known);
    }
    if let (true, [missing, ..]) = (message.starts_with("missing field"), &*quoted) {
        let example = match *missing {
            "accounts" => "[\"123456789012\"]",
            "region" => "\"eu-west-1\"",
            "tag" => "\"chaos-test=allowed\"",
            _ => "\"http://127.0.0.1:8080\"",
        };
        return Wrong::new(format!("`{missing}` is missing"), format!("add it: {missing} = {example}"));
    }
    // "invalid type: string "…", expected …" quotes what may be a secret.
    if let Some((_, rest)) = message.strip_prefix("invalid ").and_then(|rest| rest.split_once(": "))
        && let Some((found, expected)) = rest.rsplit_once(", expected ")
    {
        return wrong_type(found, expected);
    }
    match message {
        "duplicate key" => return Wrong::new("this key stands here twice", "keep one of the two"),
        "integer number overflowed" => return too_large(),
        _ if message.starts_with("string values must be quoted") => {
            return Wrong::new("a text without quotes", "put it into quotes: \"…\"");
        }
        _ => {}
    }
    let line = message.lines().collect::<Vec<_>>().join(", ");
    Wrong::new(line, "it must be TOML; see https://toml.io")
}

pub(super) fn unknown_key(given: &str, known: &[&str]) -> Wrong {
    let mut help = one_of(given, known.iter().copied());
    if help.ends_with('?') && known.len() > 1 {
        help = format!("{help} The keys here are {}", listed(known));
    }
    Wrong::new(format!("unknown key `{given}`"), help)
}

/// In the words of TOML rather than Rust's.
fn wrong_type(found: &str, expected: &str) -> Wrong {
    let found = match found.split(['"', '`']).next().unwrap_or_default().trim_end() {
        "string" => "a text",
        "integer" => "a whole number",
        "floating point" => "a number with decimals",
        "boolean" => "`true` or `false`",
        "sequence" => "a list",
        "map" => "a table",
        other => other,
    };
    let (expected, help) = match expected {
        "a string" => ("a text", "put it into quotes: \"…\""),
        "a boolean" => ("`true` or `false`", "write it without quotes"),
        "a sequence" => ("a list", "put it into brackets: [\"…\"]"),
        "i64" => ("a whole number", "write it with digits alone, without quotes"),
        "a map" | "a table" => ("a table", "write its keys below a header in brackets, or in braces: { key = … }"),
        other => (other, "write for example \"http://127.0.0.1:8080\""),
    };
    if expected == found {
        return too_large();
    }
    Wrong::new(format!("expected {expected}, found {found}"), help)
}

fn too_large() -> Wrong {
    Wrong::new("a number that is too large", "write a smaller one")
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
