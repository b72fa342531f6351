//! How late one chunk is: distributions of delays.

use crate::statistics::normal_quantile;
use crate::{Error, Result};
use std::fmt;
use std::time::Duration;

/// Draws beyond this share of all are cut off, so that no chunk waits for ever: one of 100,000.
const CUT_OFF: f64 = 0.99999;

/// The distribution of a delay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Always the same.
    Constant,
    /// Uniform within this, both ways.
    Uniform(Duration),
    /// Normal with this standard deviation; what would be early is on time.
    Normal(Duration),
    /// Pareto with this tail index: the delay is the least, and `P(D > d) = (least / d)^index`.
    Pareto(f64),
}

/// A delay and how it is spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Delay {
    pub(crate) typical: Duration,
    pub(crate) spread: Spread,
}

impl Delay {
    /// Refuses what does nothing or can't be.
    pub(crate) fn check(&self) -> Result<()> {
        let Self { typical: delay, spread } = *self;
        match spread {
            Spread::Uniform(jitter) if jitter > delay => Err(Error::new(format!(
                "a jitter of {jitter:?} is more than the latency of {delay:?}: nothing can arrive early"
            ))
            .help(format!("use a jitter of {delay:?} at most, or a latency of {jitter:?} at least"))),
            Spread::Pareto(index) if !(index > 1.0 && index <= 100.0) => {
                Err(Error::new(format!("a Pareto index of {index} can't be: up to 1 the mean is infinite"))
                    .help("use 1.5 (heavy tail) to 4, at most 100"))
            }
            Spread::Normal(deviation) if !deviation.is_zero() => Ok(()),
            _ if delay.is_zero() => Err(Error::new("a latency of zero without jitter does nothing")
                .help("give it a duration: proxy.latency(millis(300))")),
            _ => Ok(()),
        }
    }

    /// The delay at a number in `0.0..1.0`: the distribution's quantile function.
    pub(super) fn at(&self, unit: f64) -> Duration {
        let Self { typical, spread } = *self;
        match spread {
            Spread::Constant => typical,
            Spread::Uniform(jitter) => (typical + jitter).saturating_sub(jitter.mul_f64(2.0 * unit)),
            Spread::Normal(deviation) => {
                let z = normal_quantile(unit.clamp(1.0 - CUT_OFF, CUT_OFF));
                let by = deviation.mul_f64(z.abs());
                if z < 0.0 { typical.saturating_sub(by) } else { typical + by }
            }
            Spread::Pareto(index) => typical.mul_f64((1.0 - unit.min(CUT_OFF)).powf(-1.0 / index)),
        }
    }

    /// The longest that is drawn.
    pub(super) fn longest(&self) -> Duration {
        match self.spread {
            Spread::Uniform(jitter) => self.typical.saturating_add(jitter),
            _ => self.at(1.0),
        }
    }
}

impl fmt::Display for Delay {
    /// `latency 300ms ± 50ms`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { typical, spread } = self;
        match spread {
            Spread::Constant => write!(f, "latency {typical:?}"),
            Spread::Uniform(jitter) => write!(f, "latency {typical:?} ± {jitter:?}"),
            Spread::Normal(deviation) => write!(f, "latency {typical:?} (normal, deviation {deviation:?})"),
            Spread::Pareto(index) => write!(f, "latency from {typical:?} (Pareto, index {index})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::draw;
    use crate::units::millis;

    fn draws(typical: u64, spread: Spread) -> Vec<f64> {
        let delay = Delay { typical: millis(typical), spread };
        (0..10_000).map(|i| delay.at(draw::of(42, i)).as_secs_f64()).collect()
    }

    fn mean(draws: &[f64]) -> f64 {
        draws.iter().sum::<f64>() / draws.len() as f64
    }

    #[test]
    fn jitter_is_uniform_around_the_delay() {
        let draws = draws(300, Spread::Uniform(millis(50)));
        assert!(draws.iter().all(|d| (0.25..=0.35).contains(d)));
        assert!((mean(&draws) - 0.3).abs() < 0.002, "mean {}", mean(&draws));
        let outer = draws.iter().filter(|d| (**d - 0.3).abs() > 0.025).count();
        assert!((4_700..5_300).contains(&outer), "{outer} of 10,000 in the outer half");
    }

    #[test]
    fn normal_delays_have_their_deviation_and_are_never_early() {
        let draws_far = draws(300, Spread::Normal(millis(50)));
        assert!((mean(&draws_far) - 0.3).abs() < 0.002, "mean {}", mean(&draws_far));
        let within = draws_far.iter().filter(|d| (**d - 0.3).abs() < 0.05).count();
        assert!((6_650..7_000).contains(&within), "{within} of 10,000 within one deviation (68.3 %)");
        let near = draws(10, Spread::Normal(millis(50)));
        assert!(near.contains(&0.0), "some would be early");
    }

    #[test]
    fn pareto_delays_are_at_least_the_delay_and_have_its_tail() {
        let draws = draws(100, Spread::Pareto(2.0));
        assert!(draws.iter().all(|d| *d >= 0.1));
        // P(D > 300 ms) = (1/3)^2
        let tail = draws.iter().filter(|d| **d > 0.3).count();
        assert!((1_000..1_220).contains(&tail), "{tail} of 10,000 above 300 ms");
        let delay = Delay { typical: millis(100), spread: Spread::Pareto(2.0) };
        assert!(draws.iter().all(|d| *d <= delay.longest().as_secs_f64()));
        assert!(delay.longest() < millis(32_000));
    }
}
