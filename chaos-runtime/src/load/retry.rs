//! When a failed operation is attempted again.

use crate::measure::ErrorClass;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// When a failed operation is attempted again, and after which pause.
///
/// Pauses grow exponentially with full jitter (each is drawn between zero and the current ceiling), so that
/// clients that failed together do not come back together. See Brooker, "Exponential Backoff And Jitter" (AWS
/// Architecture Blog, 2015). Default: from 50 ms up to 2 s.
#[derive(Clone)]
#[must_use = "a policy does nothing until `.retry(…)` of a load"]
pub struct Retry {
    times: Option<u32>,
    within: Option<Duration>,
    initial: Duration,
    max: Duration,
    only: Option<Arc<dyn Fn(ErrorClass) -> bool + Send + Sync>>,
}

impl Retry {
    /// One attempt only.
    pub fn none() -> Self {
        Self::times(0)
    }

    /// At most `n` attempts after the first one.
    pub fn times(n: u32) -> Self {
        Self { times: Some(n), ..Self::unlimited() }
    }

    /// Attempts again until this long after the operation was due. The last attempt starts at that limit at the latest,
    /// and may end after it.
    pub fn for_at_most(limit: Duration) -> Self {
        Self { within: Some(limit), ..Self::unlimited() }
    }

    fn unlimited() -> Self {
        Self { times: None, within: None, initial: Duration::from_millis(50), max: Duration::from_secs(2), only: None }
    }

    /// The ceiling of the first pause, and of all pauses; it doubles from one to the next. Zero: at once.
    pub fn backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.initial = initial.min(max);
        self.max = max;
        self
    }

    /// Attempts again only after failures of these classes. Default: all but a panic, which is a bug of the test.
    pub fn only(mut self, retryable: impl Fn(ErrorClass) -> bool + Send + Sync + 'static) -> Self {
        self.only = Some(Arc::new(retryable));
        self
    }

    /// How long pauses and attempts after the first one may take in all, when every attempt takes `timeout`.
    pub(crate) fn longest(&self, timeout: Duration) -> Duration {
        let by_time = self.within.map_or(Duration::MAX, |within| within.saturating_add(timeout));
        let by_number =
            self.times.map_or(Duration::MAX, |times| self.max.saturating_add(timeout).saturating_mul(times));
        by_time.min(by_number)
    }

    /// The pause before the next attempt, or `None` to give up.
    ///
    /// `attempts` were made so far (1 after the first one), the last of which failed with `error`, `elapsed` after the
    /// operation was due. Draws from `random` once for every pause, so a seed gives the same pauses again.
    pub fn next(
        &self,
        attempts: u32,
        elapsed: Duration,
        error: ErrorClass,
        random: &mut fastrand::Rng,
    ) -> Option<Duration> {
        let retryable = match &self.only {
            Some(only) => only(error),
            None => error != ErrorClass::Panicked,
        };
        // Unfinished: the run is over.
        if !retryable || error == ErrorClass::Unfinished || self.times.is_some_and(|times| attempts > times) {
            return None;
        }
        let left = match self.within {
            Some(within) => within.checked_sub(elapsed).filter(|left| !left.is_zero())?,
            None => Duration::MAX,
        };
        let doublings = attempts.saturating_sub(1).min(31);
        let ceiling = self.initial.saturating_mul(1 << doublings).min(self.max);
        Some(ceiling.mul_f64(random.f64()).min(left))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("times", &self.times)
            .field("within", &self.within)
            .field("initial", &self.initial)
            .field("max", &self.max)
            .field("only", &self.only.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn pauses(retry: &Retry, seed: u64) -> Vec<Duration> {
        let mut random = fastrand::Rng::with_seed(seed);
        (1..=200).map_while(|attempts| retry.next(attempts, MS(0), ErrorClass::Refused, &mut random)).collect()
    }

    #[test]
    fn none_gives_up_at_once() {
        assert!(pauses(&Retry::none(), 1).is_empty());
        assert!(pauses(&Retry::default(), 1).is_empty());
    }

    #[test]
    fn times_counts_the_attempts_after_the_first() {
        assert_eq!(pauses(&Retry::times(3), 1).len(), 3);
    }

    #[test]
    fn ceilings_double_up_to_the_maximum_and_pauses_fill_them() {
        let retry = Retry::times(8);
        let most = (0..500)
            .map(|seed| pauses(&retry, seed))
            .reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| a.max(b)).collect());
        let ceilings = [50, 100, 200, 400, 800, 1_600, 2_000, 2_000];
        for (largest, ceiling) in most.unwrap().into_iter().zip(ceilings.map(MS)) {
            assert!(largest <= ceiling && largest > ceiling.mul_f64(0.95), "{largest:?} of {ceiling:?}");
        }
        let mean = (0..500).map(|seed| pauses(&retry, seed)[0].as_secs_f64()).sum::<f64>() / 500.0;
        assert!((0.022..0.028).contains(&mean), "full jitter: {mean}");
    }

    #[test]
    fn a_seed_gives_the_same_pauses_again() {
        assert_eq!(pauses(&Retry::times(9), 4), pauses(&Retry::times(9), 4));
        assert_ne!(pauses(&Retry::times(9), 4), pauses(&Retry::times(9), 5));
    }

    #[test]
    fn the_last_attempt_starts_within_the_limit() {
        let retry = Retry::for_at_most(MS(100)).backoff(MS(400), MS(400));
        let mut random = fastrand::Rng::with_seed(2);
        for elapsed in 0..100 {
            let pause = retry.next(7, MS(elapsed), ErrorClass::Timeout, &mut random).unwrap();
            assert!(MS(elapsed) + pause <= MS(100));
        }
        assert_eq!(retry.next(7, MS(100), ErrorClass::Timeout, &mut random), None);
        assert_eq!(retry.next(1, MS(5_000), ErrorClass::Timeout, &mut random), None);
    }

    #[test]
    fn only_some_classes() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut again = |retry: &Retry, class| retry.next(1, MS(0), class, &mut random).is_some();
        let picky = Retry::times(5).only(|class| class == ErrorClass::Refused);
        assert!(again(&picky, ErrorClass::Refused));
        assert!(!again(&picky, ErrorClass::Status));
        for class in ErrorClass::ALL {
            let expected = !matches!(class, ErrorClass::Panicked | ErrorClass::Unfinished);
            assert_eq!(again(&Retry::times(1), class), expected, "{class}");
        }
        assert!(!again(&Retry::times(1).only(|_| true), ErrorClass::Unfinished));
    }

    #[test]
    fn huge_settings_do_not_overflow() {
        let mut random = fastrand::Rng::with_seed(2);
        let retry =
            Retry::for_at_most(Duration::MAX).backoff(Duration::from_secs(1 << 40), Duration::from_secs(1 << 60));
        assert!(retry.next(u32::MAX, MS(0), ErrorClass::Reset, &mut random).is_some());
        let at_once = Retry::times(u32::MAX).backoff(Duration::ZERO, Duration::ZERO);
        assert_eq!(at_once.next(u32::MAX, MS(0), ErrorClass::Reset, &mut random), Some(Duration::ZERO));
    }
}
