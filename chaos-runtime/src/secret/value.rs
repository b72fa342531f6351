//! The value that follows the name of a secret in a text.

use super::pattern::run;
use super::{PLACEHOLDER, names};

/// How an `Authorization` header begins.
const SCHEMES: [&str; 7] = ["bearer", "basic", "digest", "token", "negotiate", "apikey", "ntlm"];

/// The place of the value after a name that ends at `end`: `name=value`, `name: value`, `"name": "value"`.
///
/// After `=`, and between quotes, it is a value whatever it looks like; after a colon it must look like no prose.
pub(super) fn value_after(text: &str, name: &str, end: usize) -> Option<(usize, usize)> {
    let rest = &text[end..];
    let closed = rest.trim_start_matches('\\').trim_start_matches(['"', '\'']);
    let spaced = closed.trim_start_matches(' ');
    let sign = spaced.chars().next().filter(|sign| matches!(sign, '=' | ':'))?;
    let after = &spaced[1..];
    // A comparison, an arrow, a path of Rust.
    if after.starts_with(['=', '>', ':']) {
        return None;
    }
    let after = after.trim_start_matches(' ');
    let after = after.strip_prefix("Some(").unwrap_or(after);
    let from = text.len() - after.len();
    let backslashes = run(after, |c| c == '\\');
    let (from, to) = match after[backslashes..].chars().next()? {
        quote @ ('"' | '\'') => {
            let from = from + backslashes + 1;
            (from, from + quoted(&text[from..], quote, backslashes))
        }
        _ => {
            let (from, to, sure) = word(text, name, from);
            if sign == ':' && !sure && !is_random(&text[from..to]) {
                return None;
            }
            (from, to)
        }
    };
    let value = &text[from..to];
    let directory = names::plain(name) == "PWD" && value.starts_with('/');
    (is_value(value) && !directory).then_some((from, to))
}

/// The length of a quoted text up to its closing quote, which is escaped as often as the opening one was.
fn quoted(rest: &str, quote: char, escaped: usize) -> usize {
    let mut backslashes = 0;
    for (at, c) in rest.char_indices() {
        if c == quote && backslashes <= escaped {
            return at - backslashes;
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    rest.len()
}

/// An unquoted value, and whether it is one for sure: what follows the scheme of an `Authorization`, all of a `Cookie`.
fn word(text: &str, name: &str, from: usize) -> (usize, usize, bool) {
    let rest = &text[from..];
    // `[redacted]` is a value with its bracket.
    if rest.starts_with(PLACEHOLDER) {
        return (from, from, false);
    }
    let plain = names::plain(name);
    if plain.ends_with("COOKIE") {
        let cookies = run(rest, |c| !matches!(c, '\n' | '\r' | '"'));
        let first = run(rest, |c| !c.is_whitespace());
        if rest[..first].contains('=') {
            return (from, from + rest[..cookies].trim_end().len(), true);
        }
    }
    let ends = |c: char| c.is_whitespace() || "&;,\"'`<>|\\)}]".contains(c);
    let to = from + run(rest, |c| !ends(c));
    if plain.ends_with("AUTHORIZATION") && SCHEMES.contains(&text[from..to].to_ascii_lowercase().as_str()) {
        let next = to + run(&text[to..], |c| c == ' ');
        return (next, next + run(&text[next..], |c| !ends(c)), true);
    }
    (from, to, false)
}

/// Letters and digits in a long word: prose is not like that.
fn is_random(word: &str) -> bool {
    word.len() >= 8
        && word.contains(|c: char| c.is_ascii_digit())
        && word.contains(|c: char| c.is_ascii_alphabetic())
        && !word.contains("://")
}

/// Not nothing, no name of nothing, and not taken out already.
pub(super) fn is_value(text: &str) -> bool {
    const NOTHING: [&str; 7] = ["true", "false", "null", "none", "nil", "…", "***"];
    let variable = text
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(|c: char| matches!(c, '{' | '(' | '_') || c.is_ascii_uppercase()));
    !text.is_empty()
        && text != PLACEHOLDER
        && !variable
        && !NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}
