//! `${NAME}` in a value: an environment variable.

use crate::secret;
use crate::{Error, Result};

/// The value with the environment's variables in it. Those whose names promise a secret are kept secret.
pub(crate) fn expand(value: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
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
        let found = variable(name).ok_or_else(|| {
            Error::new(format!("the environment variable {name} is not set"))
                .help(format!("set {name} where the tests run"))
        })?;
        secret::register_variable(name, &found);
        out.push_str(&found);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn malformed(what: &str) -> Error {
    Error::new(what).help("write `${NAME}` for an environment variable, `$$` for a dollar sign")
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> Result<String> {
        expand(value, |name| (name == "A_1").then(|| "one".to_owned()))
    }

    #[test]
    fn variables_are_put_in_and_dollars_stay_dollars() {
        assert_eq!(with("x ${A_1}y $A_1-$$A_1").unwrap(), "x oney one-$A_1");
        assert_eq!(with("nothing").unwrap(), "nothing");
    }

    #[test]
    fn what_can_not_be_put_in_is_said() {
        let missing = with("Bearer ${ORDERS_TOKEN}").unwrap_err().to_string();
        assert!(missing.starts_with("the environment variable ORDERS_TOKEN is not set\nhelp: set"), "{missing}");
        for value in ["${A_1", "$", "$ x", "${}", "${a b}"] {
            assert!(with(value).unwrap_err().to_string().contains("`$$` for a dollar"), "{value}");
        }
    }
}
