//! The client of one load.

use crate::{Error, Result};
use reqwest::{Client, ClientBuilder, Url, redirect, retry};

/// Gives rustls its cryptography, unless the process has chosen one.
///
/// With the feature `tls`, reqwest is built without any for the whole process, so even a plain-text client of the user's
/// own panics when it is built before this was called: an experiment calls it before its body runs.
pub(crate) fn provide_crypto() {
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Refused if another thread was faster, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// What every request says of itself.
pub(super) const USER_AGENT: &str = concat!("chaos-test/", env!("CARGO_PKG_VERSION"));

/// How connections are made and kept.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) keep_alive: bool,
    pub(super) http2: bool,
    /// PEM certificates to trust, beyond those of the system.
    #[cfg(feature = "tls")]
    pub(super) trusted: Vec<Vec<u8>>,
}

impl Connection {
    /// A client that measures the service and nothing else; see the module.
    pub(super) fn client(&self, url: &Url) -> Result<Client> {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(if self.keep_alive { usize::MAX } else { 0 });
        if self.http2 {
            builder = builder.http2_prior_knowledge();
        }
        let builder = self.tls(builder, url.scheme() == "https")?;
        builder.build().map_err(|error| {
            let error = Error::new("the HTTP client could not be built").caused_by(error);
            if url.scheme() == "https" {
                error.help("https needs the system's root certificates (Debian: ca-certificates) or `.trust(pem)`")
            } else {
                error
            }
        })
    }

    #[cfg(feature = "tls")]
    fn tls(&self, builder: ClientBuilder, https: bool) -> Result<ClientBuilder> {
        provide_crypto();
        if !https {
            // Does not load the system's certificates, which a machine without TLS targets need not have.
            return Ok(builder.tls_certs_only([]));
        }
        let mut certificates = Vec::new();
        for pem in &self.trusted {
            let parsed = reqwest::Certificate::from_pem_bundle(pem).unwrap_or_default();
            if parsed.is_empty() {
                return Err(Error::new("the certificate to trust is no PEM certificate")
                    .help("`.trust(…)` takes the content of a file that has `-----BEGIN CERTIFICATE-----`"));
            }
            certificates.extend(parsed);
        }
        Ok(builder.tls_certs_merge(certificates))
    }

    #[cfg(not(feature = "tls"))]
    fn tls(&self, builder: ClientBuilder, https: bool) -> Result<ClientBuilder> {
        if https {
            return Err(Error::new("an https URL needs TLS, which this build of chaos-runtime leaves out")
                .help("enable it in Cargo.toml: chaos-runtime = { version = \"…\", features = [\"tls\"] }"));
        }
        Ok(builder)
    }
}
