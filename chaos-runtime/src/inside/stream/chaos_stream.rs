//! The wrapper around a stream.

use super::lane::{Lane, Waiting};
use super::steering::{Harm, Side};
use super::switch::{Idle, Shared};
use crate::inside::switch::Active;
use pin_project_lite::pin_project;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pin_project! {
    /// A stream with the faults of a [`StreamSwitch`](super::StreamSwitch), which makes it.
    pub struct ChaosStream<S> {
        #[pin]
        inner: S,
        shared: Arc<Shared>,
        idle: Arc<Idle>,
        is_reset: bool,
        read: Lane,
        write: Lane,
        // What was read and is not handed out yet.
        held: Option<Held>,
        // A write waits for its delay.
        late: Option<Waiting>,
        // The write that is next has waited for its delay.
        was_late: bool,
    }
}

struct Held {
    bytes: Vec<u8>,
    given: usize,
    late: Option<Waiting>,
}

impl<S> ChaosStream<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>, number: u64, idle: Arc<Idle>) -> Self {
        let (read, write) = (Lane::new(Side::Read, number), Lane::new(Side::Write, number));
        Self { inner, shared, idle, is_reset: false, read, write, held: None, late: None, was_late: false }
    }

    /// The stream itself.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The stream itself. What is read from it or written to it here passes the faults by, and may overtake what they
    /// hold.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The stream without the faults. Bytes that a fault has read and not handed out yet are lost.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead> AsyncRead for ChaosStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut this = self.project();
        if !this.shared.faults.is_on() && this.held.is_none() && !*this.is_reset {
            let before = buf.filled().len();
            if let Poll::Ready(outcome) = this.inner.as_mut().poll_read(cx, buf) {
                this.read.advance(buf.filled().len() - before);
                return Poll::Ready(outcome);
            }
            // Whoever sets a fault from now on wakes this task; one that was set before is seen here.
            this.idle.read.register(cx.waker());
            if !this.shared.faults.is_on() {
                return Poll::Pending;
            }
        }
        this.idle.read.register(cx.waker());
        refuse_if_reset(this.is_reset, this.read, this.shared)?;
        ready!(this.read.poll_stalled(this.shared, cx));
        let held = match this.held {
            Some(held) => held,
            None => {
                let active = active(this.shared);
                let (most, cut_short) = this.read.slice(&active, buf.remaining());
                let mut bytes = vec![0; most];
                let mut part = ReadBuf::new(&mut bytes);
                ready!(this.inner.as_mut().poll_read(cx, &mut part))?;
                let got = part.filled().len();
                bytes.truncate(got);
                this.read.corrupt(&active, &mut bytes);
                this.read.count_corrupted(&active, got);
                if got == most {
                    cut_short.iter().for_each(|tally| tally.strike());
                }
                let late = this.read.late(&active);
                this.read.advance(got);
                this.held.insert(Held { bytes, given: 0, late })
            }
        };
        if let Some(late) = &mut held.late {
            ready!(late.as_mut().poll(cx));
            held.late = None;
        }
        let rest = held.bytes.get(held.given..).unwrap_or_default();
        let fits = rest.get(..buf.remaining()).unwrap_or(rest);
        buf.put_slice(fits);
        held.given += fits.len();
        if held.given == held.bytes.len() {
            *this.held = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite> AsyncWrite for ChaosStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_by(cx, data, |inner, cx| inner.poll_write(cx, data))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = data.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| &**part);
        self.poll_write_by(cx, first, |inner, cx| inner.poll_write_vectored(cx, data))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_open(cx))?;
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_open(cx))?;
        self.project().inner.poll_shutdown(cx)
    }
}

impl<S: AsyncWrite> ChaosStream<S> {
    /// Writes as `plain` does while no fault is on, else what it takes of `data`.
    fn poll_write_by(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
        plain: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut this = self.project();
        if (!this.shared.faults.is_on() && this.late.is_none() && !*this.is_reset) || data.is_empty() {
            if let Poll::Ready(outcome) = plain(this.inner.as_mut(), cx) {
                this.write.advance(*outcome.as_ref().unwrap_or(&0));
                *this.was_late = false;
                return Poll::Ready(outcome);
            }
            this.idle.write.register(cx.waker());
            if !this.shared.faults.is_on() {
                return Poll::Pending;
            }
        }
        this.idle.write.register(cx.waker());
        refuse_if_reset(this.is_reset, this.write, this.shared)?;
        ready!(this.write.poll_stalled(this.shared, cx));
        let active = active(this.shared);
        if this.late.is_none() && !*this.was_late {
            *this.late = this.write.late(&active);
        }
        if let Some(late) = this.late {
            ready!(late.as_mut().poll(cx));
            *this.late = None;
        }
        *this.was_late = true;
        let (most, cut_short) = this.write.slice(&active, data.len());
        let part = data.get(..most).unwrap_or(data);
        let written = if this.write.is_corrupted(&active) {
            let mut part = part.to_vec();
            this.write.corrupt(&active, &mut part);
            ready!(this.inner.as_mut().poll_write(cx, &part))?
        } else {
            ready!(this.inner.as_mut().poll_write(cx, part))?
        };
        this.write.count_corrupted(&active, written);
        if written == most {
            cut_short.iter().for_each(|tally| tally.strike());
        }
        this.write.advance(written);
        *this.was_late = false;
        Poll::Ready(Ok(written))
    }

    /// Whether a flush or shutdown may pass.
    fn poll_open(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if *this.is_reset || this.shared.faults.is_on() {
            this.idle.write.register(cx.waker());
            refuse_if_reset(this.is_reset, this.write, this.shared)?;
            ready!(this.write.poll_stalled(this.shared, cx));
        }
        Poll::Ready(Ok(()))
    }
}

fn active(shared: &Shared) -> Arc<[Active<Harm>]> {
    shared.faults.active().unwrap_or_default()
}

/// Fails on a stream that was reset, or is now.
fn refuse_if_reset(is_reset: &mut bool, lane: &Lane, shared: &Shared) -> io::Result<()> {
    if !*is_reset {
        let active = active(shared);
        let Some(fault) = lane.reset(&active) else { return Ok(()) };
        fault.tally.strike();
        *is_reset = true;
    }
    Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by a chaos test"))
}

impl<S: fmt::Debug> fmt::Debug for ChaosStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChaosStream").field("inner", &self.inner).finish_non_exhaustive()
    }
}
