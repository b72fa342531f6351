//! The HTTP client of all ways out: bounded, with the retries that the protocols ask for.
//!
//! It is hyper and no reqwest: cargo unifies features, and with TLS in reqwest every client in the workspace would need
//! a cryptography provider.

use base64::Engine as _;
use bytes::Bytes;
use chaos_runtime::{Error, Result, Secret};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, RETRY_AFTER};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::fmt;
use std::time::Duration;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often something is sent at most.
const ATTEMPTS: u64 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longer than this nobody waits for a receiver that asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// As much of an answer is read.
const LONGEST_ANSWER: usize = 8 << 20;

/// A URL to send to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    path: String,
    query: Option<String>,
}

impl Endpoint {
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            // Not the URL itself: what is wrong with it may be a password in it.
            Error::new(format!("not a URL to send to: {why}"))
                .help("write it as `http://host:port/path` or `https://host/path`")
        };
        let uri: Uri = url.trim().parse().map_err(|_| wrong("it is malformed"))?;
        let parts = uri.into_parts();
        let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        let scheme = scheme.ok_or_else(|| wrong("it begins with neither http:// nor https://"))?;
        let authority = parts.authority.ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(Error::new("a URL to send to has credentials in it")
                .help("a command line is seen by others: give them as --user NAME and --token-env VARIABLE"));
        }
        let path = parts.path_and_query.as_ref().map_or("/", PathAndQuery::path).to_owned();
        let query = parts.path_and_query.as_ref().and_then(PathAndQuery::query).map(str::to_owned);
        Ok(Self { scheme, authority, path, query })
    }

    /// The same with more of a path.
    pub(crate) fn join(&self, path: &str) -> Self {
        Self { path: format!("{}{path}", self.path.trim_end_matches('/')), ..self.clone() }
    }

    /// The same with this query.
    pub(crate) fn query(&self, query: String) -> Self {
        Self { query: Some(query), ..self.clone() }
    }

    /// Whether it is https.
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether it has a path at all.
    pub(crate) fn has_path(&self) -> bool {
        self.path != "/" && !self.path.is_empty()
    }

    fn uri(&self) -> Result<Uri> {
        let path = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query(path);
        uri.build().map_err(|error| Error::new(format!("{self} is no URL")).caused_by(error))
    }
}

impl fmt::Display for Endpoint {
    /// Without the query, which may hold a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

/// What receivers are told of who sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Credentials(HeaderMap);

impl Credentials {
    /// Adds a header; its value is kept secret.
    pub(crate) fn add(&mut self, name: &str, value: &str) -> Result {
        let _ = Secret::new(value);
        // A receiver may repeat the credentials without the word before them.
        if let Some((_, credentials)) = value.split_once(' ') {
            let _ = Secret::new(credentials);
        }
        let bad = |what: &str| {
            Error::new(format!("the {what} of the header `{}` is none that HTTP allows", name.escape_debug()))
                .help("write it as --header NAME=VALUE")
        };
        let header: HeaderName = name.trim().parse().map_err(|_| bad("name"))?;
        let mut value = HeaderValue::from_str(value.trim()).map_err(|_| bad("value"))?;
        value.set_sensitive(true);
        self.0.insert(header, value);
        Ok(())
    }

    /// `Bearer` with this token; with a user's name, `Basic` with the token as the password.
    pub(crate) fn add_token(&mut self, user: Option<&str>, token: &Secret) -> Result {
        let token = token.expose().trim();
        let value = match user {
            None => format!("Bearer {token}"),
            Some(user) => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
                format!("Basic {pair}")
            }
        };
        self.add(AUTHORIZATION.as_str(), &value)
    }
}

/// Which answers mean: again, later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// 429, 502, 503, 504 (OTLP/HTTP).
    Otlp,
    /// 429 and all 5xx (remote write 1.0).
    RemoteWrite,
    /// 429 and 503 only, as after others the request may have been carried out, and it must not be so twice.
    Busy,
}

impl Retry {
    fn applies(self, status: StatusCode) -> bool {
        matches!((self, status.as_u16()), (_, 429 | 503) | (Self::Otlp, 502 | 504) | (Self::RemoteWrite, 500..=599))
    }
}

/// Something to send.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) headers: &'a [(&'static str, &'static str)],
    pub(crate) body: Bytes,
    pub(crate) retry: Retry,
}

/// What a receiver said.
#[derive(Debug)]
pub(crate) struct Answer {
    endpoint: String,
    status: StatusCode,
    pub(crate) is_json: bool,
    pub(crate) body: Bytes,
    /// How often the request was sent again.
    pub(crate) retries: u64,
    location: Option<String>,
}

impl Answer {
    /// Itself, if it is a 2xx.
    ///
    /// # Errors
    /// What the receiver said, with the way out: `way_out`'s for the status and the text, if it has one.
    pub(crate) fn accepted(self, way_out: fn(u16, &str) -> Option<&'static str>) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said = self.said();
        let mut message = format!("{} answered {}", self.endpoint, self.status);
        if !said.is_empty() {
            message += &format!(": {said}");
        }
        if self.retries > 0 {
            message += &format!(" (after {} attempts)", self.retries + 1);
        }
        let status = self.status.as_u16();
        let help = way_out(status, &said).map(str::to_owned).or_else(|| match status {
            300..=399 => Some(match &self.location {
                Some(location) => format!("it is at {location} now: name that"),
                None => "name the URL that it redirects to".to_owned(),
            }),
            401 | 403 => Some(
                "give credentials that may write there: --token-env VARIABLE (a bearer token; with --user NAME, a \
                 password), or --header NAME=VALUE"
                    .to_owned(),
            ),
            413 => Some("the receiver's limit for one request is too low for these: raise it".to_owned()),
            429 | 500..=599 => {
                Some("try again later: the journals stay where they are, and what arrived is not doubled".to_owned())
            }
            _ => None,
        });
        let error = Error::new(message);
        Err(match help {
            Some(help) => error.help(help),
            None => error,
        })
    }

    /// The beginning of the text, on one line and without what a terminal would obey.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.chars().count() > 400 { words.chars().take(399).chain(['…']).collect() } else { words }
    }
}

/// Sends things.
#[derive(Debug)]
pub(crate) struct Client {
    hyper: Hyper<HttpsConnector<HttpConnector>, Full<Bytes>>,
    credentials: Credentials,
}

impl Client {
    /// One that trusts the certificates of the system, or those in `SSL_CERT_FILE`.
    pub(crate) fn new(credentials: Credentials, needs_tls: bool) -> Result<Self> {
        let builder = HttpsConnectorBuilder::new();
        let provider = std::sync::Arc::new(cryptography());
        let builder = if needs_tls {
            builder.with_provider_and_native_roots((*provider).clone()).map_err(|error| {
                Error::new("no certificates to trust were found")
                    .caused_by(error)
                    .help("install `ca-certificates`, or name a PEM file in SSL_CERT_FILE")
            })?
        } else {
            let config = trusting_nobody(provider)?;
            builder.with_tls_config(config)
        };
        let connector = builder.https_or_http().enable_http1().build();
        Ok(Self { hyper: Hyper::builder(TokioExecutor::new()).build(connector), credentials })
    }

    /// Sends it, and again where the protocol says so: up to four times more, for as long as the receiver asks or with
    /// waits of 0.5 s, 1 s, 2 s, 4 s.
    ///
    /// # Errors
    /// When the receiver can't be reached. Nobody waits for one that is not there: a journal can be exported later.
    pub(crate) async fn send(&self, endpoint: &Endpoint, request: Request<'_>) -> Result<Answer> {
        let mut wait = FIRST_WAIT;
        let mut retries = 0;
        loop {
            let (mut answer, asked) = self.attempt(endpoint, &request).await?;
            answer.retries = retries;
            let pause = asked.unwrap_or(wait);
            if !request.retry.applies(answer.status) || retries + 1 == ATTEMPTS || pause > LONGEST_WAIT {
                return Ok(answer);
            }
            tokio::time::sleep(pause).await;
            wait *= 2;
            retries += 1;
        }
    }

    /// The answer, and for how long it asks to wait.
    async fn attempt(&self, endpoint: &Endpoint, request: &Request<'_>) -> Result<(Answer, Option<Duration>)> {
        let mut message = http::Request::new(Full::new(request.body.clone()));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = endpoint.uri()?;
        let headers = message.headers_mut();
        headers.insert("user-agent", HeaderValue::from_static(concat!("chaos-test/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        headers.extend(self.credentials.0.clone());
        let exchange = async {
            let answer = self.hyper.request(message).await.map_err(|error| unreachable(endpoint, error))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await.map_err(|error| {
                Error::new(format!("the answer of {endpoint} broke off")).caused_by(error).help(AGAIN)
            })?;
            Ok::<_, Error>((head, body.to_bytes()))
        };
        let (head, body) = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| {
            Error::new(format!("{endpoint} did not answer within {} s", PATIENCE.as_secs())).help(AGAIN)
        })??;
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let answer = Answer {
            endpoint: endpoint.to_string(),
            status: head.status,
            is_json: text("content-type").is_some_and(|kind| kind.starts_with("application/json")),
            body,
            retries: 0,
            location: text("location").map(|location| location.chars().filter(|c| !c.is_control()).collect()),
        };
        Ok((answer, text(RETRY_AFTER.as_str()).and_then(asked_wait)))
    }
}

const AGAIN: &str = "try again: the journals stay where they are, and what arrived is not doubled";

fn cryptography() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// For plain HTTP: reading the system's certificates takes a while, and some systems have none.
fn trusting_nobody(provider: std::sync::Arc<rustls::crypto::CryptoProvider>) -> Result<rustls::ClientConfig> {
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Error::new("TLS can't be set up").caused_by(error))?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

/// Seconds, or a date.
fn asked_wait(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(Duration::from_secs_f64(date.timestamp().duration_since(jiff::Timestamp::now()).as_secs_f64().max(0.0)))
}

fn unreachable(endpoint: &Endpoint, error: hyper_util::client::legacy::Error) -> Error {
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        text += &cause.to_string();
        source = cause.source();
    }
    let is_certificate = text.contains("certificate");
    // Some answer in words of their own, some just hang up.
    let signs = ["corrupt message", "InvalidContentType", "handshake eof"];
    let is_other_protocol = signs.iter().any(|sign| text.contains(sign));
    let help = if is_certificate {
        "name the PEM file of the authority that signed its certificate in SSL_CERT_FILE"
    } else if is_other_protocol {
        "what answers there speaks no TLS: is it http:// instead of https://?"
    } else if error.is_connect() {
        "is it running, and is that its address? Seen from this machine, not from a container"
    } else {
        AGAIN
    };
    Error::new(format!("{endpoint} can't be reached")).caused_by(error).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_shown_without_their_query() {
        let endpoint = Endpoint::parse("https://host:8443/api/?key=k3y").unwrap();
        assert_eq!(endpoint.join("/v1/traces").uri().unwrap(), "https://host:8443/api/v1/traces?key=k3y");
        assert_eq!(endpoint.to_string(), "https://host:8443/api/");
        assert!(endpoint.has_path() && !Endpoint::parse("http://[::1]:9090").unwrap().has_path());
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_repeating_it() {
        for (url, why) in [
            ("localhost:4318", "neither http:// nor https://"),
            ("grpc://h:4317", "neither http:// nor https://"),
            ("http://", "malformed"),
            ("/api", "neither http:// nor https://"),
            ("https://ann:pa55word-of-ann@h/", "has credentials in it"),
        ] {
            let error = Endpoint::parse(url).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
            assert!(!error.contains("pa55word-of-ann"), "{error}");
        }
    }

    #[test]
    fn each_protocol_has_its_own_reasons_to_send_again() {
        let again = |retry: Retry| -> Vec<u16> {
            (200..600).filter(|status| retry.applies(StatusCode::from_u16(*status).unwrap())).collect()
        };
        assert_eq!(again(Retry::Otlp), [429, 502, 503, 504]);
        assert_eq!(again(Retry::Busy), [429, 503]);
        let remote_write = again(Retry::RemoteWrite);
        assert_eq!((remote_write[0], remote_write[1], remote_write.len()), (429, 500, 101));
    }

    #[test]
    fn a_receiver_asks_to_wait_in_seconds_or_until_a_date() {
        assert_eq!(asked_wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked_wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked_wait("soon"), None);
    }

    #[test]
    fn a_token_is_a_bearer_or_a_password_and_is_shown_nowhere() {
        let token = Secret::new("t0ken-of-the-test".to_owned());
        let mut credentials = Credentials::default();
        credentials.add_token(None, &token).unwrap();
        assert_eq!(credentials.0["authorization"], "Bearer t0ken-of-the-test");
        assert!(!format!("{credentials:?}").contains("t0ken"));
        credentials.add_token(Some("42"), &token).unwrap();
        assert_eq!(credentials.0["authorization"], "Basic NDI6dDBrZW4tb2YtdGhlLXRlc3Q=");
        let shown = Error::new("said <NDI6dDBrZW4tb2YtdGhlLXRlc3Q=>, said <t0ken-of-the-test>").to_string();
        assert_eq!(shown, "said <[redacted]>, said <[redacted]>");
        assert!(credentials.add("a b", "c").is_err() && credentials.add("a", "b\nc").is_err());
    }
}
