//! When operations are due: by index from the start, so that nothing drifts.

use crate::clock::Nanos;
use crate::units::Rate;
use std::time::Duration;

/// Arrivals over time. Made from a [`Rate`], [`ramp`], [`stages`] or [`poisson`].
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Stretches of linearly changing rate; the last one's end rate goes on for ever.
    stages: Vec<Stage>,
    random: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Stage {
    from: f64,
    to: f64,
    seconds: f64,
}

impl Stage {
    /// Arrivals within the first `t` seconds of the stage.
    fn arrivals(&self, t: f64) -> f64 {
        self.from * t + (self.to - self.from) * t * t / (2.0 * self.seconds)
    }

    /// The inverse of [`Stage::arrivals`].
    fn instant_of(&self, arrivals: f64) -> f64 {
        if arrivals <= 0.0 {
            return 0.0;
        }
        let slope = (self.to - self.from) / self.seconds;
        if slope.abs() < 1e-12 {
            return arrivals / self.from;
        }
        // The smaller root in the form that does not cancel for small slopes.
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        2.0 * arrivals / (self.from + root)
    }
}

impl From<Rate> for Schedule {
    fn from(rate: Rate) -> Self {
        Self {
            stages: vec![Stage { from: rate.as_per_second(), to: rate.as_per_second(), seconds: 1.0 }],
            random: false,
        }
    }
}

/// From one rate to another, linearly, then on at the second.
pub fn ramp(from: Rate, to: Rate, over: Duration) -> Schedule {
    Schedule {
        stages: vec![Stage { from: from.as_per_second(), to: to.as_per_second(), seconds: over.as_secs_f64() }],
        random: false,
    }
}

/// One rate after the other, each for its time, the last one for ever.
pub fn stages(stages: impl IntoIterator<Item = (Rate, Duration)>) -> Schedule {
    let stages = stages.into_iter().map(|(rate, time)| Stage {
        from: rate.as_per_second(),
        to: rate.as_per_second(),
        seconds: time.as_secs_f64(),
    });
    Schedule { stages: stages.collect(), random: false }
}

/// The same mean rate over time, but with exponentially distributed gaps (a Poisson process), as
/// independent users make them. Seeded by the run's seed.
pub fn poisson(schedule: impl Into<Schedule>) -> Schedule {
    Schedule { random: true, ..schedule.into() }
}

impl Schedule {
    /// Why it can't be run, if it can't.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.stages.is_empty() {
            return Some("it has no stages");
        }
        let ok = |rate: f64| rate.is_finite() && rate >= 0.0;
        if !self.stages.iter().all(|stage| ok(stage.from) && ok(stage.to)) {
            return Some("a rate must be zero or more and finite");
        }
        if !self.stages.iter().all(|stage| stage.seconds > 0.0) {
            return Some("a stage must last longer than zero");
        }
        (self.rate_at_end() <= 0.0).then_some("its last rate is zero, so the after phase would have no traffic")
    }

    /// The rate that goes on for ever.
    pub(crate) fn rate_at_end(&self) -> f64 {
        self.stages.last().map_or(0.0, |stage| stage.to)
    }

    /// Arrivals as nanoseconds from the start.
    pub(crate) fn arrivals(&self, seed: u64) -> Arrivals {
        Arrivals {
            schedule: self.clone(),
            stage: 0,
            stage_start: 0.0,
            before_stage: 0.0,
            position: 0.0,
            random: self.random.then(|| fastrand::Rng::with_seed(seed)),
        }
    }

    /// In words: `200/s`, `10/s → 200/s over 10 s`.
    pub(crate) fn describe(&self) -> String {
        let stages = self.stages.iter().map(|stage| {
            if stage.from == stage.to && self.stages.len() == 1 {
                format!("{}/s", stage.from)
            } else if stage.from == stage.to {
                format!("{}/s for {} s", stage.from, stage.seconds)
            } else {
                format!("{}/s → {}/s over {} s", stage.from, stage.to, stage.seconds)
            }
        });
        let text = stages.collect::<Vec<_>>().join(", then ");
        if self.random { format!("{text} (Poisson)") } else { text }
    }
}

/// The instants of a schedule, one after the other, without end.
#[derive(Debug, Clone)]
pub(crate) struct Arrivals {
    schedule: Schedule,
    stage: usize,
    /// Seconds from the start to the current stage.
    stage_start: f64,
    /// Arrivals before the current stage.
    before_stage: f64,
    /// The next arrival on the scale of the expected number of arrivals: 0, 1, 2 … when regular,
    /// a sum of exponential gaps when random.
    position: f64,
    random: Option<fastrand::Rng>,
}

impl Arrivals {
    /// The next instant.
    pub(crate) fn next(&mut self) -> Nanos {
        let position = self.position;
        self.position += match &mut self.random {
            None => 1.0,
            Some(rng) => -(1.0 - rng.f64()).ln(),
        };
        let last = self.schedule.stages.len() - 1;
        loop {
            let stage = self.schedule.stages[self.stage];
            let in_stage = position - self.before_stage;
            let capacity = stage.arrivals(stage.seconds);
            if in_stage < capacity {
                return nanos(self.stage_start + stage.instant_of(in_stage));
            }
            if self.stage == last {
                let rest = (in_stage - capacity) / stage.to;
                return nanos(self.stage_start + stage.seconds + rest);
            }
            self.stage += 1;
            self.stage_start += stage.seconds;
            self.before_stage += capacity;
        }
    }
}

fn nanos(seconds: f64) -> Nanos {
    // Saturates for the far future; arrivals are never negative.
    (seconds * 1e9).round() as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::per_second;

    fn first(schedule: &Schedule, n: usize) -> Vec<Nanos> {
        let mut arrivals = schedule.arrivals(7);
        (0..n).map(|_| arrivals.next()).collect()
    }

    #[test]
    fn a_constant_rate_does_not_drift() {
        let mut arrivals = Schedule::from(per_second(3)).arrivals(0);
        let last = (0..=3_000_000u64).map(|_| arrivals.next()).last();
        assert_eq!(last, Some(1_000_000 * 1_000_000_000));
    }

    #[test]
    fn a_ramp_has_the_integral_of_its_rate() {
        let schedule = ramp(per_second(0), per_second(100), Duration::from_secs(10));
        let arrivals = first(&schedule, 1_000);
        assert_eq!(arrivals.iter().filter(|at| **at < 10_000_000_000).count(), 500);
        assert_eq!(arrivals.iter().filter(|at| **at < 5_000_000_000).count(), 125);
        assert_eq!(arrivals[501] - arrivals[500], 10_000_000, "then on at the second rate");
    }

    #[test]
    fn stages_follow_each_other_and_may_pause() {
        let schedule = stages([
            (per_second(10), Duration::from_secs(1)),
            (per_second(0), Duration::from_secs(2)),
            (per_second(5), Duration::from_secs(1)),
        ]);
        let arrivals = first(&schedule, 12);
        assert_eq!(arrivals[9], 900_000_000);
        assert_eq!(arrivals[10], 3_000_000_000);
        assert_eq!(arrivals[11], 3_200_000_000);
    }

    #[test]
    fn poisson_arrivals_have_the_mean_rate_and_the_spread_of_their_kind() {
        let arrivals = first(&poisson(per_second(1_000)), 20_001);
        let gaps: Vec<f64> = arrivals.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 1.0).abs() < 0.03, "mean gap {mean} ms");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "coefficient of variation");
        assert_eq!(arrivals, first(&poisson(per_second(1_000)), 20_001), "seeded");
    }

    #[test]
    fn impossible_schedules_say_why() {
        assert!(Schedule::from(per_second(0)).problem().is_some());
        assert!(Schedule::from(per_second(f64::NAN)).problem().is_some());
        assert!(stages([]).problem().is_some());
        assert!(stages([(per_second(5), Duration::ZERO)]).problem().is_some());
        assert!(ramp(per_second(0), per_second(5), Duration::from_secs(1)).problem().is_none());
    }
}
