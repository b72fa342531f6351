//! How true the machine's clock and timer are.

use super::wait_for;
use crate::Result;
use crate::clock::{Clock, micros};
use crate::load::Pacer;
use std::time::Duration;

/// By how much arrivals come late that the load's pacer waits for, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lateness {
    /// Of how many.
    pub arrivals: u64,
    /// Half of them come later.
    pub median_us: u64,
    /// One in a hundred comes later.
    pub p99_us: u64,
    /// The latest.
    pub max_us: u64,
}

/// Waits for this many arrivals, a millisecond apart, as the driver of a load does.
///
/// # Errors
/// If no runtime can be started.
pub fn lateness(arrivals: u64) -> Result<Lateness> {
    wait_for(async {
        let clock = Clock::start();
        let pacer = Pacer::new(&clock, false);
        let mut late = Vec::new();
        for _ in 0..arrivals.max(1) {
            let due = clock.now() + 1_000_000;
            late.push(micros(pacer.sleep_until(&clock, due).await.saturating_sub(due)));
        }
        late.sort_unstable();
        let at = |share: usize| late[((late.len() * share).div_ceil(100)).clamp(1, late.len()) - 1];
        Ok(Lateness { arrivals: late.len() as u64, median_us: at(50), p99_us: at(99), max_us: at(100) })
    })
}

/// The finest step of the clock by which latencies are measured; `None`: nobody tells.
pub fn resolution() -> Option<Duration> {
    #[cfg(unix)]
    {
        let step = rustix::time::clock_getres(rustix::time::ClockId::Monotonic);
        Some(Duration::new(step.tv_sec.try_into().ok()?, step.tv_nsec.try_into().ok()?))
    }
    #[cfg(not(unix))]
    None
}
