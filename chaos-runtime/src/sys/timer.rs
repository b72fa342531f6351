//! A timer that fires within microseconds, as a file descriptor in tokio's event loop.

#![expect(unsafe_code, reason = "tokio asks for a promise that the descriptor stays open")]

use crate::clock::Nanos;
use rustix::time::{ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use std::io;
use std::os::fd::OwnedFd;
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

    /// The instant now on the timer's clock.
    pub(crate) fn now() -> Nanos {
        let now = rustix::time::clock_gettime(ClockId::Monotonic);
        // Counted from the machine's start, so neither part is negative.
        now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
    }

    /// Waits until this instant of the timer's clock. May return early when an earlier wait was given up.
    pub(crate) async fn wait_until(&self, at: Nanos) -> io::Result<()> {
        let value = Timespec {
            tv_sec: i64::try_from(at / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (at % 1_000_000_000) as _,
        };
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let timer = Itimerspec { it_interval: zero, it_value: value };
        rustix::time::timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &timer)?;
        // How often it has expired is not read: setting it anew forgets that, and the event loop asks for edges.
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}
