//! `${NAME}` in a value: an environment variable.

use super::problem::Wrong;
use crate::secret;
use crate::{Error, Result};
use std::fmt;

/// A text that may refer to environment variables, which are put in when it is needed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Reads `$NAME`, `${NAME}` and `$$`.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            plain.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                plain.push('$');
                rest = after;
                continue;
            }
            let (name, after) = match rest.strip_prefix('{') {
                Some(braced) => braced.split_once('}').ok_or_else(|| malformed("a `${` is not closed"))?,
                None => rest.split_at(rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len())),
            };
            if name.is_empty() || !name.chars().all(is_of_name) {
                return Err(malformed("a `$` is not followed by the name of an environment variable"));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text itself, if it refers to no variable.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &*self.0 {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with the variables in it. Those whose names promise a secret are kept secret.
    pub(crate) fn filled(&self, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable(name) => {
                    let found = variable(name).ok_or_else(|| {
                        Error::new(format!("the environment variable {name} is not set"))
                            .help(format!("set {name} where the tests run"))
                    })?;
                    secret::register_variable(name, &found);
                    out.push_str(&found);
                }
            }
        }
        Ok(out)
    }
}

impl fmt::Debug for Template {
    /// Without the text, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables = self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable(name) => Some(name),
        });
        f.write_str("Template of ")?;
        f.debug_list().entries(variables).finish()
    }
}

fn malformed(what: &str) -> Wrong {
    Wrong::new(what, "write `${NAME}` for an environment variable, `$$` for a dollar sign")
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> Result<String> {
        Template::parse(value).unwrap().filled(|name| (name == "A_1").then(|| "one".to_owned()))
    }

    #[test]
    fn variables_are_put_in_and_dollars_stay_dollars() {
        assert_eq!(with("x ${A_1}y $A_1-$$A_1").unwrap(), "x oney one-$A_1");
        assert_eq!(with("nothing").unwrap(), "nothing");
        assert_eq!(with("").unwrap(), "");
    }

    #[test]
    fn what_refers_to_no_variable_is_known_at_once() {
        let literal = |text: &str| Template::parse(text).unwrap().literal().map(str::to_owned);
        assert_eq!(literal("a$$b").unwrap(), "a$b");
        assert_eq!(literal("").unwrap(), "");
        assert_eq!([literal("$A"), literal("a${A}")], [None, None]);
    }

    #[test]
    fn what_can_not_be_put_in_is_said() {
        let missing = with("Bearer ${ORDERS_TOKEN}").unwrap_err().to_string();
        assert!(missing.starts_with("the environment variable ORDERS_TOKEN is not set\nhelp: set"), "{missing}");
        for value in ["${A_1", "$", "$ x", "${}", "${a b}"] {
            let wrong = Template::parse(value).unwrap_err();
            assert!(wrong.help.contains("`$$` for a dollar"), "{value}: {wrong}");
        }
    }

    #[test]
    fn its_text_is_not_shown() {
        assert_eq!(format!("{:?}", Template::parse("s3cret ${A}").unwrap()), "Template of [\"A\"]");
    }
}
