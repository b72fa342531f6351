//! The middleware for reqwest.

use super::course::Course;
use super::error::ChaosError;
use super::future::ResponseFuture;
use super::status::CallStatus;
use super::steering::{Instead, Place};
use super::substitute::Substitute;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next, Result};

const KIND: &str = "chaos middleware";

/// A middleware of `reqwest-middleware` that harms requests, and the switch that says when. Clones steer the same
/// switch.
///
/// ```
/// use chaos_runtime::prelude::*;
/// use chaos_runtime::inside::ChaosMiddleware;
/// use reqwest_middleware::ClientBuilder;
///
/// # async fn body(chaos: &mut Chaos) -> chaos::Result {
/// let switch = ChaosMiddleware::new();
/// let client = ClientBuilder::new(reqwest::Client::new()).with(switch.clone()).build();
///
/// chaos.load(op(move |_| client.get("http://127.0.0.1:8080/").send()).rate(per_second(100))).await?;
/// chaos.inject(switch.status(503).share(percent(20))).hold(secs(5)).await?;
/// # Ok(())
/// # }
/// ```
///
/// Where it stands among the client's middlewares matters: those before it (a retry) meet its faults, those after it
/// don't. Errors are [`reqwest_middleware::Error::Middleware`] around a [`ChaosError`]. Several faults at once act as with
/// `ChaosLayer`.
#[derive(Debug, Clone)]
pub struct ChaosMiddleware {
    place: Place,
}

impl ChaosMiddleware {
    /// A switch with no fault on.
    #[expect(clippy::new_without_default, reason = "two defaults would be two switches, which is never what is meant")]
    pub fn new() -> Self {
        Self { place: Place::new(KIND) }
    }

    /// A name for reports, where there are several: `inventory`.
    pub fn named(mut self, name: &str) -> Self {
        self.place = self.place.named(KIND, name);
        self
    }

    /// A fault: requests get an empty answer with this status (200 to 599), and are not sent.
    pub fn status(&self, status: u16) -> CallStatus {
        CallStatus::new(&self.place, status)
    }

    steering!(place);
}

/// Errors and answers of the middleware's types.
struct Replacing;

impl Substitute<Result<Response>> for Replacing {
    fn substitute(&self, error: ChaosError) -> Result<Response> {
        match error.instead {
            Instead::Error | Instead::Dropped => Err(Error::middleware(error)),
            Instead::Status(status) => {
                let mut answer = http::Response::new("");
                *answer.status_mut() = status;
                Ok(answer.into())
            }
        }
    }
}

#[async_trait::async_trait]
impl Middleware for ChaosMiddleware {
    async fn handle(&self, request: Request, extensions: &mut Extensions, next: Next<'_>) -> Result<Response> {
        match Course::of(&self.place.switch) {
            None => next.run(request, extensions).await,
            Some(course) => {
                let call = course.is_made().then(|| next.run(request, extensions));
                ResponseFuture::harmed(call, course, Replacing).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::inside::testbed::{clear, hold, proof};
    use crate::units::{millis, percent};
    use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    /// A server that answers every connection once, and counts them.
    async fn server() -> (String, Arc<AtomicU32>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let served = Arc::new(AtomicU32::new(0));
        let counter = served.clone();
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, SeqCst);
                let _ = socket.read(&mut [0; 4096]).await;
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
            }
        });
        (url, served)
    }

    async fn get(client: &ClientWithMiddleware, url: &str) -> Result<(u16, String)> {
        let answer = client.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    #[tokio::test]
    async fn requests_fail_are_answered_or_come_late_until_it_is_cleared() {
        let (url, served) = server().await;
        let switch = ChaosMiddleware::new().named("inventory");
        crate::load::http::provide_crypto();
        let plain = reqwest::Client::builder().no_proxy().build().unwrap();
        let client = ClientBuilder::new(plain).with(switch.clone()).build();
        let ok = (200, "ok".to_owned());
        assert_eq!(get(&client, &url).await.unwrap(), ok);

        let mut errors = switch.error_rate(percent(100));
        let undo = hold(&mut errors).await.unwrap();
        let error = get(&client, &url).await.unwrap_err();
        assert!(error.is_middleware() && error.to_string().contains("injected by a chaos test"), "{error}");
        clear(&undo).await;
        assert_eq!((proof(&mut errors).await.as_str(), served.load(SeqCst)), ("1 of 1 call failed", 1));

        let mut busy = switch.status(503);
        let undo = hold(&mut busy).await.unwrap();
        assert_eq!(get(&client, &url).await.unwrap(), (503, String::new()));
        clear(&undo).await;
        assert_eq!((proof(&mut busy).await.as_str(), served.load(SeqCst)), ("1 of 1 call answered", 1));
        assert_eq!(busy.target(), "chaos middleware `inventory`");

        let mut late = switch.latency(millis(150));
        let undo = hold(&mut late).await.unwrap();
        let started = Instant::now();
        assert_eq!(get(&client, &url).await.unwrap(), ok);
        assert!(started.elapsed() >= millis(150));
        clear(&undo).await;
        assert_eq!(proof(&mut late).await, "1 of 1 call delayed");
        assert_eq!((get(&client, &url).await.unwrap(), served.load(SeqCst)), (ok, 3));
    }

    #[tokio::test]
    async fn a_status_that_is_none_is_refused() {
        for status in [0, 100, 600, 1_000] {
            let error = hold(&mut ChaosMiddleware::new().status(status)).await.unwrap_err();
            assert!(error.message().contains("no status of an answer"), "{error}");
        }
    }
}
