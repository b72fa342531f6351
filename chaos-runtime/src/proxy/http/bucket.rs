//! A token bucket.

use crate::units::Rate;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Lets through a rate, and at most a burst at once: a bucket of `burst` tokens that is full at first and is filled at
/// the rate; who comes takes one.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Time in which one token comes.
    interval: Duration,
    burst: u32,
    /// When the bucket is full again (the virtual scheduling form of the algorithm: ITU-T I.371, annex A).
    full_at: Mutex<Option<Instant>>,
}

impl Bucket {
    pub(super) fn new(rate: Rate, burst: u32) -> Self {
        Self { interval: Duration::from_secs_f64(1.0 / rate.as_per_second()), burst, full_at: Mutex::default() }
    }

    /// Takes a token; if there is none, the time until there is one.
    pub(super) fn take(&self, now: Instant) -> std::result::Result<(), Duration> {
        let mut slot = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = slot.map_or(now, |at| at.max(now)) + self.interval;
        let capacity = self.interval.saturating_mul(self.burst);
        match (full_at - now).checked_sub(capacity) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *slot = Some(full_at);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, per_second, secs};

    #[test]
    fn a_burst_at_once_then_the_rate() {
        let (bucket, now) = (Bucket::new(per_second(10), 5), Instant::now());
        let taken = (0..20).filter(|_| bucket.take(now).is_ok()).count();
        assert_eq!(taken, 5);
        assert_eq!(bucket.take(now), Err(millis(100)));
        let taken = (1..=1_000).filter(|i| bucket.take(now + millis(10) * *i).is_ok()).count();
        assert_eq!(taken, 100, "10 s at 10 a second");
        let taken = (0..20).filter(|_| bucket.take(now + secs(60)).is_ok()).count();
        assert_eq!(taken, 5, "what nobody took does not add up beyond the burst");
    }
}
