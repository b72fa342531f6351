//! HTTP/1.1 on connections of the load's own: hyper's connection, driven by the operation that uses it.
//!
//! No task for the connection, so nothing is handed from one task to another and back for an answer; no pool that asks
//! for what host a connection is; and no layer that could attempt again, decompress or redirect.

use super::client::USER_AGENT;
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
    idle: Mutex<Vec<Box<Line>>>,
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
    pub(super) async fn send(&self) -> std::result::Result<Answer<'_>, Box<dyn std::error::Error + Send + Sync>> {
        while let Some(mut line) = self.pop() {
            if !line.is_open() {
                continue;
            }
            match line.send(self.request()).await {
                Ok(response) => return Ok(self.answer(line, response)),
                // Closed before anything of it was sent: as if the connection had not been kept.
                Err(error) if error.message().is_some() => {}
                Err(error) => return Err(error.into_error().into()),
            }
        }
        let mut line = Line::open(&self.host, self.port).await?;
        let response = line.send(self.request()).await.map_err(TrySendError::into_error)?;
        Ok(self.answer(line, response))
    }

    fn answer(&self, line: Box<Line>, response: ::http::Response<Incoming>) -> Answer<'_> {
        Answer { bare: self, line: Some(line), response }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Full::new(self.body.clone()));
        request.method_mut().clone_from(&self.method);
        request.uri_mut().clone_from(&self.target);
        request.headers_mut().clone_from(&self.headers);
        request
    }

    fn pop(&self) -> Option<Box<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
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
        let Some(line) = &mut self.line else { return Ok(None) };
        let body = self.response.body_mut();
        let piece = poll_fn(|cx| {
            loop {
                match line.until(cx, |cx| Pin::new(&mut *body).poll_frame(cx)) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => return Poll::Ready(Ok(Some(data))),
                        // Trailers.
                        Err(_) => {}
                    },
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) => return Poll::Ready(Ok(None)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        let piece = piece.await;
        if let Ok(None) = piece
            && let Some(line) = self.line.take()
        {
            self.bare.keep(line);
        }
        piece
    }
}

/// A connection.
struct Line {
    sender: SendRequest<Body>,
    /// `None` when it is closed.
    connection: Option<Connection<TokioIo<TcpStream>, Body>>,
}

impl Line {
    async fn open(host: &str, port: u16) -> std::result::Result<Box<Self>, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Box::new(Self { sender, connection: Some(connection) }))
    }

    /// Whether it can take another request. Nobody has looked at it since the last one.
    fn is_open(&mut self) -> bool {
        drive(&mut self.connection, &mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }

    async fn send(&mut self, request: Request) -> std::result::Result<::http::Response<Incoming>, TrySendError<Request>> {
        let mut response = pin!(self.sender.try_send_request(request));
        let connection = &mut self.connection;
        poll_fn(|cx| until(connection, cx, |cx| response.as_mut().poll(cx))).await
    }

    fn until<T>(&mut self, cx: &mut Context<'_>, poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        until(&mut self.connection, cx, poll)
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

/// Polls what only the connection brings about, which therefore need not wake anybody by itself.
fn until<T>(
    connection: &mut Driven,
    cx: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    // What can go on at once wakes nobody: request, answer and connection would wake their own task for one another.
    let silent = &mut Context::from_waker(Waker::noop());
    drive(connection, silent);
    if let Poll::Ready(done) = poll(silent) {
        return Poll::Ready(done);
    }
    // A body says only when it is polled that it wants to be read. Last, so that the peer wakes whoever waits now.
    drive(connection, cx);
    poll(silent)
}
