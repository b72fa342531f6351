//! Waiting for the next due instant.
//!
//! tokio's timer wheel has slots of one millisecond: it would add up to 2 ms to every operation, more
//! than a fast service takes. On Linux a timerfd wakes the driver within microseconds instead.

use crate::clock::{Clock, Nanos};
#[cfg(target_os = "linux")]
use crate::sys::TimerFd;

/// Waits for instants, as finely as the platform can.
#[derive(Debug)]
pub(crate) enum Pacer {
    /// A timerfd in the driver's event loop.
    #[cfg(target_os = "linux")]
    Fine(TimerFd),
    /// tokio's timer: virtual time, and platforms without a timerfd.
    Coarse,
}

impl Pacer {
    /// The finest that there is; in virtual time only tokio's own timer knows what time it is.
    pub(crate) fn new(virtual_time: bool) -> Self {
        #[cfg(target_os = "linux")]
        if !virtual_time && let Ok(timer) = TimerFd::new() {
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
