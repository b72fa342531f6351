//! A timer that fires within microseconds, as a file descriptor in tokio's event loop.

#![expect(unsafe_code, reason = "tokio asks for a promise that the descriptor stays open")]

use crate::clock::Nanos;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A timerfd registered with the current runtime.
#[derive(Debug)]
pub(crate) struct TimerFd(AsyncFd<OwnedFd>);

impl TimerFd {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // SAFETY: the descriptor must stay open and registered as itself until it is deregistered. It is
        // owned by the `AsyncFd`, is never given out, and `OwnedFd` returns the same descriptor for life.
        let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
        registered.map(Self).map_err(|error| error.into_parts().1)
    }

    /// Has it fire in this long; until then [`poll_fired`](Self::poll_fired) is pending. May be called anywhere.
    pub(crate) fn set(&self, nanos: Nanos) -> io::Result<()> {
        let value = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            // Zero and zero would mean never.
            tv_nsec: (nanos % 1_000_000_000).max(u64::from(nanos == 0)) as _,
        };
        let timer = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        rustix::time::timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &timer)?;
        Ok(())
    }

    /// Ready once for each time it fires. Nothing is read: the event loop tells of edges, and setting the timer
    /// anew forgets that it fired.
    pub(crate) fn poll_fired(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_read_ready(cx))?.clear_ready();
        Poll::Ready(Ok(()))
    }

    /// Waits for this long.
    pub(crate) async fn wait(&self, nanos: Nanos) -> io::Result<()> {
        let value = Timespec {
            tv_sec: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (nanos % 1_000_000_000) as _,
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timer = Itimerspec { it_interval: zero, it_value: value };
        rustix::time::timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &timer)?;
        loop {
            let mut ready = self.0.readable().await?;
            let mut expirations = [0u8; 8];
            match rustix::io::read(self.0.get_ref(), &mut expirations) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
