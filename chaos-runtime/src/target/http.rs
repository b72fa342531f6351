//! HTTP services that `chaos.toml` names.

use crate::config::{Config, Wrong, base_url, header_value};
use crate::load::http::{self, HttpRequest};
use crate::{Chaos, Result, secret};
use std::fmt;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a service may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// An HTTP service of the current profile, from [`Chaos::http`].
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let orders = chaos.http("orders").await?;
/// chaos.load(orders.get("/orders/42").rate(per_second(100))).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HttpTarget {
    name: String,
    /// Without a slash at its end.
    base: String,
    headers: Vec<(String, String)>,
}

impl Chaos {
    /// The HTTP service that [`chaos.toml`](crate::config) has under this name in the current profile.
    ///
    /// # Errors
    /// When there is none of that name, an environment variable that it needs is not set, or nobody accepts a
    /// connection at its address within 5 s.
    pub async fn http(&self, name: &str) -> Result<HttpTarget> {
        self.core.still_on()?;
        let settings = &self.core.settings;
        HttpTarget::of(&settings.config, &settings.profile, name).await
    }
}

impl HttpTarget {
    pub(crate) async fn of(config: &Config, profile: &str, name: &str) -> Result<Self> {
        let target = config.http(profile, name)?;
        let key = format!("profile.{profile}.http.{name}");
        let failed = |wrong: Wrong| config.failed(&key, &target.url, &wrong);
        let url = base_url(&config.filled(&key, &target.url)?).map_err(failed)?;
        let mut headers = Vec::with_capacity(target.headers.len());
        for (name, template) in &target.headers {
            let key = format!("{key}.headers.{name}");
            let value = config.filled(&key, template)?;
            secret::register_header(name, &value);
            header_value(&value).map_err(|wrong| config.failed(&key, template, &wrong))?;
            headers.push((name.clone(), value));
        }
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let problem = match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", CONNECT_LIMIT.as_secs())),
        };
        if let Some(problem) = problem {
            let help = format!("start it, correct the address, or choose another profile than `{profile}`");
            return Err(failed(Wrong::new(format!("nobody accepts connections at {host}:{port}: {problem}"), help)));
        }
        Ok(Self { name: name.to_owned(), base: url.as_str().trim_end_matches('/').to_owned(), headers })
    }

    /// The base URL, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Sent with every request.
    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// A URL on it: `url("/orders/42")` is `https://orders.example.com/orders/42`. A path in the base URL comes first.
    pub fn url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{path}", self.base)
    }

    /// A `GET` of this path, with the headers of `chaos.toml`.
    pub fn get(&self, path: &str) -> HttpRequest {
        self.request("GET", path)
    }

    /// A `POST` to this path, with the headers of `chaos.toml`.
    pub fn post(&self, path: &str) -> HttpRequest {
        self.request("POST", path)
    }

    /// A `PUT` to this path, with the headers of `chaos.toml`.
    pub fn put(&self, path: &str) -> HttpRequest {
        self.request("PUT", path)
    }

    /// A `PATCH` of this path, with the headers of `chaos.toml`.
    pub fn patch(&self, path: &str) -> HttpRequest {
        self.request("PATCH", path)
    }

    /// A `DELETE` of this path, with the headers of `chaos.toml`.
    pub fn delete(&self, path: &str) -> HttpRequest {
        self.request("DELETE", path)
    }

    /// A `HEAD` of this path, with the headers of `chaos.toml`.
    pub fn head(&self, path: &str) -> HttpRequest {
        self.request("HEAD", path)
    }

    /// A request of this path with any method, with the headers of `chaos.toml`.
    pub fn request(&self, method: impl AsRef<str>, path: &str) -> HttpRequest {
        let request = http::request(method, self.url(path));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

impl fmt::Debug for HttpTarget {
    /// Without the values of headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpTarget")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("headers", &headers)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;
    use tokio::net::TcpListener;

    async fn of(toml: &str) -> Result<HttpTarget> {
        HttpTarget::of(&parse(toml).unwrap(), "local", "orders").await
    }

    #[tokio::test]
    async fn a_service_that_answers_gives_urls_and_requests_with_its_headers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let toml = format!(
            "[profile.local.http]\norders = {{ url = \"http://{addr}/api/\", headers = {{ x-api-key = \"k3y-of-orders\" }} }}"
        );
        let orders = of(&toml).await.unwrap();
        assert_eq!(orders.url("/orders/42"), format!("http://{addr}/api/orders/42"));
        assert_eq!(orders.url("orders"), format!("http://{addr}/api/orders"));
        let shown = format!("{orders:?}, {:?}", orders.post("/orders"));
        assert!(!shown.contains("k3y-of-orders") && shown.contains("POST"), "{shown}");
        assert_eq!(secret::redact("k3y-of-orders"), "[redacted]");
    }

    #[tokio::test]
    async fn a_service_that_does_not_answer_is_said_with_profile_key_and_address() {
        let (_reserved, addr) = crate::proxy::testbed::nobody();
        let error = of(&format!("[profile.local.http]\norders = \"http://{addr}\"")).await.unwrap_err().to_string();
        let start = format!("profile.local.http.orders in chaos.toml:2:10: nobody accepts connections at {addr}: ");
        assert!(error.starts_with(&start) && error.contains("\nhelp: start it, correct the address"), "{error}");
    }

    #[tokio::test]
    async fn a_variable_that_is_not_set_is_said_with_its_key() {
        let toml = "[profile.local.http]\norders = { url = \"http://h\", headers = { a = \"$CHAOS_NO_SUCH_ONE\" } }";
        let error = of(toml).await.unwrap_err().to_string();
        let start = "profile.local.http.orders.headers.a in chaos.toml:2:46: the environment variable CHAOS_NO_SUCH_ONE is not set";
        assert!(error.starts_with(start) && error.contains("help: set CHAOS_NO_SUCH_ONE"), "{error}");
    }
}
