//! Abort: requests are answered with an error, and the service gets nothing of them.

use super::on::{Harm, OnRequests};
use crate::proxy::http::{Canned, HttpEffect, HttpProxy};
use crate::{Error, Result};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// Requests are answered by the proxy with a status of its own. Made by [`HttpProxy::abort`].
///
/// The service sees nothing of such a request, and nothing of its headers or body is in the answer. What the client still
/// sends of the request's body is read and thrown away, so that its connection can go on; only a client that waits for
/// "100 Continue" is not asked for it.
#[derive(Debug, Clone)]
pub struct Abort {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// What [`HttpProxy::abort`] takes: `503`, or [`http::StatusCode::SERVICE_UNAVAILABLE`], which can't be out of range.
pub trait ToStatus {
    /// The code; checked when the fault is prepared.
    fn to_status(self) -> u16;
}

impl ToStatus for u16 {
    fn to_status(self) -> u16 {
        self
    }
}

impl ToStatus for StatusCode {
    fn to_status(self) -> u16 {
        self.as_u16()
    }
}

impl HttpProxy {
    /// A fault: requests are answered with this status, 200 to 999, instead of by the service. See [`Abort`] for headers
    /// and body, and [`OnRequests`] for the requests that are meant.
    ///
    /// ```
    /// # use chaos_runtime::prelude::*;
    /// # fn example(proxy: &chaos_runtime::proxy::HttpProxy) {
    /// let fault = proxy.abort(503).header("retry-after", "1").body("come back later").on_path("/orders/*").share(percent(10));
    /// # }
    /// ```
    pub fn abort(&self, status: impl ToStatus) -> OnRequests<Abort> {
        OnRequests::new(self, Abort { status: status.to_status(), headers: Vec::new(), body: Bytes::new() })
    }
}

impl OnRequests<Abort> {
    /// Adds a header to the answer.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.harm.headers.push((name.into(), value.into()));
        self
    }

    /// The answer's body. Default: none.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.harm.body = body.into();
        self
    }
}

impl Harm for Abort {
    fn describe(&self) -> String {
        format!("abort with {}", self.status)
    }

    fn effect(&self) -> Result<HttpEffect> {
        let wrong = |why: &str| {
            Error::new(format!("requests can't be answered with status {}: {why}", self.status))
                .help("give a status of a final answer, 200 to 999: proxy.abort(503)")
        };
        let status = StatusCode::from_u16(self.status).map_err(|_| wrong("a status has three digits"))?;
        if status.is_informational() {
            return Err(wrong("it announces another answer"));
        }
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) && !self.body.is_empty() {
            return Err(wrong("an answer with this status has no body"));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = name_of(name)?;
            if is_framing(&name) {
                return Err(Error::new(format!("the header `{name}` of an answer is the proxy's own"))
                    .help("leave it out: it follows from the body"));
            }
            let value = HeaderValue::from_str(value).map_err(|_| {
                Error::new(format!("the value of the HTTP header `{name}` has characters that are not allowed there"))
                    .help("line breaks and other control characters can't be sent")
            })?;
            headers.append(name, value);
        }
        Ok(HttpEffect::Answer(Canned { status, headers, body: self.body.clone() }))
    }

    fn done(&self) -> String {
        format!("answered with {}", self.status)
    }
}

/// The name of a header, checked.
pub(super) fn name_of(name: &str) -> Result<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::new(format!("`{name}` is no name of an HTTP header")).help("write it as in \"retry-after\"")
    })
}

/// Whether a header says where a message ends, which only who sends it knows.
pub(super) fn is_framing(name: &HeaderName) -> bool {
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::UPGRADE, header::TRAILER]
        .contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::fault::http::testbed::{Bed, hold, refusal};
    use crate::proxy::testbed::clear;
    use crate::units::percent;

    #[tokio::test]
    async fn every_request_is_answered_by_the_fault_and_the_service_gets_none_until_it_is_cleared() {
        let bed = Bed::new().await;
        assert_eq!(bed.get("/a").await.headers()["x-service"], "real");
        let mut fault = bed.proxy.abort(500).header("retry-after", "1").header("x-b", "1").body("broken");
        let undo = hold(&mut fault).await.unwrap();
        for _ in 0..20 {
            let answer = bed.post("/a", "a body that nobody reads").await;
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.headers()["retry-after"], "1");
            assert!(!answer.headers().contains_key("x-service") && !answer.headers().contains_key("etag"));
            assert_eq!(answer.text().await.unwrap(), "broken");
        }
        assert_eq!(bed.served(), 1);
        let evidence = fault.evidence().await.unwrap();
        assert_eq!(evidence.text(), "20 of 20 requests answered with 500");
        clear(&undo).await;
        clear(&undo).await;
        assert_eq!(bed.post("/a", "x").await.text().await.unwrap(), "hello /a x");
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(20), "the proof outlasts the fault");
    }

    #[tokio::test]
    async fn only_what_matches_is_hit_and_exceptions_are_counted() {
        let bed = Bed::new().await;
        let mut fault =
            bed.proxy.abort(StatusCode::SERVICE_UNAVAILABLE).on_path("/orders/*").except_path("/orders/health");
        let _undo = hold(&mut fault).await.unwrap();
        assert_eq!(fault.describe(), "abort with 503 on /orders/* except /orders/health");
        for (path, status) in [("/orders/7", 503), ("/orders/health", 200), ("/carts", 200), ("/orders/8?q=1", 503)] {
            assert_eq!(bed.get(path).await.status(), status, "{path}");
        }
        let evidence = fault.evidence().await.unwrap();
        assert_eq!(evidence.text(), "2 of 4 requests answered with 503, 2 matched, 1 excluded");
    }

    #[tokio::test]
    async fn a_share_hits_the_same_requests_again() {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let bed = Bed::new().await;
            let mut fault = bed.proxy.abort(503).share(percent(30));
            let _undo = hold(&mut fault).await.unwrap();
            let mut hit = Vec::new();
            for _ in 0..100 {
                hit.push(bed.get("/").await.status() == 503);
            }
            let hits = hit.iter().filter(|hit| **hit).count();
            assert!((10..=50).contains(&hits), "{hits} of 100");
            assert_eq!(fault.evidence().await.unwrap().hits(), Some(hits as u64));
            assert_eq!(fault.describe(), "abort with 503 for 30 % of requests");
            runs.push(hit);
        }
        assert_eq!(runs[0], runs[1]);
    }

    #[tokio::test]
    async fn its_evidence_says_why_there_is_none() {
        let bed = Bed::new().await;
        let mut fault = bed.proxy.abort(503).on_method("POST").on_path("/orders/*").except_header("x-probe", "*");
        let _undo = hold(&mut fault).await.unwrap();
        let text = |evidence: crate::fault::Evidence| {
            assert!(!evidence.is_seen());
            evidence.text().to_owned()
        };
        let none = text(fault.evidence().await.unwrap());
        assert!(none.starts_with("no connection came through the proxy"), "{none}");
        bed.get("/orders/7").await;
        let none = text(fault.evidence().await.unwrap());
        assert!(none.starts_with("1 request came through the proxy"), "{none}");
        assert!(none.ends_with("but none matched POST /orders/*"), "{none}");
        let probe = bed.client.post(bed.proxy.url("/orders/7")).header("x-probe", "1").send().await.unwrap();
        assert_eq!(probe.status(), 200);
        let none = text(fault.evidence().await.unwrap());
        assert!(none.ends_with("but 1 request that matched was excluded"), "{none}");
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_before_any_harm() {
        let bed = Bed::new().await;
        let proxy = &bed.proxy;
        for (fault, why) in [
            (proxy.abort(99), "status 99: a status has three digits"),
            (proxy.abort(1_000), "status 1000"),
            (proxy.abort(100), "announces another answer"),
            (proxy.abort(204).body("x"), "has no body"),
            (proxy.abort(503).header("retry after", "1"), "`retry after` is no name"),
            (proxy.abort(503).header("x-a", "1\n2"), "characters that are not allowed"),
            (proxy.abort(503).header("Content-Length", "7"), "`content-length` of an answer is the proxy's own"),
            (proxy.abort(503).share(percent(0)), "a share of 0 %"),
            (proxy.abort(503).share(percent(-10)), "a share of -10 %"),
            (proxy.abort(503).share(percent(101)), "a share of 101 %"),
            (proxy.abort(503).share(percent(f64::NAN)), "a share of NaN %"),
            (proxy.abort(503).on_path("orders"), "is not a pattern for paths"),
            (proxy.abort(503).except_method("get"), "`get` is no HTTP method"),
            (proxy.abort(503).on_header("a b", "*"), "`a b` is no name"),
        ] {
            let message = refusal(fault).await;
            assert!(message.contains(why), "{message}");
        }
        assert_eq!(bed.get("/").await.status(), 200);
    }
}
