//! What a claim about operations asks for: "k of n, at most this share".

use super::{Claim, Cmp, Limit, Metric, Value};
use crate::clock::nanos;
use crate::measure::Event;

/// A claim as a question about how many operations an event is true of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Criterion {
    /// The share of operations that are `event`.
    Share {
        /// What is counted.
        event: Event,
        /// How the share is compared with `rate`.
        cmp: Cmp,
        /// A fraction.
        rate: f64,
    },
    /// The number of operations that are `event`.
    Count {
        /// What is counted.
        event: Event,
        /// How the number is compared with `limit`.
        cmp: Cmp,
        /// A number of operations.
        limit: f64,
    },
}

impl Claim {
    /// The claim with its limit as a question of counts; `None` for metrics that are no counts
    /// (`max`, `recovery`, probes, …) and for limits of another unit.
    pub(crate) fn criterion(&self, limit: Value) -> Option<Criterion> {
        let share = |event, percent: f64| Criterion::Share { event, cmp: self.cmp, rate: percent / 100.0 };
        let count = |event, limit| Criterion::Count { event, cmp: self.cmp, limit };
        Some(match (self.metric, limit) {
            (Metric::Quantile(q), Value::Duration(limit)) => {
                let rate = q.permitted();
                let limit = nanos(limit);
                match self.cmp {
                    Cmp::Lt => Criterion::Share { event: Event::Slow { limit, strict: true }, cmp: Cmp::Le, rate },
                    Cmp::Le | Cmp::Eq => {
                        Criterion::Share { event: Event::Slow { limit, strict: false }, cmp: Cmp::Le, rate }
                    }
                    Cmp::Gt => Criterion::Share { event: Event::Slow { limit, strict: false }, cmp: Cmp::Gt, rate },
                    Cmp::Ge => Criterion::Share { event: Event::Slow { limit, strict: true }, cmp: Cmp::Gt, rate },
                }
            }
            (Metric::SuccessRate, Value::Percent(percent)) => {
                let cmp = match self.cmp {
                    Cmp::Ge | Cmp::Eq => Cmp::Le,
                    Cmp::Gt => Cmp::Lt,
                    Cmp::Le => Cmp::Ge,
                    Cmp::Lt => Cmp::Gt,
                };
                Criterion::Share { event: Event::Failed, cmp, rate: 1.0 - percent / 100.0 }
            }
            (Metric::ErrorRate, Value::Percent(percent)) => share(Event::Failed, percent),
            (Metric::Status(status), Value::Percent(percent)) => share(Event::Status(status), percent),
            (Metric::Error(class), Value::Percent(percent)) => share(Event::Error(class), percent),
            (Metric::Errors, Value::Number(limit)) => count(Event::Failed, limit),
            (Metric::PermanentFailures, Value::Number(limit)) => count(Event::FailedForGood, limit),
            (Metric::Status(status), Value::Number(limit)) => count(Event::Status(status), limit),
            (Metric::Error(class), Value::Number(limit)) => count(Event::Error(class), limit),
            _ => return None,
        })
    }

    /// The event that has to be counted for this claim, as far as it is known before the run.
    pub(crate) fn event(&self) -> Option<Event> {
        match (self.limit, self.metric) {
            (Limit::Value(value), _) => self.event_at(value),
            // These need no limit, so they are known before there is a reference.
            (_, Metric::SuccessRate | Metric::ErrorRate) => Some(Event::Failed),
            (_, Metric::Error(class)) => Some(Event::Error(class)),
            _ => None,
        }
    }

    /// The event that has to be counted once the limit is known.
    pub(crate) fn event_at(&self, limit: Value) -> Option<Event> {
        match (self.metric, limit) {
            (Metric::Max, Value::Duration(limit)) => {
                Some(Event::Long { limit: nanos(limit), strict: matches!(self.cmp, Cmp::Lt | Cmp::Ge) })
            }
            _ => self.criterion(limit).map(Criterion::event),
        }
    }
}

impl Criterion {
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Share { event, .. } | Self::Count { event, .. } => event,
        }
    }

    /// Whether it is true of `k` of `n` operations.
    pub(crate) fn holds(self, k: u64, n: u64) -> bool {
        match self {
            // Compared as counts, so that 1 of 100 is exactly 1 % whatever the rounding of the rate.
            Self::Share { cmp, rate, .. } => {
                let limit = rate * n as f64;
                let rounded = limit.round();
                let limit = if (limit - rounded).abs() < 1e-9 * (n as f64).max(1.0) { rounded } else { limit };
                cmp.holds(k as f64, limit)
            }
            Self::Count { cmp, limit, .. } => cmp.holds(k as f64, limit),
        }
    }

    /// Violations of `k` of `n`, and the share of them that is permitted: what the statistics speak about.
    pub(crate) fn violations(self, k: u64, n: u64) -> Option<(u64, f64)> {
        match self {
            Self::Share { cmp, rate, .. } if cmp.is_upper() || cmp == Cmp::Eq => Some((k, rate)),
            Self::Share { rate, .. } => Some((n - k.min(n), 1.0 - rate)),
            Self::Count { .. } => None,
        }
    }

    /// The fewest operations at which it could be broken at all: n ≥ 1/r.
    pub(crate) fn fewest(self) -> u64 {
        match self.violations(0, 0) {
            Some((_, permitted)) if permitted > 0.0 => (1.0 / permitted - 1e-9).ceil() as u64,
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::{Quantile, Scope};
    use std::time::Duration;

    fn claim(metric: Metric, cmp: Cmp, value: Value) -> Claim {
        Claim { text: "", scope: Scope::Run, subject: None, metric, cmp, limit: Limit::Value(value), sustained: None }
    }

    #[test]
    fn a_quantile_permits_its_share_of_slow_operations() {
        let p99 =
            claim(Metric::Quantile(Quantile::from_ppm(990_000)), Cmp::Lt, Value::Duration(Duration::from_millis(300)));
        let criterion = p99.criterion(Value::Duration(Duration::from_millis(300))).unwrap();
        assert!(criterion.holds(1, 100), "one of a hundred may be slow");
        assert!(!criterion.holds(2, 100));
        assert!(criterion.holds(9, 999));
        assert!(!criterion.holds(10, 999));
        assert_eq!(criterion.fewest(), 100);
        assert_eq!(criterion.event(), Event::Slow { limit: 300_000_000, strict: true });
    }

    #[test]
    fn a_success_rate_is_a_permitted_share_of_failures() {
        let claim = claim(Metric::SuccessRate, Cmp::Ge, Value::Percent(99.9));
        let criterion = claim.criterion(Value::Percent(99.9)).unwrap();
        assert!(criterion.holds(1, 1_000));
        assert!(!criterion.holds(2, 1_000));
        assert_eq!(criterion.fewest(), 1_000);
    }

    #[test]
    fn lower_limits_count_the_complement_as_violations() {
        let claim = claim(Metric::Status(503), Cmp::Ge, Value::Percent(95.0));
        let criterion = claim.criterion(Value::Percent(95.0)).unwrap();
        assert!(criterion.holds(95, 100) && !criterion.holds(94, 100));
        let (violations, permitted) = criterion.violations(94, 100).unwrap();
        assert_eq!(violations, 6);
        assert!((permitted - 0.05).abs() < 1e-12);
        assert_eq!(criterion.fewest(), 20);
    }

    #[test]
    fn the_fewest_samples_of_the_usual_quantiles() {
        for (ppm, fewest) in [(500_000, 2), (900_000, 10), (990_000, 100), (999_000, 1_000)] {
            let limit = Value::Duration(Duration::from_millis(1));
            let claim = claim(Metric::Quantile(Quantile::from_ppm(ppm)), Cmp::Le, limit);
            assert_eq!(claim.criterion(limit).unwrap().fewest(), fewest);
        }
    }
}
