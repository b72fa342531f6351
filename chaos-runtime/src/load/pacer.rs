//! Waiting for the next due instant.
//!
//! tokio's timer wheel has slots of one millisecond: it would add up to 2 ms to every operation, more
//! than a fast service takes. On Linux a timerfd wakes the driver within microseconds instead. Elsewhere arrivals
//! are noticed up to 2 ms late; that is charged to the driver, not to the service.

use crate::clock::{Clock, Nanos};
#[cfg(target_os = "linux")]
use crate::sys::TimerFd;

/// Waits for instants, as finely as the platform can.
#[derive(Debug)]
pub(crate) enum Pacer {
    /// A timerfd in the driver's event loop.
    #[cfg(target_os = "linux")]
    Fine {
        timer: TimerFd,
        /// What the timer's clock reads at the experiment's start.
        origin: Nanos,
    },
    /// tokio's timer: virtual time, and platforms without a timerfd.
    Coarse,
}

impl Pacer {
    /// The finest that there is; in virtual time only tokio's own timer knows what time it is.
    pub(crate) fn new(clock: &Clock, virtual_time: bool) -> Self {
        #[cfg(target_os = "linux")]
        if !virtual_time && let Ok(timer) = TimerFd::new() {
            return Self::Fine { timer, origin: TimerFd::now().saturating_sub(clock.now()) };
        }
        let _ = (clock, virtual_time);
        Self::Coarse
    }

    /// Waits until `at`, and gives the instant at which it was noticed.
    pub(crate) async fn sleep_until(&self, clock: &Clock, at: Nanos) -> Nanos {
        loop {
            let now = clock.now();
            if now >= at {
                return now;
            }
            match self {
                #[cfg(target_os = "linux")]
                Self::Fine { timer, origin } => {
                    if timer.wait_until(origin + at).await.is_err() {
                        clock.sleep_until(at).await;
                    }
                }
                Self::Coarse => clock.sleep_until(at).await,
            }
        }
    }
}
