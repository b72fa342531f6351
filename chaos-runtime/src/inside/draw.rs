//! Decisions as functions of a seed and a number.

use crate::mix::{mix, unit};
use crate::units::Percent;
use crate::{Error, Result};
use std::time::Duration;

/// The random draws of one fault: the same seed and number, the same draw, whoever asks and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The draws about one thing out of several, such as a stream.
    pub(super) fn of(self, thing: u64) -> Self {
        Self(mix(self.0 ^ mix(thing)))
    }

    /// Uniform in `0.0 .. 1.0`.
    pub(super) fn unit(self, number: u64) -> f64 {
        unit(self.bits(number))
    }

    /// 64 random bits.
    pub(super) fn bits(self, number: u64) -> u64 {
        mix(mix(self.0) ^ number)
    }

    /// Whether number `number` belongs to the share: never at 0 %, always at 100 %.
    pub(super) fn hits(self, number: u64, share: Percent) -> bool {
        self.unit(number) < share.fraction()
    }

    /// Uniform in `delay ± jitter`.
    pub(super) fn around(self, number: u64, delay: Duration, jitter: Duration) -> Duration {
        if jitter.is_zero() {
            return delay;
        }
        // Another draw than the one that decides whether the call is hit at all.
        (delay + jitter).saturating_sub(jitter.mul_f64(2.0 * self.of(u64::MAX).unit(number)))
    }
}

/// Refuses a share that is none, or that nothing belongs to.
pub(super) fn check_share(share: Percent, of: &str) -> Result<()> {
    let fraction = share.fraction();
    if !(0.0..=1.0).contains(&fraction) {
        return Err(
            Error::new(format!("{share} of {of} is no share")).help("use more than 0 and at most 100: percent(10)")
        );
    }
    if fraction == 0.0 {
        return Err(Error::new(format!("{share} of {of} does nothing")).help("use a share above 0: percent(10)"));
    }
    Ok(())
}

/// Refuses a delay that is none, or that could be negative.
pub(super) fn check_delay(delay: Duration, jitter: Duration) -> Result<()> {
    if delay.is_zero() {
        return Err(Error::new("a latency of zero does nothing").help("give it a duration: latency(millis(300))"));
    }
    if jitter > delay {
        return Err(Error::new(format!(
            "a jitter of {jitter:?} is more than the latency of {delay:?}: nothing can arrive early"
        ))
        .help(format!("use a jitter of {delay:?} at most, or a latency of {jitter:?} at least")));
    }
    Ok(())
}

/// ` for 10 % of calls`, or nothing for all of them.
pub(super) fn share_text(share: Percent, of: &str) -> String {
    if share.fraction() == 1.0 {
        return String::new();
    }
    format!(" for {share} of {of}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, percent};

    fn hit(seed: u64, share: f64) -> Vec<u64> {
        (0..10_000).filter(|n| Draw::new(seed).hits(*n, percent(share))).collect()
    }

    #[test]
    fn a_share_is_exact_at_its_ends_and_within_its_bounds_between() {
        assert_eq!(hit(1, 0.0).len(), 0);
        assert_eq!(hit(1, 100.0).len(), 10_000);
        // 99.9 % of a binomial distribution with n = 10,000, p = 0.1: 1,000 ± 3.29 · 30.
        for seed in 0..20 {
            let hits = hit(seed, 10.0).len();
            assert!((902..=1_098).contains(&hits), "seed {seed}: {hits}");
        }
    }

    #[test]
    fn the_seed_alone_decides_which() {
        assert_eq!(hit(7, 10.0), hit(7, 10.0));
        assert_ne!(hit(7, 10.0), hit(8, 10.0));
        assert_ne!(Draw::new(7).of(1).bits(0), Draw::new(7).of(2).bits(0));
    }

    #[test]
    fn jitter_stays_within_its_limits_and_is_not_the_draw_of_the_share() {
        let draw = Draw::new(3);
        let delays: Vec<_> = (0..10_000).map(|n| draw.around(n, millis(300), millis(50))).collect();
        assert!(delays.iter().all(|d| (millis(250)..=millis(350)).contains(d)));
        let mean = delays.iter().map(Duration::as_secs_f64).sum::<f64>() / 1e4;
        assert!((mean - 0.3).abs() < 0.002, "mean {mean}");
        let few: Vec<_> = (0..10_000).filter(|n| draw.hits(*n, percent(10))).map(|n| delays[n as usize]).collect();
        assert!(few.iter().any(|d| *d < millis(270)) && few.iter().any(|d| *d > millis(330)));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for (share, cause) in [(0.0, "does nothing"), (101.0, "no share"), (-1.0, "no share"), (f64::NAN, "no share")] {
            let error = check_share(percent(share), "calls").unwrap_err();
            assert!(error.message().contains(cause) && error.help_text().is_some(), "{error}");
        }
        assert!(check_share(percent(100), "calls").is_ok());
    }

    #[test]
    fn shares_read_as_they_were_written() {
        assert_eq!(share_text(percent(7), "calls"), " for 7 % of calls");
        assert_eq!(share_text(percent(0.1), "bytes"), " for 0.1 % of bytes");
        assert_eq!(share_text(percent(100), "calls"), "");
    }
}
