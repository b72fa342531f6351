//! Waiting for the next due instant.
//!
//! tokio's timer wheel has slots of one millisecond: it would add up to 2 ms to every operation, more
//! than a fast service takes. On Linux a timerfd wakes the driver within microseconds instead, and it is set earlier by
//! what the machine takes to wake up (some 50 µs where the processor is a virtual one). Elsewhere arrivals are noticed up
//! to 2 ms late. Whatever remains is charged to the driver, not to the service.

use crate::clock::{Clock, Nanos};
#[cfg(target_os = "linux")]
use crate::sys::TimerFd;
#[cfg(target_os = "linux")]
use std::cell::Cell;

/// Waits for instants, as finely as the platform can.
#[derive(Debug)]
pub(crate) enum Pacer {
    /// A timerfd in the driver's event loop.
    #[cfg(target_os = "linux")]
    Fine {
        timer: TimerFd,
        /// What the timer's clock reads at the experiment's start.
        origin: Nanos,
        waking: Cell<Waking>,
    },
    /// tokio's timer: virtual time, and platforms without a timerfd.
    Coarse,
}

impl Pacer {
    /// The finest that there is; in virtual time only tokio's own timer knows what time it is.
    pub(crate) fn new(clock: &Clock, virtual_time: bool) -> Self {
        #[cfg(target_os = "linux")]
        if !virtual_time && let Ok(timer) = TimerFd::new() {
            let origin = TimerFd::now().saturating_sub(clock.now());
            return Self::Fine { timer, origin, waking: Cell::default() };
        }
        let _ = (clock, virtual_time);
        Self::Coarse
    }

    /// Waits until `at`, and gives the instant at which it was noticed.
    pub(crate) async fn sleep_until(&self, clock: &Clock, at: Nanos) -> Nanos {
        let mut now = clock.now();
        #[cfg(target_os = "linux")]
        let set = match self {
            Self::Fine { waking, .. } => waking.get().set_for(now, at),
            Self::Coarse => at,
        };
        while now < at {
            match self {
                // It has slept and was woken early: for the moment that is left, the event loop goes on without.
                #[cfg(target_os = "linux")]
                Self::Fine { .. } if now >= set => tokio::task::yield_now().await,
                #[cfg(target_os = "linux")]
                Self::Fine { timer, origin, waking } => match timer.wait_until(origin + set).await {
                    Ok(()) => waking.set(waking.get().after(clock.now().saturating_sub(set))),
                    Err(_) => clock.sleep_until(at).await,
                },
                Self::Coarse => clock.sleep_until(at).await,
            }
            now = clock.now();
        }
        now
    }
}

/// How long waking up takes: less than three of four times, so that what is left to wait is mostly nothing.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waking(Nanos);

#[cfg(target_os = "linux")]
impl Waking {
    /// More is no waking up, but a busy machine.
    const MOST: Nanos = 100_000;

    /// When to set the timer for. For a sleep shorter than waking up it stays as it is: were arrivals so close not slept
    /// for, the driver would be busy all the time.
    fn set_for(self, now: Nanos, at: Nanos) -> Nanos {
        at.checked_sub(self.0).filter(|set| *set > now).unwrap_or(at)
    }

    /// What it is after a timer that was so late: a step up or three down, which balances where a quarter is below.
    fn after(self, late: Nanos) -> Self {
        let step = (self.0 / 32).max(200);
        Self(if late > self.0 { (self.0 + step).min(Self::MOST) } else { self.0.saturating_sub(3 * step) })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn waking_up_is_known_to_take_what_a_quarter_of_times_is_below() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut waking = Waking::default();
        let (mut below, mut sum) = (0, 0);
        for round in 0..20_000 {
            let late = 30_000 + random.u64(0..20_000);
            if round >= 10_000 {
                below += u32::from(late <= waking.0);
                sum += waking.0;
            }
            waking = waking.after(late);
        }
        assert!((2_000..3_000).contains(&below), "{below} of 10,000");
        assert!((33_000..37_000).contains(&(sum / 10_000)), "{} on average", sum / 10_000);
        (0..10_000).for_each(|_| waking = waking.after(5_000_000));
        assert_eq!(waking.0, Waking::MOST, "a machine that stalls is not waited for");
        (0..10_000).for_each(|_| waking = waking.after(0));
        assert!(waking.0 <= 200, "{waking:?}");
    }

    #[test]
    fn arrivals_closer_than_waking_up_are_slept_for_all_the_same() {
        let waking = Waking(40_000);
        assert_eq!(waking.set_for(1_000_000, 1_100_000), 1_060_000);
        assert_eq!(waking.set_for(1_000_000, 1_040_000), 1_040_000);
        assert_eq!(waking.set_for(1_000_000, 1_010_000), 1_010_000);
        assert_eq!(waking.set_for(0, 10_000), 10_000, "nothing is before the start");
    }

    #[tokio::test]
    async fn no_arrival_is_early_and_none_is_left_out() {
        let clock = Clock::start();
        let pacer = Pacer::new(&clock, false);
        for at in (1..200).map(|number| number * 500_000) {
            let noticed = pacer.sleep_until(&clock, at).await;
            assert!(noticed >= at && noticed <= clock.now());
        }
    }
}
