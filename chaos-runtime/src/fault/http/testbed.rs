//! A service that speaks HTTP, a proxy in front of it, and clients that aren't ours, for the tests of faults of requests.

use crate::Chaos;
use crate::fault::Fault;
use crate::proxy::HttpProxy;
pub(super) use crate::proxy::testbed::hold;
use crate::proxy::testbed::{service, timely};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the service answers: `hello`, with the path after it.
pub(super) struct Bed {
    _chaos: Chaos,
    pub(super) proxy: HttpProxy,
    pub(super) client: reqwest::Client,
    served: Arc<AtomicU64>,
}

impl Bed {
    pub(super) async fn new() -> Self {
        let served = Arc::<AtomicU64>::default();
        let count = served.clone();
        let addr = service(move |stream| {
            let count = count.clone();
            async move {
                let answer = service_fn(|request| hello(request, count.clone()));
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                Ok(())
            }
        })
        .await;
        let chaos = Chaos::for_tests();
        let proxy = chaos.http_proxy(addr).await.unwrap();
        // Whatever proxy the environment asks for.
        crate::load::http::provide_crypto();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { _chaos: chaos, proxy, client, served }
    }

    /// Requests that the service got.
    pub(super) fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Response {
        timely(self.client.get(self.proxy.url(path)).send()).await.unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: &'static str) -> reqwest::Response {
        timely(self.client.post(self.proxy.url(path)).body(body).send()).await.unwrap()
    }
}

async fn hello(
    request: http::Request<Incoming>,
    served: Arc<AtomicU64>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    served.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let sent = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = format!("hello {} {}", head.uri.path(), String::from_utf8_lossy(&sent));
    let answer = http::Response::builder().header("etag", "\"1\"").header("x-service", "real");
    Ok(answer.body(Full::from(text)).unwrap())
}

/// The cause with which a fault is refused.
pub(super) async fn refusal(mut fault: impl Fault) -> String {
    let error = hold(&mut fault).await.err().unwrap_or_else(|| panic!("{} was not refused", fault.describe()));
    assert!(error.help_text().is_some(), "{error}");
    error.message().to_owned()
}
