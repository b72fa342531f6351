//! HTTP/1.1 on connections of the load's own: hyper's connection, driven by the operation that uses it.
//!
//! No task for the connection, so nothing is handed from one task to another and back for an answer; no pool that asks
//! for what host a connection is; and no layer that could attempt again, decompress or redirect.

use super::client::USER_AGENT;
use super::exchange::BoxError;
use crate::{Error, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::net::TcpStream;

type Body = Full<Bytes>;
type Request = ::http::Request<Body>;

/// A request and the connections on which it is sent.
pub(super) struct Bare {
    host: String,
    port: u16,
    method: Method,
    /// In origin form, `/checkout?currency=EUR`.
    target: ::http::Uri,
    headers: HeaderMap,
    body: Bytes,
    keep_alive: bool,
    /// Connections that nobody uses, the last used on top. A load's operations all run on its own thread, so nobody ever
    /// waits for this lock.
    #[expect(clippy::vec_box, reason = "one is half a kilobyte, and is taken and put back for every request")]
    idle: Mutex<Vec<Box<Line>>>,
}

impl Clone for Bare {
    /// The same request, with connections of its own.
    fn clone(&self) -> Self {
        Self {
            host: self.host.clone(),
            port: self.port,
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            keep_alive: self.keep_alive,
            idle: Mutex::default(),
        }
    }
}

impl Bare {
    /// `body` is the request's.
    pub(super) fn new(request: &reqwest::Request, body: Bytes, keep_alive: bool) -> Result<Self> {
        let url = request.url();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let target = target.parse().map_err(|error| Error::new("the URL can't be sent").caused_by(error))?;
        let host = url.host_str().unwrap_or_default();
        let mut headers = request.headers().clone();
        for (name, value) in [
            (header::HOST, authority(url, host)?),
            (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
            (header::ACCEPT, HeaderValue::from_static("*/*")),
        ] {
            headers.entry(name).or_insert(value);
        }
        Ok(Self {
            // Brackets are for URLs, not for sockets.
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            method: request.method().clone(),
            target,
            headers,
            body,
            keep_alive,
            idle: Mutex::default(),
        })
    }

    /// Sends the request; gives the answer when its head is there.
    pub(super) async fn send(&self) -> std::result::Result<Answer<'_>, BoxError> {
        loop {
            let kept = self.pop();
            let is_kept = kept.is_some();
            let mut line = match kept {
                Some(line) => line,
                // On the heap, because it is large and rare.
                None => Box::pin(Line::open(&self.host, self.port)).await?,
            };
            match line.send(self.request()).await {
                Ok(response) => return Ok(Answer { bare: self, line: Some(line), response }),
                // Closed before anything of it was sent: as if the connection had not been kept.
                Err(error) if is_kept && error.message().is_some() => {}
                Err(error) => return Err(error.into_error().into()),
            }
        }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Full::new(self.body.clone()));
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(&self.target);
        request.headers_mut().clone_from(&self.headers);
        request
    }

    /// The last used connection that is still open.
    fn pop(&self) -> Option<Box<Line>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::from_fn(|| idle.pop()).find_map(|mut line| line.is_open().then_some(line))
    }

    fn keep(&self, line: Box<Line>) {
        if self.keep_alive && line.connection.is_some() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

/// What the `Host` header says.
fn authority(url: &Url, host: &str) -> Result<HeaderValue> {
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    text.parse().map_err(|error| Error::new("the URL's host can't be sent").caused_by(error))
}

/// The head of an answer; its body is read from the connection. Dropped before the body's end, it closes the connection.
pub(super) struct Answer<'a> {
    bare: &'a Bare,
    line: Option<Box<Line>>,
    response: ::http::Response<Incoming>,
}

impl Answer<'_> {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The next piece of the body; `None` at its end, when the connection is free for the next request.
    pub(super) async fn chunk(&mut self) -> hyper::Result<Option<Bytes>> {
        let body = self.response.body_mut();
        while let Some(line) = self.line.as_mut().filter(|_| !body.is_end_stream()) {
            let connection = &mut line.connection;
            let frame = poll_fn(|cx| {
                let mut poll = || Pin::new(&mut *body).poll_frame(&mut silent());
                // The connection reads a body only when it was asked for.
                let asked = poll();
                if asked.is_ready() { asked } else { until(connection, cx, poll) }
            });
            match frame.await {
                // Anything else are trailers.
                Some(Ok(frame)) if frame.is_data() => return Ok(frame.into_data().ok()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => break,
            }
        }
        if let Some(line) = self.line.take() {
            self.bare.keep(line);
        }
        Ok(None)
    }
}

/// A connection.
struct Line {
    sender: SendRequest<Body>,
    /// `None` when it is closed.
    connection: Option<Connection<TokioIo<TcpStream>, Body>>,
}

impl Line {
    async fn open(host: &str, port: u16) -> std::result::Result<Box<Self>, BoxError> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self { sender, connection: Some(connection) }))
    }

    /// Whether it can take another request. Nobody has looked at it since the last one.
    fn is_open(&mut self) -> bool {
        drive(&mut self.connection, &mut silent());
        self.connection.is_some() && self.sender.is_ready()
    }

    fn send(
        &mut self,
        request: Request,
    ) -> impl Future<Output = std::result::Result<::http::Response<Incoming>, TrySendError<Request>>> {
        let response = self.sender.try_send_request(request);
        let connection = &mut self.connection;
        async move {
            let mut response = pin!(response);
            let mut is_written = false;
            poll_fn(|cx| {
                let mut poll = || response.as_mut().poll(&mut silent());
                if std::mem::replace(&mut is_written, true) {
                    return until(connection, cx, poll);
                }
                // No answer can be there yet, so this is already the wait for it.
                drive(connection, cx);
                poll()
            })
            .await
        }
    }
}

type Driven = Option<Connection<TokioIo<TcpStream>, Body>>;

/// Lets the connection read and write what it can.
fn drive(connection: &mut Driven, cx: &mut Context<'_>) {
    // What went wrong, if it concerns the request, the request is told too.
    if connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(cx).is_ready()) {
        *connection = None;
    }
}

/// Polls what only the connection brings about.
fn until<T>(connection: &mut Driven, cx: &mut Context<'_>, mut poll: impl FnMut() -> Poll<T>) -> Poll<T> {
    drive(connection, &mut silent());
    let done = poll();
    if done.is_ready() {
        return done;
    }
    // Last, so that the peer wakes whoever waits now.
    drive(connection, cx);
    poll()
}

/// Wakes nobody. Request, answer and connection would wake their own task for one another, in the midst of its turn.
fn silent() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
