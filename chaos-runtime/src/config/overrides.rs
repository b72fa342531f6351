//! What variables of the environment put into the file's table: they outrank it, and may make targets that it lacks.

use super::Kind;
use super::parse::Origin;
use super::problem::{Place, Problem, Wrong};
use super::suggestion::{listed, nearest, similarity};
use super::variable::{self, Variable, part};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Targets that only variables know, as they stand in the table then.
#[derive(Debug, Default)]
pub(super) struct Made(BTreeSet<(Kind, String)>);

impl Made {
    pub(super) fn of(&self, kind: Kind) -> BTreeSet<String> {
        self.0.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.clone()).collect()
    }
}

/// Puts what the variables say into the file's table, in this profile.
pub(super) fn apply<'a>(document: &mut DeTable<'a>, profile: &'a str, origin: &Origin<'a>) -> Result<Made, Problem> {
    let mut made = Made::default();
    for (at, variable) in origin.variables.iter().enumerate() {
        let Some(kind) = Kind::ALL.into_iter().find(|kind| variable.name.starts_with(&kind.prefix())) else { continue };
        let span = origin.span_of(at);
        // The file has been read before, so these are tables.
        let Some(profiles) = table(document, "profile".into(), &span) else { continue };
        let Some(targets) = table(profiles, profile.into(), &span) else { continue };
        let Some(targets) = table(targets, kind.key().into(), &span) else { continue };
        let wrong = |wrong: Wrong| wrong.at(Place::Variable(variable.name.clone()));
        let Setting { target, key } = Setting::of(kind, profile, variable, targets, &made).map_err(wrong)?;
        if !targets.contains_key(&*target) {
            made.0.insert((kind, target.clone()));
        }
        put(targets, target, key, variable, span);
    }
    complete(document, profile, &made, origin)?;
    Ok(made)
}

/// The table under this key, which is made if there is none; `None` if it is something else.
fn table<'t, 'a>(within: &'t mut DeTable<'a>, key: Cow<'a, str>, span: &Range<usize>) -> Option<&'t mut DeTable<'a>> {
    if !within.contains_key(&*key) {
        let empty = Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        within.insert(Spanned::new(span.clone(), key.clone()), empty);
    }
    match within.get_mut(&*key).map(Spanned::get_mut) {
        Some(DeValue::Table(table)) => Some(table),
        _ => None,
    }
}

/// A key of a target.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    /// One of the kind's own.
    Own(&'static str),
    /// The header that has, or may have, this name.
    Header(String),
}

/// What a variable's name speaks of.
#[derive(Debug, PartialEq)]
struct Setting {
    target: String,
    key: Key,
}

impl Setting {
    fn of(kind: Kind, profile: &str, variable: &Variable, targets: &DeTable<'_>, made: &Made) -> Result<Self, Wrong> {
        let prefix = kind.prefix();
        let rest = &variable.name[prefix.len()..];
        let known = targets.keys().map(|name| name.get_ref().as_ref()).map(|name: &str| (part(name), name));
        // Of `orders` and `orders_v2` the longer one, if the variable's name begins with both.
        let mut known: Vec<(String, &str)> = known.collect();
        known.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
        let mut fitting = known.iter().filter_map(|(part, name)| {
            let key = rest.strip_prefix(part.as_str())?.strip_prefix('_')?;
            Some((part, *name, kind.key_of(key, targets.get(*name)?.get_ref())?))
        });
        if let Some((part, target, key)) = fitting.next() {
            return match fitting.find(|(other, ..)| *other == part) {
                Some((_, other, _)) => Err(Wrong::new(
                    format!("it fits two targets, `{target}` and `{other}`"),
                    "rename one of the two so that more than case and punctuation differ",
                )),
                None => Ok(Self { target: target.to_owned(), key }),
            };
        }
        let Some((part, key)) = kind.new_target(rest) else { return Err(kind.no_such_key(rest, &known)) };
        known.retain(|(_, name)| !made.0.contains(&(kind, (*name).to_owned())));
        if let Some((near, name)) = known.iter().find(|(known, _)| variable::is_slip(part, known)) {
            let target = part.to_lowercase();
            let message = format!("profile `{profile}` of the file has no {} `{target}`", kind.named());
            let meant = format!("{prefix}{near}{}", &rest[part.len()..]);
            let help = format!(
                "did you mean {meant}, for `{name}`? Otherwise add `{target}` to [profile.{profile}.{}]",
                kind.key()
            );
            return Err(Wrong::new(message, help));
        }
        Ok(Self { target: part.to_lowercase(), key })
    }
}

impl Kind {
    /// The keys of a target that a variable can set.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Http => &["url", "headers"],
            Self::Aurora => {
                &["cluster", "readers", "image", "database", "user", "password", "synchronous", "promotion_time"]
            }
        }
    }

    /// What stands behind the target's name.
    fn key_of(self, text: &str, target: &DeValue<'_>) -> Option<Key> {
        if let Some(header) = text.strip_prefix("HEADERS_").filter(|_| self == Self::Http) {
            let known = match target {
                DeValue::Table(table) => table.get("headers").and_then(|headers| headers.get_ref().as_table()),
                _ => None,
            };
            let known = known.into_iter().flat_map(DeTable::keys).map(|name| name.get_ref().as_ref());
            let known = known.filter(|name: &&str| part(name) == header).map(str::to_owned).next();
            return header_of(header).map(|new| Key::Header(known.unwrap_or(new)));
        }
        self.own_keys().find(|key| part(key) == text).map(Key::Own)
    }

    fn own_keys(self) -> impl Iterator<Item = &'static str> {
        self.keys().iter().copied().filter(|key| *key != "headers")
    }

    /// The target's part of a variable's name, and the key, where the file has no such target.
    fn new_target(self, rest: &str) -> Option<(&str, Key)> {
        if let Some((name, header)) = rest.split_once("_HEADERS_").filter(|_| self == Self::Http) {
            return header_of(header).filter(|_| !name.is_empty()).map(|header| (name, Key::Header(header)));
        }
        self.own_keys().find_map(|key| {
            let name = rest.strip_suffix(part(key).as_str())?.strip_suffix('_')?;
            (!name.is_empty()).then_some((name, Key::Own(key)))
        })
    }

    fn no_such_key(self, rest: &str, known: &[(String, &str)]) -> Wrong {
        let prefix = self.prefix();
        let header = (self == Self::Http).then(|| "HEADERS_<HEADER>".to_owned());
        let keys: Vec<String> = self.own_keys().map(part).chain(header).collect();
        // Where the target's name ends and the key begins is anyone's guess.
        let guesses = rest.match_indices('_').filter_map(|(at, _)| {
            let (name, key) = (&rest[..at], &rest[at + 1..]);
            let near = nearest(key, keys.iter().map(String::as_str))?;
            Some((similarity(key, near), format!("{prefix}{name}_{near}")))
        });
        let guess = guesses.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, guess)| guess);
        let is_url = self == Self::Http && known.iter().any(|(part, _)| part == rest);
        let guess = guess.or_else(|| is_url.then(|| format!("{prefix}{rest}_URL")));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let form = format!("{prefix}<NAME>_<KEY>, where the key is one of {}", listed(&keys));
        let help = match guess {
            Some(guess) => format!("did you mean {guess}? The form is {form}"),
            None => format!("write {form}"),
        };
        Wrong::new(format!("no key of an {} has this name", self.named()), help)
    }
}

/// The name of a header that only a variable knows.
fn header_of(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_lowercase().replace('_', "-"))
}

fn put<'a>(targets: &mut DeTable<'a>, target: String, key: Key, variable: &'a Variable, span: Range<usize>) {
    let text = |text: Cow<'a, str>| Spanned::new(span.clone(), DeValue::String(text));
    // A dollar sign in the environment has been a shell's business.
    let escaped = || {
        text(if variable.value.contains('$') {
            variable.value.replace('$', "$$").into()
        } else {
            (&*variable.value).into()
        })
    };
    let Some(existing) = table_or_url(targets, target, &span) else { return };
    let (key, value) = match key {
        Key::Header(name) => {
            if let Some(headers) = table(existing, "headers".into(), &span) {
                headers.insert(Spanned::new(span.clone(), name.into()), escaped());
            }
            return;
        }
        Key::Own(key @ ("url" | "password")) => (key, escaped()),
        Key::Own(key @ ("readers" | "synchronous")) => {
            match DeValue::parse(variable.value.trim()).map(Spanned::into_inner) {
                Ok(value @ (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_))) => {
                    (key, Spanned::new(span.clone(), value))
                }
                _ => (key, text((&*variable.value).into())),
            }
        }
        Key::Own(key) => (key, text((&*variable.value).into())),
    };
    existing.insert(Spanned::new(span.clone(), key.into()), value);
}

/// A target's table. One that is only a URL becomes a table first.
fn table_or_url<'t, 'a>(
    targets: &'t mut DeTable<'a>,
    target: String,
    span: &Range<usize>,
) -> Option<&'t mut DeTable<'a>> {
    if let Some(existing) = targets.get_mut(target.as_str())
        && let DeValue::String(url) = existing.get_ref()
    {
        let url = Spanned::new(existing.span(), DeValue::String(url.clone()));
        let key = Spanned::new(existing.span(), "url".into());
        *existing.get_mut() = DeValue::Table([(key, url)].into_iter().collect());
    }
    table(targets, target.into(), span)
}

/// What only variables know must be whole.
fn complete(document: &DeTable<'_>, profile: &str, made: &Made, origin: &Origin<'_>) -> Result<(), Problem> {
    for name in made.of(Kind::Http) {
        let profiles = document.get("profile").map(Spanned::get_ref);
        let targets = profiles.and_then(|profiles| profiles.get(profile)?.get_ref().get(Kind::Http.key()));
        let Some(target) = targets.and_then(|targets| targets.get_ref().get(&*name)) else { continue };
        if target.get_ref().get("url").is_none() {
            let help = format!("set {}{}_URL, too, or add `{name}` to the file", Kind::Http.prefix(), part(&name));
            let wrong = Wrong::new(format!("the HTTP target `{name}` has no `url`"), help);
            return Err(wrong.at(origin.place(&target.span())));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "overrides_tests.rs"]
mod tests;
