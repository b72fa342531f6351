//! Container images: references, and which image stands in for which.

use super::problem::Wrong;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;

/// What a reference looks like, for messages.
const EXAMPLE: &str = "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`";

/// A container image's reference: `registry.example.com:5000/library/redis:7.2@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// With its registry.
    name: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Reads it by the grammar of <https://pkg.go.dev/github.com/distribution/reference>.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = |why: &str| Wrong::new(format!("no reference of a container image: {why}"), EXAMPLE);
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if name.is_empty() {
            return Err(wrong("it has no name"));
        }
        if name.len() > 255 {
            return Err(wrong("its name is longer than 255 bytes"));
        }
        let path = match name.split_once('/') {
            Some((registry, path)) if is_registry(registry) => {
                if !is_host_and_port(registry) {
                    return Err(wrong("its registry is not a host, perhaps with a port"));
                }
                path
            }
            _ => name,
        };
        if !path.split('/').all(is_component) {
            return Err(wrong("a name has lower-case letters and digits, with `.`, `_`, `__` or `-` between them"));
        }
        if !tag.is_none_or(is_tag) {
            return Err(wrong(
                "a tag has at most 128 letters, digits, `_`, `.` and `-`, and begins with none of the last",
            ));
        }
        if !digest.is_none_or(is_digest) {
            return Err(wrong("a digest is `sha256:` and 64 hexadecimal digits in lower case"));
        }
        Ok(Self { name: name.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

/// Whether the part before the first slash is a registry, and no part of the image's own path.
fn is_registry(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':', '[']) || part.chars().any(|c| c.is_ascii_uppercase())
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let port = if rest.is_empty() { Some(None) } else { rest.strip_prefix(':').map(Some) };
            let Some(port) = port.filter(|_| address.parse::<std::net::Ipv6Addr>().is_ok()) else { return false };
            (None, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_label = |label: &str| {
        let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        let digits = port.chars().all(|c| c.is_ascii_digit());
        digits && port.len() <= 5 && port.parse::<u16>().is_ok()
    };
    host.is_none_or(|host| host.split('.').all(is_label)) && port.is_none_or(is_port)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = text.split(plain).filter(|between| !between.is_empty());
    text.starts_with(plain)
        && text.ends_with(plain)
        && separators
            .into_iter()
            .all(|between| matches!(between, "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

fn is_tag(text: &str) -> bool {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(of_word) && text.chars().all(|c| of_word(c) || ".-".contains(c))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c)))
}

/// What is replaced: an image's name, or one of its tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Replaced(String);

impl Replaced {
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        match Reference::parse(text)? {
            Reference { digest: None, .. } => Ok(Self(text.to_owned())),
            _ => Err(Wrong::new("an image is replaced by name or by tag, not by digest", "leave out the `@sha256:…`")),
        }
    }

    /// With its tag, if it has one.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its tag.
    pub(super) fn name(&self) -> &str {
        self.0.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(&self.0, |(name, _)| name)
    }
}

/// What stands in for it: a whole reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement(Reference);

impl Replacement {
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        match Reference::parse(text)? {
            Reference { tag: None, digest: None, .. } => Err(Wrong::new(
                "the image that stands in has neither tag nor digest",
                format!("say which one: {EXAMPLE}"),
            )),
            whole => Ok(Self(whole)),
        }
    }
}

/// `[images]`, and the variables that outrank it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Images {
    pub(super) in_file: BTreeMap<Replaced, Replacement>,
    /// By what follows `CHAOS_IMAGE_` in the variable's name.
    pub(super) variables: BTreeMap<String, Replacement>,
}

impl Images {
    /// The image to use where a test asks for this one.
    pub(crate) fn instead_of(&self, asked: &Reference) -> String {
        let tagged = asked.tag.as_ref().map(|tag| format!("{}:{tag}", asked.name));
        let names: Vec<&str> = tagged.iter().map(String::as_str).chain([&*asked.name]).collect();
        let of_variable = names.iter().find_map(|name| self.variables.get(&super::variable::part(name)));
        let of_file = || names.iter().find_map(|name| self.in_file.get(&Replaced((*name).to_owned())));
        of_variable.or_else(of_file).map_or_else(|| asked.to_string(), |replacement| replacement.0.to_string())
    }
}

impl super::Config {
    /// The reference of the image to use for this one: what `[images]` or a `CHAOS_IMAGE_…` variable has in its
    /// place, else `name:tag`. Without a tag it is the name alone.
    ///
    /// What follows the last colon is a tag or the digits of a digest, so
    /// `reference.rsplit_once(':')` gives a client what it takes for name and tag.
    #[cfg_attr(not(feature = "docker"), allow(dead_code, reason = "for containers"))]
    pub(crate) fn image(&self, name: &str, tag: &str) -> Result<String> {
        let text = if tag.is_empty() { name.to_owned() } else { format!("{name}:{tag}") };
        let asked = Reference::parse(&text)
            .map_err(|Wrong { message, help }| Error::new(format!("`{text}` is {message}")).help(help))?;
        Ok(self.images.instead_of(&asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_taken_apart() {
        for (text, name, tag, digest) in [
            ("redis", "redis", None, false),
            ("redis:7", "redis", Some("7"), false),
            ("nicolaka/netshoot:v0.13", "nicolaka/netshoot", Some("v0.13"), false),
            (
                "registry.example.com:5000/library/redis:7.2",
                "registry.example.com:5000/library/redis",
                Some("7.2"),
                false,
            ),
            ("localhost:5000/redis", "localhost:5000/redis", None, false),
            ("localhost/a__b/c-d.e_f:_x", "localhost/a__b/c-d.e_f", Some("_x"), false),
            ("[::1]:5000/redis:7", "[::1]:5000/redis", Some("7"), false),
            ("UPPER/redis:7", "UPPER/redis", Some("7"), false),
            (&format!("redis@{DIGEST}"), "redis", None, true),
            (&format!("a.b/redis:7@{DIGEST}"), "a.b/redis", Some("7"), true),
        ] {
            let digest = digest.then(|| DIGEST.to_owned());
            let expected = Reference { name: name.into(), tag: tag.map(Into::into), digest };
            assert_eq!(Reference::parse(text), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_said_with_the_reason() {
        let long = format!("{}:7", "a".repeat(256));
        let long_tag = format!("redis:{}", "a".repeat(129));
        for (text, why) in [
            ("", "no name"),
            (":7", "no name"),
            ("Redis:7", "lower-case"),
            ("redis/", "lower-case"),
            ("/redis", "lower-case"),
            ("re dis:7", "lower-case"),
            ("redis--:7", "lower-case"),
            ("re___dis", "lower-case"),
            ("re._dis", "lower-case"),
            ("http://h/redis", "registry"),
            ("h:port/redis", "registry"),
            ("-h.x/redis", "registry"),
            ("[::x]/redis", "registry"),
            ("[::1]5000/redis", "registry"),
            ("h:99999/redis", "registry"),
            ("h:000080/redis", "registry"),
            ("h:+80/redis", "registry"),
            ("redis:", "a tag"),
            ("redis:-x", "a tag"),
            ("redis:a b", "a tag"),
            ("redis@sha256:12", "a digest"),
            ("redis@", "a digest"),
            (&long, "255 bytes"),
            (&long_tag, "128"),
        ] {
            let wrong = Reference::parse(text).unwrap_err();
            assert!(wrong.message.contains(why) && wrong.help.contains("`postgres:17`"), "{text:?}: {wrong}");
        }
    }

    fn images(in_file: &[(&str, &str)], variables: &[(&str, &str)]) -> Config {
        let replacement = |text: &str| Replacement::parse(text).unwrap();
        let in_file =
            in_file.iter().map(|(name, image)| (Replaced::parse(name).unwrap(), replacement(image))).collect();
        let variables = variables.iter().map(|(name, image)| ((*name).to_owned(), replacement(image))).collect();
        Config { images: Images { in_file, variables }, ..Config::default() }
    }

    #[test]
    fn a_name_with_its_tag_outranks_the_name_and_the_environment_the_file() {
        let config = images(
            &[("redis", "r.io/redis:any"), ("redis:7", "r.io/redis:7.2"), ("nicolaka/netshoot", "r.io/tools:1")],
            &[("REDIS_6", "r.io/redis:6.2"), ("POSTGRES", "r.io/pg:17")],
        );
        for (name, tag, expected) in [
            ("redis", "7", "r.io/redis:7.2"),
            ("redis", "6", "r.io/redis:6.2"),
            ("redis", "5", "r.io/redis:any"),
            ("redis", "", "r.io/redis:any"),
            ("nicolaka/netshoot", "v1", "r.io/tools:1"),
            ("postgres", "17", "r.io/pg:17"),
            ("library/redis", "7", "library/redis:7"),
            ("nginx", "1.27", "nginx:1.27"),
            ("nginx", "", "nginx"),
        ] {
            assert_eq!(config.image(name, tag).unwrap(), expected, "{name}:{tag}");
        }
        let both = images(&[("redis:7", "r.io/file:1")], &[("REDIS", "r.io/variable:1")]);
        assert_eq!(both.image("redis", "7").unwrap(), "r.io/variable:1");
    }

    #[test]
    fn a_digest_passes_through() {
        let config = images(&[("redis", &format!("r.io/redis@{DIGEST}"))], &[]);
        let reference = config.image("redis", "7").unwrap();
        assert_eq!(reference, format!("r.io/redis@{DIGEST}"));
        assert_eq!(reference.rsplit_once(':').unwrap().0, "r.io/redis@sha256");
        assert!(Replaced::parse(&format!("redis@{DIGEST}")).unwrap_err().message.contains("not by digest"));
        assert!(Replacement::parse("r.io/redis").unwrap_err().message.contains("neither tag nor digest"));
    }

    #[test]
    fn a_test_that_asks_for_nonsense_is_told() {
        let error = Config::default().image("Redis", "7").unwrap_err().to_string();
        assert!(error.starts_with("`Redis:7` is no reference of a container image: a name has lower-case"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_is_written_alike(text in "[a-zA-Z0-9:/@._\\[\\]ä -]{0,24}") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(reference.to_string(), text);
            }
        }
    }
}
