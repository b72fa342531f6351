//! Which names of servers a fault is for.

use crate::{Error, Result};
use std::fmt;
use std::net::IpAddr;

/// A name, or `*.example.com` for all with one label more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamePattern {
    /// In lower case; after a `*.` if `is_wild`.
    name: String,
    is_wild: bool,
}

impl NamePattern {
    /// Reads a pattern. Case and a dot at the end do not matter.
    ///
    /// # Errors
    /// If no server's name can match it.
    pub(crate) fn parse(pattern: &str) -> Result<Self> {
        let wrong = |why: &str, help: &str| {
            Err(Error::new(format!("`{pattern}` is not the name of a TLS server: {why}")).help(help))
        };
        const SHAPES: &str =
            "write a name such as \"api.example.com\", or \"*.example.com\" for all with one label more";
        let lower = pattern.to_ascii_lowercase();
        let (is_wild, name) = match lower.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, &*lower),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.parse::<IpAddr>().is_ok() || name.starts_with('[') {
            return wrong("clients name no server that they know by its address", "put a proxy of its own before it");
        }
        if name.contains("://") || name.contains('/') {
            return wrong("it is a URL", SHAPES);
        }
        if name.contains(':') {
            return wrong("it has a port, which clients do not send", SHAPES);
        }
        if !name.is_ascii() {
            return wrong("clients send names in ASCII", "write its labels as clients do: \"xn--bcher-kva.example\"");
        }
        if name.contains('*') {
            return wrong("a `*` can only stand for the whole first label", SHAPES);
        }
        if name.is_empty() || name.split('.').any(str::is_empty) {
            return wrong("a label is empty", SHAPES);
        }
        if let Some(odd) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.')) {
            return wrong(&format!("no name has a {odd:?}"), SHAPES);
        }
        if name.len() > 253 || name.split('.').any(|label| label.len() > 63) {
            return wrong("a name has 253 characters at most, and 63 between dots", SHAPES);
        }
        Ok(Self { name: name.to_owned(), is_wild })
    }

    /// Whether it is for a server; `name` as [`Sni`](super::client_hello::Sni) has it.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self.is_wild {
            false => name == self.name,
            true => name.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && rest == self.name),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wild { "*." } else { "" })?;
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NamePattern {
        NamePattern::parse(text).unwrap()
    }

    #[test]
    fn a_name_is_for_itself() {
        let name = pattern("API.example.com.");
        assert_eq!(name.to_string(), "api.example.com");
        assert!(name.matches("api.example.com"));
        for other in ["example.com", "x.api.example.com", "api.example.com.evil", "", "apixexample.com"] {
            assert!(!name.matches(other), "{other}");
        }
        assert!(pattern("localhost").matches("localhost"));
    }

    #[test]
    fn a_star_is_for_one_label() {
        let name = pattern("*.example.com");
        assert_eq!(name.to_string(), "*.example.com");
        assert!(name.matches("api.example.com") && name.matches("_x.example.com"));
        for other in ["example.com", ".example.com", "a.b.example.com", "apiexample.com", ""] {
            assert!(!name.matches(other), "{other}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_way_out() {
        for (text, why) in [
            ("", "a label is empty"),
            (".", "a label is empty"),
            ("*", "whole first label"),
            ("*.", "a label is empty"),
            ("a..b", "a label is empty"),
            ("api.*.com", "whole first label"),
            ("a*.example.com", "whole first label"),
            ("*.*.example.com", "whole first label"),
            ("https://example.com", "it is a URL"),
            ("example.com/x", "it is a URL"),
            ("example.com:443", "it has a port"),
            ("127.0.0.1", "by its address"),
            ("::1", "by its address"),
            ("[::1]", "by its address"),
            ("bücher.example", "in ASCII"),
            ("a b.example", "no name has a ' '"),
            (&"a".repeat(64), "63 between dots"),
            (&"a.".repeat(128), "a name has 253"),
        ] {
            let error = NamePattern::parse(text).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
            assert!(error.help_text().is_some(), "{text}");
        }
    }
}
