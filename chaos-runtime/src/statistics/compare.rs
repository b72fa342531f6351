//! Two groups: shares of violations, and quantiles.

use super::density::ln_binomial;
use super::proportion::{Interval, Proportion, Support};
use super::quantile::RankedQuantile;

/// The two-sided interval of the difference `fault − control` of two shares.
///
/// Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven methods"
/// (Statistics in Medicine 1998), method 10: the squares of the distances to the Wilson bounds are added.
pub fn difference_interval(fault: Proportion, control: Proportion, confidence: f64) -> Interval {
    let (Some(p1), Some(p2)) = (fault.share(), control.share()) else {
        return Interval { lower: -1.0, upper: 1.0 };
    };
    let (w1, w2) = (fault.wilson(confidence), control.wilson(confidence));
    let difference = p1 - p2;
    Interval {
        lower: difference - (p1 - w1.lower).hypot(w2.upper - p2),
        upper: difference + (w1.upper - p1).hypot(p2 - w2.lower),
    }
}

/// The p-value of Fisher's exact test of "the first group violates more often": the chance of at least `k1` violations
/// among `n1` operations when all `k1 + k2` of them are spread at random over `n1 + n2` (hypergeometric).
///
/// # Panics
/// When a group has more violations than operations.
pub fn fisher_greater((k1, n1): (u64, u64), (k2, n2): (u64, u64)) -> f64 {
    assert!(k1 <= n1 && k2 <= n2, "more violations than operations");
    let (violations, all) = (k1 + k2, n1 + n2);
    if all == 0 {
        return 1.0;
    }
    // Loader (2000): the density as a quotient of binomial ones, of which any common share may be taken.
    let p = violations as f64 / all as f64;
    let q = (all - violations) as f64 / all as f64;
    let whole = ln_binomial(violations as f64, all as f64, p, q);
    let density = |k: u64| {
        let first = ln_binomial(k as f64, n1 as f64, p, q);
        (first + ln_binomial((violations - k) as f64, n2 as f64, p, q) - whole).exp()
    };
    let mut tail = 0.0;
    let mode = p * n1 as f64;
    for k in k1..=violations.min(n1) {
        let chance = density(k);
        tail += chance;
        // Past the mode the densities fall faster than geometrically.
        if k as f64 > mode && chance < tail * 1e-17 {
            break;
        }
    }
    tail.min(1.0)
}

/// The interval of a ratio of two quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioInterval {
    /// `fault(lower bound) / control(upper bound)`; `None` when the samples are too small to bound it.
    pub lower: Option<f64>,
    /// `fault(upper bound) / control(lower bound)`; `None` when the samples are too small to bound it.
    pub upper: Option<f64>,
}

impl RatioInterval {
    /// Judges "the ratio is at most `limit`".
    pub fn support(self, limit: f64) -> Support {
        match (self.lower, self.upper) {
            (_, Some(upper)) if upper <= limit => Support::Supported,
            (Some(lower), _) if lower > limit => Support::Refuted,
            _ => Support::Inconclusive,
        }
    }
}

/// Bounds `quantile(fault) / quantile(control)`: each side's order-statistic bounds at half of α (97.5 % for 95 %), so
/// that by Bonferroni's inequality each bound of the ratio holds with at least `confidence`.
///
/// The samples must be sorted in ascending order, their values above zero; failed operations belong in them as
/// `f64::INFINITY`. Where a bound is infinite or missing the ratio's is `None`, never a number.
pub fn quantile_ratio_interval(fault: &[f64], control: &[f64], q: f64, confidence: f64) -> RatioInterval {
    debug_assert!(fault.is_sorted() && control.is_sorted(), "unsorted samples");
    let bounds = |sorted: &[f64]| {
        let ranks = RankedQuantile::new(sorted.len() as u64, q).ranks(confidence);
        let at = |rank: Option<u64>| rank.map(|rank| sorted[rank as usize - 1]);
        (at(ranks.lower), at(ranks.upper))
    };
    let ((fault_low, fault_high), (control_low, control_high)) = (bounds(fault), bounds(control));
    let ratio = |over: Option<f64>, under: Option<f64>| {
        let (over, under) = (over?, under?);
        (over.is_finite() && under.is_finite() && under > 0.0).then(|| over / under)
    };
    // Infinitely slow even at its lower bound, against a finite control: slower by more than any limit.
    let lower = match (fault_low, control_high) {
        (Some(low), Some(high)) if low.is_infinite() && high.is_finite() => Some(f64::INFINITY),
        _ => ratio(fault_low, control_high),
    };
    RatioInterval { lower, upper: ratio(fault_high, control_low) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lady_tasting_tea() {
        // Fisher (1935): all four cups right: 1/70; three or more: 17/70.
        assert!((fisher_greater((4, 4), (0, 4)) - 1.0 / 70.0).abs() < 1e-14);
        assert!((fisher_greater((3, 4), (1, 4)) - 17.0 / 70.0).abs() < 1e-14);
        assert!((fisher_greater((0, 4), (4, 4)) - 1.0).abs() < 1e-12);
        assert_eq!(fisher_greater((0, 0), (0, 0)), 1.0);
    }

    #[test]
    fn nothing_measured_says_nothing() {
        let nothing = difference_interval(Proportion::new(0, 0), Proportion::new(1, 10), 0.95);
        assert_eq!(nothing, Interval { lower: -1.0, upper: 1.0 });
        let none = quantile_ratio_interval(&[], &[1.0; 5], 0.5, 0.95);
        assert_eq!(none, RatioInterval { lower: None, upper: None });
        assert_eq!(none.support(1.1), Support::Inconclusive);
    }

    #[test]
    fn a_difference_lies_in_its_interval_and_turns_with_its_sign() {
        let (a, b) = (Proportion::new(31, 1_000), Proportion::new(12, 900));
        let forth = difference_interval(a, b, 0.95);
        let back = difference_interval(b, a, 0.95);
        assert!(forth.contains(0.031 - 12.0 / 900.0));
        assert!((forth.lower + back.upper).abs() < 1e-15 && (forth.upper + back.lower).abs() < 1e-15);
    }

    #[test]
    fn failures_make_a_ratio_unbounded() {
        let control = vec![1.0; 100];
        let mut fault = vec![1.0; 70];
        fault.extend([f64::INFINITY; 30]);
        let half = quantile_ratio_interval(&fault, &control, 0.5, 0.95);
        assert_eq!((half.lower, half.upper), (Some(1.0), Some(1.0)));
        let most = quantile_ratio_interval(&fault, &control, 0.9, 0.95);
        assert_eq!((most.lower, most.upper), (Some(f64::INFINITY), None));
        assert_eq!(most.support(1.1), Support::Refuted);
    }
}
