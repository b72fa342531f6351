//! Patterns for paths and for values of headers.

use crate::{Error, Result};
use std::fmt;

/// A set of places in a pattern fits in a `u128`, one bit left for the end.
const LONGEST: usize = 127;

/// `*` stands for any characters, in a path for those of one segment (all but `/`); `**` crosses segments. All else
/// stands for itself. The whole text must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// Any bytes but `/`.
    Segment,
    /// Any bytes.
    Any,
}

impl Glob {
    /// A pattern for paths: `/orders/*`.
    pub(super) fn path(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(format!("`{text}` is not a pattern for paths: {why}")).help(
                "write the whole path, such as \"/orders/*\" for one segment below /orders, \"/orders/**\" for all of it",
            )
        };
        if !text.starts_with(['/', '*']) {
            return Err(wrong(if text.is_empty() { "it is empty" } else { "a path begins with `/`" }));
        }
        if let Some(sign) = text.chars().find(|c| matches!(c, '?' | '#') || c.is_whitespace() || !c.is_ascii()) {
            let why = match sign {
                '?' | '#' => "only the path is compared, without its query",
                _ => "a path is sent without spaces and other than ASCII signs, which are percent-encoded",
            };
            return Err(wrong(why));
        }
        Self::new(text, Token::Segment).ok_or_else(|| wrong("it is too long"))
    }

    /// A pattern for the value of a header: `gold*`.
    pub(super) fn value(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::new(format!("`{text}` is not a pattern for the value of a header: {why}"))
                .help("write the value, with `*` for any characters; \"*\" alone asks that the header is there")
        };
        if text.is_empty() {
            return Err(wrong("it is empty"));
        }
        if text.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
            return Err(wrong("no value has control characters"));
        }
        Self::new(text, Token::Any).ok_or_else(|| wrong("it is too long"))
    }

    fn new(text: &str, star: Token) -> Option<Self> {
        let mut tokens = Vec::new();
        for byte in text.bytes() {
            let token = match (byte, tokens.last()) {
                (b'*', Some(Token::Segment | Token::Any)) => {
                    tokens.pop();
                    Token::Any
                }
                (b'*', _) => star,
                _ => Token::Byte(byte),
            };
            tokens.push(token);
        }
        (tokens.len() <= LONGEST).then(|| Self { text: text.to_owned(), tokens })
    }

    /// Whether all of a text matches. Takes time in proportion to the text, whatever the pattern.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        let mut places = self.skip_stars(1);
        for &byte in text {
            let mut next = 0;
            for (i, token) in self.tokens.iter().enumerate().filter(|(i, _)| places >> i & 1 == 1) {
                match token {
                    Token::Byte(wanted) if *wanted == byte => next |= 1 << (i + 1),
                    Token::Segment if byte != b'/' => next |= 1 << i,
                    Token::Any => next |= 1 << i,
                    _ => {}
                }
            }
            if next == 0 {
                return false;
            }
            places = self.skip_stars(next);
        }
        places >> self.tokens.len() & 1 == 1
    }

    /// A star may stand for nothing.
    fn skip_stars(&self, mut places: u128) -> u128 {
        for (i, token) in self.tokens.iter().enumerate() {
            if !matches!(token, Token::Byte(_)) && places >> i & 1 == 1 {
                places |= 1 << (i + 1);
            }
        }
        places
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_a_segment_and_two_are_all_of_it() {
        for (pattern, path, matches) in [
            ("/orders", "/orders", true),
            ("/orders", "/orders/", false),
            ("/orders/*", "/orders/7", true),
            ("/orders/*", "/orders/", true),
            ("/orders/*", "/orders", false),
            ("/orders/*", "/orders/7/items", false),
            ("/orders/**", "/orders/7/items", true),
            ("/orders/*/items", "/orders/7/items", true),
            ("/orders/*/items", "/orders/7/8/items", false),
            ("/**/items", "/orders/7/8/items", true),
            ("/a*b*c", "/aXbYbZc", true),
            ("/a*b*c", "/aXbYbZ", false),
            ("**", "", true),
            ("*", "*", true),
        ] {
            assert_eq!(Glob::path(pattern).unwrap().matches(path.as_bytes()), matches, "{pattern} on {path}");
        }
    }

    #[test]
    fn in_a_value_a_star_is_anything() {
        for (pattern, value, matches) in
            [("gold", "gold", true), ("gold", "golden", false), ("gold*", "gold/eu", true), ("*", "", true)]
        {
            assert_eq!(Glob::value(pattern).unwrap().matches(value.as_bytes()), matches, "{pattern} on {value}");
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        let glob = Glob::path(&format!("/{}b", "*a".repeat(60))).unwrap();
        let started = std::time::Instant::now();
        assert!(!glob.matches(format!("/{}", "a".repeat(8_000)).as_bytes()));
        assert!(started.elapsed().as_secs() < 30, "took {:?}", started.elapsed());
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_cause() {
        for (pattern, why) in [
            ("", "it is empty"),
            ("orders", "begins with `/`"),
            ("/orders?id=7", "without its query"),
            ("/or ders", "without spaces"),
            (&"/a".repeat(80), "too long"),
        ] {
            let error = Glob::path(pattern).unwrap_err();
            assert!(error.message().contains(why) && error.help_text().is_some(), "{pattern}: {error}");
        }
        assert!(Glob::value("").is_err() && Glob::value("a\nb").is_err());
    }
}
