//! The two ends of an engine: its sockets, and what one must know of the other.
//!
//! Between the client's socket and the engine's there is the link of an ordinary proxied connection, so a reset of the
//! client or for the client can't be seen on the engine's own sockets. It goes by these flags.

use crate::proxy::socket::Socket;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is known about the two ends of an engine. All of it happens on one thread.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Ends {
    /// The service has reset its connection, so the client's is to be reset.
    reset_by_service: AtomicBool,
    /// The client was reset, so the service's connection is to be reset.
    reset_by_client: AtomicBool,
    /// Writes and flushes towards the client so far.
    progress: AtomicU64,
    /// The client takes no more bytes at present.
    is_full: AtomicBool,
    /// Who waits until it does.
    waiting: Mutex<Vec<Waker>>,
}

impl Ends {
    /// Whether the service has reset its connection.
    pub(in crate::proxy) fn was_reset_by_service(&self) -> bool {
        self.reset_by_service.load(Relaxed)
    }

    /// Tells that the client was reset. Before the socket to the engine is closed.
    pub(in crate::proxy) fn reset_by_client(&self) {
        self.reset_by_client.store(true, Relaxed);
    }

    fn wrote(&self, is_full: bool) {
        if !is_full {
            self.progress.fetch_add(1, Relaxed);
        }
        if self.is_full.swap(is_full, Relaxed) && !is_full {
            let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

/// Waits until what hyper was given for the client has left: nothing else tells, and an error in a body makes it throw
/// away what it still has.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    quiet_turns: u8,
    turns: u16,
    progress: u64,
}

impl Quiet {
    /// Turns of the thread in which nothing was written until it is taken for quiet. In HTTP/2 another task writes, which
    /// has its turn before ours comes again.
    const ENOUGH: u8 = 3;
    /// On an HTTP/2 connection others may write for ever; so many turns are ours among theirs.
    const AT_MOST: u16 = 1_000;

    pub(super) fn poll(&mut self, cx: &mut Context<'_>, ends: &Ends) -> Poll<()> {
        if ends.is_full.load(Relaxed) {
            ends.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(cx.waker().clone());
            self.quiet_turns = 0;
            return Poll::Pending;
        }
        let progress = ends.progress.load(Relaxed);
        self.quiet_turns = if progress == self.progress { self.quiet_turns + 1 } else { 0 };
        self.progress = progress;
        self.turns += 1;
        if self.quiet_turns > Self::ENOUGH || self.turns > Self::AT_MOST {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The end towards the client; what was read of it already comes first.
pub(super) struct ClientEnd<S> {
    stream: S,
    read: Vec<u8>,
    ends: Arc<Ends>,
}

/// The end towards the service; what was read of it already comes first.
pub(super) struct ServiceEnd {
    stream: Socket,
    read: Vec<u8>,
    ends: Arc<Ends>,
}

impl<S> ClientEnd<S> {
    pub(super) fn new(stream: S, ends: &Arc<Ends>) -> Self {
        Self { stream, read: Vec::new(), ends: ends.clone() }
    }

    /// Puts back what was read.
    pub(super) fn unread(&mut self, bytes: Vec<u8>) {
        self.read = bytes;
    }
}

impl ServiceEnd {
    pub(super) fn new(stream: Socket, ends: &Arc<Ends>) -> Self {
        Self { stream, read: Vec::new(), ends: ends.clone() }
    }

    /// Puts back what was read.
    pub(super) fn unread(&mut self, bytes: Vec<u8>) {
        self.read = bytes;
    }

    fn note<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &done
            && error.kind() == io::ErrorKind::ConnectionReset
        {
            self.ends.reset_by_service.store(true, Relaxed);
        }
        done
    }
}

/// Gives what was put back, if there is any.
fn again(read: &mut Vec<u8>, buf: &mut ReadBuf<'_>) -> bool {
    let len = read.len().min(buf.remaining());
    buf.put_slice(&read[..len]);
    read.drain(..len);
    len > 0
}

impl Drop for ServiceEnd {
    fn drop(&mut self) {
        if self.ends.reset_by_client.load(Relaxed) {
            self.stream.reset_on_close();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientEnd<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if again(&mut self.read, buf) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientEnd<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.ends.wrote(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.ends.wrote(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncRead for ServiceEnd {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if again(&mut self.read, buf) {
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.note(read)
    }
}

impl AsyncWrite for ServiceEnd {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
