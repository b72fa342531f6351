//! Judging again and again while data arrive, without the false alarms of repeated looks.

use super::density::ln_binomial;
use super::proportion::Interval;

/// The logarithm of the beta-binomial e-value against "violations occur at the rate `permitted`":
/// `ln B(1+k, 1+n−k) − k ln r − (n−k) ln(1−r)`, the likelihood under a uniform prior over that at r.
///
/// Under a true rate of `permitted` its chance of *ever* reaching 1/α is at most α (Ville's inequality), however often
/// it is looked at. A guard trips when it reaches `ln(1/α)` and k/n > r; the data may be stopped at any time.
/// Robbins, "Statistical methods related to the law of the iterated logarithm" (1970); Howard et al. (2021).
///
/// # Panics
/// When there are more violations than operations.
pub fn log_e_value(violations: u64, operations: u64, permitted: f64) -> f64 {
    assert!(violations <= operations, "{violations} violations among {operations} operations");
    // B(1+k, 1+n−k) = 1 / ((n+1) C(n, k)), so the whole is one over (n+1) times the binomial density.
    let n = operations as f64;
    -(n + 1.0).ln() - ln_binomial(violations as f64, n, permitted, 1.0 - permitted)
}

/// The interval of all rates whose e-value stays below 1/α: at `confidence` it covers the true rate at all times at
/// once, so it may be looked at after every operation.
pub fn confidence_sequence(violations: u64, operations: u64, confidence: f64) -> Interval {
    let limit = -(1.0 - confidence).ln();
    let rejected = |rate: f64| log_e_value(violations, operations, rate) >= limit;
    if operations == 0 {
        return Interval { lower: 0.0, upper: 1.0 };
    }
    let share = violations as f64 / operations as f64;
    let lower = if violations == 0 { 0.0 } else { edge(share, 0.0, rejected) };
    let upper = if violations == operations { 1.0 } else { edge(share, 1.0, rejected) };
    Interval { lower, upper }
}

/// Bisects for the edge between an accepted rate and a rejected one.
fn edge(mut accepted: f64, mut refused: f64, rejected: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (accepted + refused);
        if middle == accepted || middle == refused {
            break;
        }
        if rejected(middle) {
            refused = middle;
        } else {
            accepted = middle;
        }
    }
    accepted
}

/// Wald's sequential probability ratio test of a low rate p0 against a high rate p1, "Sequential Analysis" (1947).
///
/// Decides with the fewest operations on average when the rate is one of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sprt {
    violation: f64,
    success: f64,
    upper: f64,
    lower: f64,
    ratio: f64,
    operations: u64,
}

/// What a sequential test decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The rate is the low one.
    Low,
    /// The rate is the high one.
    High,
}

impl Sprt {
    /// `low` against `high` rate of violations; `alpha` is the chance to call the low one high, `beta` the other one.
    ///
    /// # Panics
    /// Unless `0 < low < high < 1` and both chances lie between 0 and ½.
    pub fn new(low: f64, high: f64, alpha: f64, beta: f64) -> Self {
        assert!(0.0 < low && low < high && high < 1.0, "rates {low} and {high}");
        assert!(0.0 < alpha && alpha < 0.5 && 0.0 < beta && beta < 0.5, "error chances {alpha} and {beta}");
        Self {
            violation: (high / low).ln(),
            success: (-high).ln_1p() - (-low).ln_1p(),
            upper: ((1.0 - beta) / alpha).ln(),
            lower: (beta / (1.0 - alpha)).ln(),
            ratio: 0.0,
            operations: 0,
        }
    }

    /// Takes one operation in. Once decided, further ones change nothing.
    pub fn observe(&mut self, violated: bool) -> Option<Decision> {
        if let Some(decision) = self.decision() {
            return Some(decision);
        }
        self.operations += 1;
        self.ratio += if violated { self.violation } else { self.success };
        self.decision()
    }

    /// The decision so far.
    pub fn decision(&self) -> Option<Decision> {
        if self.ratio >= self.upper {
            Some(Decision::High)
        } else if self.ratio <= self.lower {
            Some(Decision::Low)
        } else {
            None
        }
    }

    /// The logarithm of the likelihood ratio.
    pub fn log_ratio(&self) -> f64 {
        self.ratio
    }

    /// The limits of [`log_ratio`](Self::log_ratio) at which a decision falls.
    pub fn limits(&self) -> Interval {
        Interval { lower: self.lower, upper: self.upper }
    }

    /// Operations taken in until the decision.
    pub fn operations(&self) -> u64 {
        self.operations
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Proportion;

    /// 2,000 runs of 5,000 operations at the very limit, looked at after each one.
    #[test]
    fn false_alarms_stay_below_alpha_however_often_one_looks() {
        let mut random = fastrand::Rng::with_seed(7);
        let (runs, alpha, permitted) = (2_000, 0.05_f64, 0.01);
        let (mut guard_alarms, mut two_sided_alarms, mut point_alarms) = (0, 0, 0);
        for _ in 0..runs {
            let (mut k, mut guard, mut two_sided, mut point) = (0, false, false, false);
            for n in 1..=5_000_u64 {
                let violated = random.f64() < permitted;
                k += u64::from(violated);
                // Without a violation the e-value only moves slowly; looking at every tenth saves most of the time.
                if violated || n % 10 == 0 {
                    let high = k as f64 / n as f64 > permitted;
                    let crossed = log_e_value(k, n, permitted) >= -alpha.ln();
                    two_sided |= crossed;
                    guard |= crossed && high;
                    point |= high && n > 1_000;
                }
            }
            guard_alarms += u32::from(guard);
            two_sided_alarms += u32::from(two_sided);
            point_alarms += u32::from(point);
        }
        // The e-value alone keeps α; the guard, which asks for k/n > r too, keeps it with room to spare.
        assert!(f64::from(two_sided_alarms) <= alpha * f64::from(runs), "{two_sided_alarms} of {runs}");
        assert!(guard_alarms <= two_sided_alarms);
        // The same data alarm most runs by the point estimate: the test does have something to find.
        assert!(point_alarms > runs / 2, "{point_alarms} of {runs}");
    }

    #[test]
    fn a_true_breach_is_found() {
        let mut random = fastrand::Rng::with_seed(11);
        for _ in 0..200 {
            let mut k = 0;
            let found = (1..=2_000_u64).any(|n| {
                k += u64::from(random.f64() < 0.05);
                log_e_value(k, n, 0.01) >= 20.0_f64.ln() && k as f64 / n as f64 > 0.01
            });
            assert!(found);
        }
    }

    #[test]
    fn a_sequence_is_wider_than_an_interval() {
        for (k, n) in [(0, 50), (3, 1_000), (50, 50), (400, 90_000)] {
            let (always, once) = (confidence_sequence(k, n, 0.95), Proportion::new(k, n).interval(0.95));
            assert!(always.lower <= once.lower && once.upper <= always.upper, "{k} of {n}: {always:?} {once:?}");
        }
        assert_eq!(confidence_sequence(0, 0, 0.95), Interval { lower: 0.0, upper: 1.0 });
        assert_eq!(log_e_value(0, 0, 0.3), 0.0);
    }

    #[test]
    fn a_sprt_errs_no_more_often_than_agreed() {
        let mut random = fastrand::Rng::with_seed(3);
        let wrong = (0..2_000)
            .filter(|_| {
                let mut test = Sprt::new(0.01, 0.05, 0.05, 0.05);
                loop {
                    if let Some(decision) = test.observe(random.f64() < 0.01) {
                        break decision == Decision::High;
                    }
                }
            })
            .count();
        // 5 % of 2,000 and three standard deviations.
        assert!((1..130).contains(&wrong), "{wrong}");
    }
}
