//! What is recognised as a secret by its looks, wherever it comes from.
//!
//! One automaton looks for words that begin or announce a secret; a small matcher then says what of its
//! surroundings is one. Prose must stay: "failed to get the token: connection refused" holds no secret.

use super::names;
use super::value::{is_value, value_after};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

type Place = (usize, usize);

/// What a word announces.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// AWS access key ids: so many capitals and digits follow.
    AccessKey(usize),
    /// Tokens that begin with the word itself; at least so many characters follow.
    Token(usize),
    /// A JSON Web Token.
    Jwt,
    /// A PEM block.
    Pem,
    /// The authority of a URL follows.
    Url,
    /// `Bearer` and what it bears.
    Bearer,
    /// `Basic` and a base64 of name and password.
    Basic,
    /// Part of the name of a value.
    Name,
}

const WORDS: &[(&str, Kind)] = &[
    ("AKIA", Kind::AccessKey(16)),
    ("ASIA", Kind::AccessKey(16)),
    ("eyJ", Kind::Jwt),
    ("-----BEGIN ", Kind::Pem),
    ("://", Kind::Url),
    ("bearer ", Kind::Bearer),
    ("basic ", Kind::Basic),
    ("ghp_", Kind::Token(30)),
    ("gho_", Kind::Token(30)),
    ("ghu_", Kind::Token(30)),
    ("ghs_", Kind::Token(30)),
    ("ghr_", Kind::Token(30)),
    ("github_pat_", Kind::Token(30)),
    ("glpat-", Kind::Token(16)),
    ("xoxb-", Kind::Token(16)),
    ("xoxp-", Kind::Token(16)),
    ("sk_live_", Kind::Token(16)),
    ("rk_live_", Kind::Token(16)),
    ("password", Kind::Name),
    ("passwd", Kind::Name),
    ("passphrase", Kind::Name),
    ("pwd", Kind::Name),
    ("secret", Kind::Name),
    ("token", Kind::Name),
    ("credential", Kind::Name),
    ("key", Kind::Name),
    ("auth", Kind::Name),
    ("cookie", Kind::Name),
    ("sig", Kind::Name),
];

/// Finds secrets by their looks.
#[derive(Debug)]
pub(super) struct Patterns {
    words: AhoCorasick,
    kinds: Vec<Kind>,
    /// Names of values beyond the usual ones, in plain form.
    own: Vec<String>,
}

impl Patterns {
    pub(super) fn new(own: &[String]) -> Self {
        // Both spellings of names such as `x-session`.
        let own_words = own.iter().flat_map(|name| [name.replace('_', "-"), name.clone()]);
        let words: Vec<String> = WORDS.iter().map(|(word, _)| (*word).to_owned()).chain(own_words).collect();
        let mut kinds: Vec<Kind> = WORDS.iter().map(|(_, kind)| *kind).collect();
        kinds.resize(words.len(), Kind::Name);
        let mut builder = AhoCorasick::builder();
        builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest);
        let words = builder.build(words).or_else(|_| AhoCorasick::new(["-----BEGIN "]));
        Self { words: words.expect("a few short words make an automaton"), kinds, own: own.to_vec() }
    }

    /// Adds the places of what looks secret.
    pub(super) fn find(&self, text: &str, places: &mut Vec<Place>) {
        for found in self.words.find_iter(text) {
            let (start, end) = (found.start(), found.end());
            let place = match self.kinds[found.pattern().as_usize()] {
                Kind::AccessKey(length) => access_key(text, start, end, length),
                Kind::Token(least) => token(text, start, end, least),
                Kind::Jwt => jwt(text, start),
                Kind::Pem => pem(text, start, end),
                Kind::Url => userinfo(text, end),
                Kind::Bearer => bearer(text, start, end),
                Kind::Basic => basic(text, end),
                Kind::Name => self.named(text, start, end),
            };
            places.extend(place);
        }
    }

    /// `name=value`, `"name": "value"`, `name: v4lue`, `?name=value`.
    fn named(&self, text: &str, start: usize, end: usize) -> Option<Place> {
        let start = start - run_back(&text[..start], is_name);
        let end = end + run(&text[end..], is_name);
        let name = &text[start..end];
        let in_query = text[..start].ends_with(['?', '&']);
        let secret =
            if in_query { names::is_secret_in_query(name, &self.own) } else { names::is_secret(name, &self.own) };
        if secret { value_after(text, name, end) } else { None }
    }
}

fn access_key(text: &str, start: usize, end: usize, length: usize) -> Option<Place> {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let whole = text[start..end].chars().all(upper) && run(&text[end..], upper) == length;
    (whole && at_boundary(text, start, end + length)).then_some((start, end + length))
}

fn token(text: &str, start: usize, end: usize, least: usize) -> Option<Place> {
    let length = run(&text[end..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let lower = !text[start..end].contains(|c: char| c.is_ascii_uppercase());
    (lower && length >= least && at_boundary(text, start, end + length)).then_some((start, end + length))
}

/// Three parts with dots between them; the first is the base64 of `{"…`.
fn jwt(text: &str, start: usize) -> Option<Place> {
    let part = |from: usize| run(&text[from..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let next = |from: usize, least: usize| {
        let end = from + part(from);
        (end - from >= least && text[end..].starts_with('.')).then_some(end + 1)
    };
    let last = next(next(start, 12)?, 8)?;
    (text[start..].starts_with("eyJ") && at_start(text, start)).then(|| (start, last + part(last)))
}

/// A private key from its first line to its last one, or to the end of the text.
fn pem(text: &str, start: usize, end: usize) -> Option<Place> {
    let label = text[end..].split("-----").next()?;
    if !label.ends_with("PRIVATE KEY") && !label.ends_with("PRIVATE KEY BLOCK") {
        return None;
    }
    let inside = end + label.len() + 5;
    let rest = text.get(inside..)?;
    let last = rest.find("-----END ").and_then(|from| {
        let tail = from + 9;
        Some(inside + tail + rest[tail..].find("-----")? + 5)
    });
    Some((start, last.unwrap_or(text.len())))
}

/// The password before an `@`, or a user name that is as long as a token.
fn userinfo(text: &str, from: usize) -> Option<Place> {
    const LIKE_A_TOKEN: usize = 20;
    let rest = &text[from..];
    let url = &rest[..run(rest, |c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\' | '|'))];
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    let at = match authority.rfind('@') {
        Some(at) => at,
        // A password that should have been encoded.
        None => {
            let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|_| !authority.starts_with('['))?;
            (port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit())).then(|| url.rfind('@')).flatten()?
        }
    };
    let place = match url[..at].find(':') {
        Some(colon) => (from + colon + 1, from + at),
        None if at >= LIKE_A_TOKEN => (from, from + at),
        None => return None,
    };
    is_value(&text[place.0..place.1]).then_some(place)
}

fn bearer(text: &str, start: usize, end: usize) -> Option<Place> {
    let length = run(&text[end..], |c| c.is_ascii_alphanumeric() || "-._~+/=:".contains(c));
    let value = &text[end..end + length];
    let announced = text[..start].trim_end_matches([' ', '"', '\'', '\\']).ends_with([':', '=']);
    let random = length >= 8 && value.contains(|c: char| c.is_ascii_digit());
    (at_start(text, start) && is_value(value) && (announced || random)).then_some((end, end + length))
}

fn basic(text: &str, end: usize) -> Option<Place> {
    let length = run(&text[end..], |c| c.is_ascii_alphanumeric() || "+/=".contains(c));
    let pair = STANDARD.decode(&text[end..end + length]).ok()?;
    pair.contains(&b':').then_some((end, end + length))
}

fn at_boundary(text: &str, start: usize, end: usize) -> bool {
    at_start(text, start) && !text[end..].starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric())
}

fn at_start(text: &str, start: usize) -> bool {
    !text[..start].ends_with(|c: char| c == '_' || c.is_ascii_alphanumeric())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// How many bytes at the start of a text are such characters.
pub(super) fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

fn run_back(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.len() - text.trim_end_matches(of).len()
}
