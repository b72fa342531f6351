//! A request: described by its author, checked and built once, sent again and again.

use super::bare::Bare;
use super::client::Connection;
use super::exchange::{BoxError, Ready};
use super::expect::{BodyCheck, StatusSet};
use crate::load::classify::failure;
use crate::load::{OpId, Operation};
use crate::measure::{ErrorClass, Outcome};
use crate::{Error, Result, secret};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use std::fmt;

/// A request as an [`Operation`]. Made by [`http::get`](super::get) and its siblings.
///
/// What is wrong with it, such as a bad URL, is said before the load's first attempt.
#[derive(Clone)]
#[must_use = "a request does nothing until it is given to a load"]
pub struct HttpRequest {
    method: String,
    url: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: std::result::Result<Bytes, String>,
    connection: Connection,
    bare: bool,
    status: StatusSet,
    check: Option<BodyCheck>,
    ready: Option<Ready>,
}

impl HttpRequest {
    pub(super) fn new(method: &str, url: String) -> Self {
        Self {
            method: method.to_owned(),
            url,
            query: Vec::new(),
            headers: Vec::new(),
            body: Ok(Bytes::new()),
            connection: Connection {
                keep_alive: true,
                http2: false,
                #[cfg(feature = "tls")]
                trusted: Vec::new(),
            },
            bare: false,
            status: StatusSet::default(),
            check: None,
            ready: None,
        }
    }

    /// The same request to another URL.
    pub fn at(mut self, url: impl fmt::Display) -> Self {
        self.url = url.to_string();
        self.ready = None;
        self
    }

    /// Adds `name=value` to the URL's query.
    pub fn query(mut self, name: impl fmt::Display, value: impl fmt::Display) -> Self {
        self.query.push((name.to_string(), value.to_string()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl fmt::Display, value: impl fmt::Display) -> Self {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// Adds `Authorization: Bearer …`. The token appears in no report. A [`Secret`](crate::Secret)'s is
    /// [`expose`](crate::Secret::expose)d for it.
    pub fn bearer(self, token: impl fmt::Display) -> Self {
        self.header(AUTHORIZATION, format_args!("Bearer {token}"))
    }

    /// Sends this body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Ok(body.into());
        self
    }

    /// Sends this value as JSON, with `Content-Type: application/json` unless a header says otherwise.
    pub fn json(mut self, value: &impl serde::Serialize) -> Self {
        self.body = serde_json::to_vec(value).map(Bytes::from).map_err(|error| error.to_string());
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())) {
            self.headers.push((CONTENT_TYPE.to_string(), "application/json".to_owned()));
        }
        self
    }

    /// The statuses that are a success: `404`, `[200, 404]`, `200..=299`. Any other one fails in class `status`.
    /// Default: 2xx and 3xx.
    pub fn expect_status(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.status = statuses.into();
        self
    }

    /// A success must have a body for which this is true; else it fails in class `body`. The body is held in memory.
    pub fn expect_body(mut self, holds: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        self.check = Some(BodyCheck::new(holds));
        self
    }

    /// A success must have a body with this text in it; else it fails in class `body`.
    pub fn expect_body_contains(mut self, text: impl Into<String>) -> Self {
        self.check = Some(BodyCheck::contains(text.into()));
        self
    }

    /// Opens a connection for every attempt.
    pub fn no_keep_alive(mut self) -> Self {
        self.connection.keep_alive = false;
        self
    }

    /// Speaks HTTP/2 from the first byte, without asking: all attempts share a connection.
    pub fn http2_prior_knowledge(mut self) -> Self {
        self.connection.http2 = true;
        self
    }

    /// Speaks HTTP/1.1 on connections of the load's own, without a client's layers in between: the same request, the
    /// same outcomes, at about half the processor time. For rates at which the client would be what is measured.
    ///
    /// Every operation in flight has a connection to itself, and the one that was used last is used next. Plain `http`
    /// only.
    pub fn bare_http1(mut self) -> Self {
        self.bare = true;
        self.ready = None;
        self
    }

    /// Trusts the PEM certificates of a file's content too, such as those of a test's own authority.
    #[cfg(feature = "tls")]
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.connection.trusted.push(pem.into());
        self
    }

    /// Whatever the rest of the process says about these values, no report shows them.
    fn register_secrets(&self) {
        if let Ok(url) = Url::parse(&self.url) {
            secret::register_url(&url);
        }
        self.query.iter().for_each(|(name, value)| secret::register_parameter(name, value));
        self.headers.iter().for_each(|(name, value)| secret::register_header(name, value));
    }

    /// A [`Secret`](crate::Secret) that was formatted instead of exposed would be sent as it shows itself.
    fn refuse_placeholders(&self) -> Result<()> {
        let held = |text: &str| text.contains(secret::PLACEHOLDER);
        let place = if held(&self.url) {
            "the URL".to_owned()
        } else if let Some((name, _)) = self.query.iter().find(|(_, value)| held(value)) {
            format!("the query's `{name}`")
        } else if let Some((name, _)) = self.headers.iter().find(|(_, value)| held(value)) {
            format!("the HTTP header `{name}`")
        } else {
            return Ok(());
        };
        Err(Error::new(format!("{place} would be sent as `{}`", secret::PLACEHOLDER))
            .help("a `Secret` shows itself like that; give the request what `.expose()` returns"))
    }

    fn build(&self) -> Result<Ready> {
        self.register_secrets();
        self.refuse_placeholders()?;
        let url = self.full_url()?;
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| Error::new(format!("`{}` is no HTTP method", self.method)))?;
        let body = self.body.clone().map_err(|error| Error::new(format!("the body is no JSON: {error}")))?;
        let headers = self.header_map()?;
        if self.bare {
            self.refuse_what_is_not_bare(&url)?;
        }
        let client = self.connection.client(&url)?;
        // The builder makes an `Authorization` of the URL's user and password; a header of that name outranks it.
        let mut request = client.request(method, url).headers(headers);
        if !body.is_empty() {
            request = request.body(body.clone());
        }
        let request = request.build().map_err(|error| Error::new("the request can't be built").caused_by(error))?;
        if self.bare {
            return Ok(Ready::Bare(Bare::new(&request, body, self.connection.keep_alive)?));
        }
        Ok(Ready::Client { client, request })
    }

    fn refuse_what_is_not_bare(&self, url: &Url) -> Result<()> {
        let what = if url.scheme() == "https" {
            "https"
        } else if self.connection.http2 {
            "HTTP/2"
        } else {
            return Ok(());
        };
        Err(Error::new(format!("`bare_http1` can't speak {what}")).help("leave it out: the default client does"))
    }

    fn full_url(&self) -> Result<Url> {
        const HELP: &str = "give the whole URL, such as http://127.0.0.1:8080/checkout";
        let mut url = Url::parse(&self.url)
            .map_err(|error| Error::new(format!("`{}` is no URL", self.shown_url())).caused_by(error).help(HELP))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(Error::new(format!("`{}` is no http or https URL", self.shown_url())).help(HELP));
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn header_map(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let key = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Error::new(format!("`{name}` is no name of an HTTP header")))?;
            // The value itself may be a secret.
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                Error::new(format!("the value of the HTTP header `{name}` has characters that are not allowed there"))
                    .help("line breaks and other control characters cannot be sent; was a token read with its newline?")
            })?;
            value.set_sensitive(key == AUTHORIZATION);
            headers.append(key, value);
        }
        if !self.connection.keep_alive && !self.connection.http2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(headers)
    }

    /// The URL for reports: without password, and without the values of its query, which may be secrets.
    fn shown_url(&self) -> String {
        let Ok(mut url) = Url::parse(&self.url) else {
            return self.url.split('?').next().unwrap_or_default().to_owned();
        };
        // Fails for URLs that cannot have either; then there is nothing to hide.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let names: Vec<String> = url
            .query_pairs()
            .map(|(name, _)| name.into_owned())
            .chain(self.query.iter().map(|(name, _)| name.clone()))
            .map(|name| format!("{name}=…"))
            .collect();
        url.set_query(None);
        url.set_fragment(None);
        if names.is_empty() { url.to_string() } else { format!("{url}?{}", names.join("&")) }
    }

    async fn send(&self, ready: &Ready) -> std::result::Result<Outcome, BoxError> {
        let mut answer = ready.send().await?;
        let status = answer.status();
        if !self.status.contains(status) {
            // Read for the sake of the connection; whatever becomes of it, the status is what went wrong.
            while let Ok(Some(_)) = answer.chunk().await {}
            let message = format!("status {status}, expected {}", self.status);
            return Ok(Outcome::failed(ErrorClass::Status, message).with_status(status));
        }
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if self.check.is_some() => body.extend_from_slice(&chunk),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    let mut outcome = failure(&*error).with_status(status);
                    // hyper does not say of its errors that they are of a body.
                    outcome.error =
                        outcome.error.filter(|class| *class != ErrorClass::Other).or(Some(ErrorClass::Body));
                    return Ok(outcome);
                }
            }
        }
        let checked = self.check.as_ref().map_or(Ok(()), |check| check.check(&body));
        Ok(match checked {
            Ok(()) => Outcome::OK.with_status(status),
            Err(message) => Outcome::failed(ErrorClass::Body, message).with_status(status),
        })
    }
}

impl Operation for HttpRequest {
    async fn attempt(&self, _id: OpId) -> Outcome {
        match &self.ready {
            Some(ready) => self.send(ready).await.unwrap_or_else(|error| failure(&*error)),
            None => Outcome::failed(ErrorClass::Other, "the request was not prepared before its first attempt"),
        }
    }

    fn describe(&self) -> String {
        format!("{} {}", self.method, self.shown_url())
    }

    fn prepare(&mut self) -> Result<()> {
        self.ready = Some(self.build()?);
        Ok(())
    }
}

impl fmt::Debug for HttpRequest {
    /// Without headers and body, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpRequest").field(&self.describe()).finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::load::{Operation, http};

    fn problem(mut request: http::HttpRequest) -> String {
        request.prepare().unwrap_err().to_string()
    }

    #[test]
    fn a_report_shows_no_secrets() {
        let request = http::post("http://ann:secret@127.0.0.1:4000/pay?token=secret").query("key", "secret");
        let request = request.bearer("secret").body("secret");
        assert_eq!(request.describe(), "POST http://127.0.0.1:4000/pay?token=…&key=…");
        assert!(!format!("{request:?}").contains("secret"));
        assert_eq!(http::get("http://127.0.0.1:4000/checkout").describe(), "GET http://127.0.0.1:4000/checkout");
    }

    #[test]
    fn mistakes_are_named_before_the_first_attempt() {
        let url = problem(http::get("127.0.0.1:8080/checkout?token=secret"));
        assert!(
            url.starts_with("`127.0.0.1:8080/checkout` is no ") && url.contains("help: give the whole URL"),
            "{url}"
        );
        assert!(!url.contains("secret"), "{url}");
        let scheme = problem(http::get("ftp://127.0.0.1/"));
        assert!(scheme.starts_with("`ftp://127.0.0.1/` is no http or https URL"), "{scheme}");
        let token = problem(http::get("http://127.0.0.1/").bearer("secret\n"));
        assert!(token.contains("`authorization`") && !token.contains("secret"), "{token}");
        assert!(problem(http::get("http://127.0.0.1/").header("a b", 1)).contains("`a b` is no name"));
        assert!(problem(http::request("G T", "http://127.0.0.1/")).contains("`G T` is no HTTP method"));
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(problem(http::post("http://127.0.0.1/").json(&map)).contains("the body is no JSON"));
    }

    #[test]
    fn a_secret_that_was_not_exposed_is_refused_rather_than_sent() {
        let token = crate::Secret::new("t0ken-t0-expose");
        let mut good = http::get("http://127.0.0.1/").bearer(token.expose());
        good.prepare().unwrap();
        let header = problem(http::get("http://127.0.0.1/").bearer(&token));
        assert!(
            header.contains("`authorization` would be sent as `[redacted]`") && header.contains(".expose()"),
            "{header}"
        );
        assert!(problem(http::get(format!("http://127.0.0.1/{token}"))).starts_with("the URL"));
        assert!(problem(http::get("http://127.0.0.1/").query("key", &token)).starts_with("the query's `key`"));
    }

    #[test]
    fn what_a_request_is_given_as_a_secret_is_one_from_then_on() {
        let request = http::get("http://ann:us3rinfo-of-request@127.0.0.1/?sig=s1g-of-request");
        let mut request = request.header("x-api-key", "h3ader-of-request").query("access_token", "qu3ry-of-request");
        request.prepare().unwrap();
        let text = "us3rinfo-of-request s1g-of-request h3ader-of-request qu3ry-of-request";
        assert_eq!(crate::secret::redact(text), "[redacted] [redacted] [redacted] [redacted]");
    }

    #[test]
    fn what_bare_http1_cannot_speak_is_said_before_the_first_attempt() {
        let https = problem(http::get("https://127.0.0.1/").bare_http1());
        assert!(https.starts_with("`bare_http1` can't speak https") && https.contains("leave it out"), "{https}");
        let http2 = problem(http::get("http://127.0.0.1/").http2_prior_knowledge().bare_http1());
        assert!(http2.starts_with("`bare_http1` can't speak HTTP/2"), "{http2}");
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn https_without_the_feature_says_how_to_enable_it() {
        let text = problem(http::get("https://127.0.0.1/"));
        assert!(text.contains("needs TLS") && text.contains("features = [\"tls\"]"), "{text}");
    }
}
