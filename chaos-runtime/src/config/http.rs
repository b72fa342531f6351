//! `[profile.<profile>.http]`: HTTP services.

use super::problem::{Placed, Wrong};
use super::template::Template;
use crate::secret;
use reqwest::Url;
use reqwest::header;
use std::collections::BTreeMap;

/// An HTTP service as the file has it: variables are not put in yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Http {
    pub(crate) url: Placed<Template>,
    pub(crate) headers: BTreeMap<String, Placed<Template>>,
}

impl Http {
    /// What stands in the file itself; what comes from the environment is registered when it is put in.
    pub(super) fn register_secrets(&self) {
        for (name, template) in &self.headers {
            if let Some(value) = template.value.literal() {
                secret::register_header(name, value);
            }
        }
    }
}

/// The base URL of a service.
#[derive(Debug, Clone)]
pub(super) struct BaseUrl(pub(super) Template);

impl BaseUrl {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let template = Template::parse(text)?;
        // With variables in it, it is looked at when they are put in.
        template.literal().map(base_url).transpose()?;
        Ok(Self(template))
    }
}

/// A URL to which paths can be appended; otherwise what is wrong with it, and the way out.
pub(crate) fn base_url(text: &str) -> Result<Url, Wrong> {
    let whole = "give scheme and host, such as http://127.0.0.1:8080";
    // `Url` forgives more than anyone means: blanks, backslashes, `http:///h`.
    if text.contains(|c: char| c.is_whitespace() || c == '\\') {
        return Err(Wrong::new("the URL has a blank or a backslash", "take it out, or encode it: %20, %5C"));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(Wrong::new("the URL is none: it has no scheme and host", whole));
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(Wrong::new("the URL's scheme is neither http nor https", whole));
    }
    if rest.starts_with(['/', '?', '#']) {
        return Err(Wrong::new("the URL has no host", whole));
    }
    let url = Url::parse(text).map_err(|error| Wrong::new(format!("the URL is none: {error}"), whole))?;
    if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
        let help = "log in with a header, `authorization`";
        return Err(Wrong::new("the URL has a user or a password", help));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Wrong::new("the URL has a query or a fragment", "give it with each request"));
    }
    Ok(url)
}

/// A header's name, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeaderName(pub(super) String);

impl HeaderName {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let help = "a header's name has letters, digits and hyphens, as in `x-api-key`";
        header::HeaderName::from_bytes(text.as_bytes()).map_err(|_| Wrong::new("no name of an HTTP header", help))?;
        Ok(Self(text.to_owned()))
    }
}

/// A header's value.
#[derive(Debug, Clone)]
pub(super) struct HeaderValue(pub(super) Template);

impl HeaderValue {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        header_value(text)?;
        Template::parse(text).map(Self)
    }
}

/// Refuses what can't be a header's value.
pub(crate) fn header_value(text: &str) -> Result<(), Wrong> {
    let wrong = || Wrong::new("a header's value has characters that are not allowed there", "write it in one line");
    header::HeaderValue::from_str(text).map(drop).map_err(|_| wrong())
}
