//! Calls of a remote service, as a tower service.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service};

/// A way to call the service: plain, or with a pattern around it.
pub type Call = BoxCloneSyncService<(), String, BoxError>;

/// The service of quotes, without any pattern.
#[derive(Debug, Clone)]
pub struct Remote {
    http: reqwest::Client,
    url: String,
    sent: Arc<AtomicU64>,
}

impl Remote {
    /// A client of the service that listens there.
    pub fn new(addr: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), url: format!("http://{addr}/quote"), sent: Arc::default() }
    }

    /// How many requests were sent.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}

impl Service<()> for Remote {
    type Response = String;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<String, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (): ()) -> Self::Future {
        self.sent.fetch_add(1, Relaxed);
        let answer = self.http.get(&self.url).send();
        Box::pin(async move { Ok(answer.await?.error_for_status()?.text().await?) })
    }
}
