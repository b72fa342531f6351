//! A request on its way to the service, and the answer on its way back.

use super::answer;
use super::body::{AnswerBody, BoxError, Busy, Gate, RequestBody, discard};
use super::ends::Ends;
use super::faults::HttpFaults;
use super::rule::Canned;
use super::tunnel;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// What the exchanges of one connection share.
pub(super) struct Exchanges {
    service: Service,
    faults: Arc<HttpFaults>,
    ends: Arc<Ends>,
    busy: Arc<AtomicU64>,
    upgraded: AtomicBool,
}

/// The connection to the service.
pub(super) enum Service {
    /// Taken while a request is being given to it. Nobody waits for the lock: exchanges are one after another.
    Http1(Mutex<Option<http1::SendRequest<RequestBody>>>),
    Http2(http2::SendRequest<RequestBody>),
}

impl Exchanges {
    pub(super) fn new(service: Service, faults: Arc<HttpFaults>, ends: Arc<Ends>) -> Arc<Self> {
        Arc::new(Self { service, faults, ends, busy: Arc::default(), upgraded: AtomicBool::new(false) })
    }

    /// Whether an exchange is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Relaxed) > 0
    }

    /// Whether the connection has become a tunnel.
    pub(super) fn is_upgraded(&self) -> bool {
        self.upgraded.load(Relaxed)
    }

    /// Gives the answer to a request: the service's, or a fault's.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<AnswerBody>, BoxError> {
        let busy = Busy::new(&self.busy);
        let (head, body) = request.into_parts();
        let Some(decision) = self.faults.decide(&head) else {
            return self.pass(Request::from_parts(head, body), busy).await;
        };
        for (delay, rule) in &decision.delays {
            rule.hits.hit();
            rule.hits.delay(*delay).await;
        }
        if let Some(canned) = decision.answer {
            // One that waits for "100 Continue" must not get it, so its body won't come.
            if !expects_continue(&head.headers) {
                discard(body);
            }
            return Ok(self.canned(canned, busy));
        }
        let method = head.method.clone();
        let mut answer = self.pass(Request::from_parts(head, body), busy).await?;
        for (delay, rule) in &decision.delays_of_answer {
            rule.hits.hit();
            rule.hits.delay(*delay).await;
        }
        for rule in &decision.changes {
            answer::change(&mut answer, &method, rule);
        }
        Ok(answer)
    }

    fn canned(&self, canned: Canned, busy: Busy) -> Response<AnswerBody> {
        let mut answer = Response::new(AnswerBody::own(canned.body, &self.ends, busy));
        *answer.status_mut() = canned.status;
        *answer.headers_mut() = canned.headers;
        answer
    }

    /// The service's own answer.
    async fn pass(&self, mut request: Request<Incoming>, busy: Busy) -> Result<Response<AnswerBody>, BoxError> {
        let client = hyper::upgrade::on(&mut request);
        let is_connect = request.method() == Method::CONNECT;
        let mut gate = None;
        // In HTTP/2 hyper leaves it to the service.
        if request.version() < Version::HTTP_2 && expects_continue(request.headers()) {
            let opened = gate.insert(Arc::<Gate>::default()).clone();
            hyper::ext::on_informational(&mut request, move |informational| {
                if informational.status() == StatusCode::CONTINUE {
                    opened.open();
                }
            });
        }
        let mut answer = self.service.send(request.map(|body| RequestBody::new(body, gate))).await?;
        let switches = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        if switches || is_connect && answer.status().is_success() {
            self.upgraded.store(true, Relaxed);
            tunnel::after_upgrade(client, hyper::upgrade::on(&mut answer));
        }
        Ok(answer.map(|body| AnswerBody::of_service(body, &self.ends, busy)))
    }
}

impl Service {
    pub(super) fn http1(sender: http1::SendRequest<RequestBody>) -> Self {
        Self::Http1(Mutex::new(Some(sender)))
    }

    async fn send(&self, request: Request<RequestBody>) -> Result<Response<Incoming>, BoxError> {
        match self {
            Self::Http1(slot) => {
                let take = || slot.lock().unwrap_or_else(PoisonError::into_inner).take();
                let mut sender = take().ok_or("a request overtook another one")?;
                sender.ready().await?;
                let answer = sender.send_request(request);
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
                Ok(answer.await?)
            }
            Self::Http2(sender) => {
                let sent = sender.clone().try_send_request(request).await;
                sent.map_err(|error| match error.message() {
                    // The service has said that it takes no more, so the client may ask again elsewhere.
                    Some(_) => h2::Error::from(h2::Reason::REFUSED_STREAM).into(),
                    None => error.into_error().into(),
                })
            }
        }
    }
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
