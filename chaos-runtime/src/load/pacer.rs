//! Waiting for the next due instant.
//!
//! tokio's timer wheel has slots of one millisecond: it would add up to 2 ms to every operation, more
//! than a fast service takes. On Linux a timerfd wakes the driver within microseconds instead.

use crate::clock::{Clock, Nanos};

/// Waits for instants, as finely as the platform can.
#[derive(Debug)]
pub(crate) enum Pacer {
    /// A timerfd in the driver's event loop.
    #[cfg(target_os = "linux")]
    Fine(linux::TimerFd),
    /// tokio's timer: virtual time, and platforms without a timerfd.
    Coarse,
}

impl Pacer {
    /// The finest that there is; in virtual time only tokio's own timer knows what time it is.
    pub(crate) fn new(virtual_time: bool) -> Self {
        #[cfg(target_os = "linux")]
        if !virtual_time && let Ok(timer) = linux::TimerFd::new() {
            return Self::Fine(timer);
        }
        let _ = virtual_time;
        Self::Coarse
    }

    /// Waits until `at`.
    pub(crate) async fn sleep_until(&self, clock: &Clock, at: Nanos) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Fine(timer) => {
                let now = clock.now();
                if at > now && timer.wait(at - now).await.is_err() {
                    clock.sleep_until(at).await;
                }
            }
            Self::Coarse => clock.sleep_until(at).await,
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::clock::Nanos;
    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
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
            Ok(Self(AsyncFd::with_interest(fd, Interest::READABLE)?))
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
}
