//! Bodies on their way through: piece by piece, never held as a whole.

use super::ends::{Ends, Quiet};
use super::rule::Rule;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;
type Item = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// How long a client that asked waits for "100 Continue" of a service that says nothing. Clients wait a second or so, and
/// then send all the same.
const CONTINUE: Duration = Duration::from_secs(1);

/// The body of a request. One whose client waits for "100 Continue" is asked for only when the service has said so:
/// asking is what makes hyper say it to the client.
pub(super) struct RequestBody {
    body: Incoming,
    gate: Option<(Arc<Gate>, Pin<Box<Sleep>>)>,
}

/// Opened by the service's "100 Continue".
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_open: AtomicBool,
    waker: AtomicWaker,
}

impl Gate {
    pub(super) fn open(&self) {
        self.is_open.store(true, Relaxed);
        self.waker.wake();
    }
}

impl RequestBody {
    pub(super) fn new(body: Incoming, gate: Option<Arc<Gate>>) -> Self {
        Self { body, gate: gate.map(|gate| (gate, Box::pin(tokio::time::sleep(CONTINUE)))) }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Item {
        if let Some((gate, patience)) = &mut self.gate {
            gate.waker.register(cx.waker());
            if !gate.is_open.load(Relaxed) {
                ready!(patience.as_mut().poll(cx));
            }
            self.gate = None;
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer.
pub(super) struct AnswerBody {
    source: Source,
    cut: Option<(u64, Arc<Rule>)>,
    /// What follows what was given last.
    next: Option<Bytes>,
    failure: Option<(BoxError, Quiet)>,
    /// The length is not told, because a header says another one.
    hides_length: bool,
    ends: Arc<Ends>,
    _busy: Busy,
}

enum Source {
    Service(Incoming),
    Own(Full<Bytes>),
    Nothing,
}

/// Exchanges under way on a connection.
#[derive(Debug)]
pub(super) struct Busy(Arc<AtomicU64>);

impl Busy {
    pub(super) fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Relaxed);
        Self(count.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Why an answer ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("a fault cuts the body")]
struct IsCut;

impl AnswerBody {
    pub(super) fn of_service(body: Incoming, ends: &Arc<Ends>, busy: Busy) -> Self {
        Self::new(Source::Service(body), ends, busy)
    }

    pub(super) fn own(body: Bytes, ends: &Arc<Ends>, busy: Busy) -> Self {
        Self::new(Source::Own(Full::new(body)), ends, busy)
    }

    fn new(source: Source, ends: &Arc<Ends>, _busy: Busy) -> Self {
        Self { source, cut: None, next: None, failure: None, hides_length: false, ends: ends.clone(), _busy }
    }

    /// Another body instead; the service's is read to its end and thrown away, so that its connection lives on.
    pub(super) fn replace(&mut self, body: Bytes, hides_length: bool) {
        if let Source::Service(unwanted) = std::mem::replace(&mut self.source, Source::Own(Full::new(body))) {
            discard(unwanted);
        }
        self.hides_length = hides_length;
    }

    /// Ends it hard after so many bytes, if there are more; the first of several such faults to be reached acts.
    pub(super) fn cut(&mut self, after: u64, rule: &Arc<Rule>) {
        if self.cut.as_ref().is_none_or(|(other, _)| after < *other) {
            self.cut = Some((after, rule.clone()));
        }
    }

    fn fail(&mut self, error: BoxError) {
        self.source = Source::Nothing;
        self.failure = Some((error, Quiet::default()));
    }

    /// Cuts a piece, if there is to be a cut in it.
    fn cut_piece(&mut self, mut piece: Bytes) -> Option<Bytes> {
        let Some((left, rule)) = &mut self.cut else { return Some(piece) };
        if let Some(rest) = left.checked_sub(piece.len() as u64) {
            *left = rest;
            return Some(piece);
        }
        rule.hits.hit();
        piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        self.cut = None;
        self.fail(IsCut.into());
        // In HTTP/2 a piece is taken when there is room for a byte of it, and one after it only when all of it has found
        // room. So the last byte by itself proves that nothing before it waits for the client's window.
        if piece.len() > 1 {
            self.next = Some(piece.split_off(piece.len() - 1));
        }
        (!piece.is_empty()).then_some(piece)
    }
}

/// Reads a body that nobody wants.
pub(super) fn discard(mut body: Incoming) {
    if !body.is_end_stream() {
        tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Item {
        let this = &mut *self;
        loop {
            if let Some(piece) = this.next.take() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if let Some((_, quiet)) = &mut this.failure {
                ready!(quiet.poll(cx, &this.ends));
                return Poll::Ready(this.failure.take().map(|(error, _)| Err(error)));
            }
            let frame = match &mut this.source {
                Source::Service(body) => ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(Into::into)),
                Source::Own(body) => {
                    let frame = ready!(Pin::new(body).poll_frame(cx));
                    frame.map(|frame| frame.map_err(|never| match never {}))
                }
                Source::Nothing => None,
            };
            match frame {
                // The client gets what came before.
                Some(Err(error)) => this.fail(error),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => {
                        if let Some(piece) = this.cut_piece(piece) {
                            return Poll::Ready(Some(Ok(Frame::data(piece))));
                        }
                    }
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
            && self.failure.is_none()
            && match &self.source {
                Source::Service(body) => body.is_end_stream(),
                Source::Own(body) => body.is_end_stream(),
                Source::Nothing => true,
            }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            _ if self.hides_length => SizeHint::default(),
            Source::Service(body) => body.size_hint(),
            Source::Own(body) => body.size_hint(),
            Source::Nothing => SizeHint::default(),
        }
    }
}
