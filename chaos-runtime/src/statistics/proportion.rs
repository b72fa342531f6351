//! A share of violations and the intervals that bound the true one.

use super::beta::Beta;
use super::normal;

/// Violations among operations. Both may be fractions, because dependent operations count for less than one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proportion {
    violations: f64,
    operations: f64,
}

/// A closed interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

/// What the data say about "at most this share violates".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The true share lies below the permitted one, at the asked confidence.
    Supported,
    /// The true share lies above the permitted one, at the asked confidence.
    Refuted,
    /// Neither.
    Inconclusive,
}

impl Proportion {
    /// `violations` among `operations`.
    ///
    /// # Panics
    /// When there are more violations than operations.
    pub fn new(violations: u64, operations: u64) -> Self {
        assert!(violations <= operations, "{violations} violations among {operations} operations");
        Self { violations: violations as f64, operations: operations as f64 }
    }

    /// The same share of `factor` times as many operations.
    pub fn scaled(self, factor: f64) -> Self {
        Self { violations: self.violations * factor, operations: self.operations * factor }
    }

    /// The violations.
    pub fn violations(self) -> f64 {
        self.violations
    }

    /// The operations.
    pub fn operations(self) -> f64 {
        self.operations
    }

    /// The measured share; `None` without operations.
    pub fn share(self) -> Option<f64> {
        (self.operations > 0.0).then(|| self.violations / self.operations)
    }

    /// The one-sided lower bound of Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case
    /// of the binomial" (Biometrika 1934): `BetaInv(α; k, n−k+1)` with α = 1 − confidence, and 0 for k = 0.
    pub fn lower_bound(self, confidence: f64) -> f64 {
        check(confidence);
        if self.violations <= 0.0 {
            return 0.0;
        }
        Beta::new(self.violations, self.operations - self.violations + 1.0).lower_quantile(1.0 - confidence)
    }

    /// The one-sided upper bound of Clopper and Pearson: `BetaInv(1−α; k+1, n−k)`, and 1 for k = n.
    pub fn upper_bound(self, confidence: f64) -> f64 {
        check(confidence);
        if self.violations >= self.operations {
            return 1.0;
        }
        Beta::new(self.violations + 1.0, self.operations - self.violations).upper_quantile(1.0 - confidence)
    }

    /// The two-sided Clopper–Pearson interval: each bound at half of α.
    pub fn interval(self, confidence: f64) -> Interval {
        let each = one_sided(confidence);
        Interval { lower: self.lower_bound(each), upper: self.upper_bound(each) }
    }

    /// Judges "at most `permitted` of the operations violate": supported when the one-sided upper bound at `confidence`
    /// is below it, refuted when the one-sided lower bound is above it.
    pub fn support(self, permitted: f64, confidence: f64) -> Support {
        if self.operations <= 0.0 {
            Support::Inconclusive
        } else if self.upper_bound(confidence) < permitted {
            Support::Supported
        } else if self.lower_bound(confidence) > permitted {
            Support::Refuted
        } else {
            Support::Inconclusive
        }
    }

    /// The two-sided score interval of Wilson, "Probable inference, the law of succession, and statistical inference"
    /// (JASA 1927). Shorter than Clopper–Pearson's, but its coverage may fall below the nominal one.
    pub fn wilson(self, confidence: f64) -> Interval {
        check(confidence);
        self.score(normal::quantile(one_sided(confidence)))
    }

    /// Wilson's bounds, each of them one-sided at `confidence`.
    pub fn wilson_bounds(self, confidence: f64) -> Interval {
        check(confidence);
        self.score(normal::quantile(confidence))
    }

    fn score(self, z: f64) -> Interval {
        let (k, n) = (self.violations, self.operations);
        if n <= 0.0 {
            return Interval { lower: 0.0, upper: 1.0 };
        }
        let centre = k + 0.5 * z * z;
        let half = z * (k * (n - k) / n + 0.25 * z * z).sqrt();
        let lower = if k <= 0.0 { 0.0 } else { (centre - half) / (n + z * z) };
        let upper = if k >= n { 1.0 } else { (centre + half) / (n + z * z) };
        Interval { lower: lower.max(0.0), upper: upper.min(1.0) }
    }

    /// The two-sided equal-tailed interval under Jeffreys' prior Beta(½, ½), with the ends that Brown, Cai and DasGupta,
    /// "Interval estimation for a binomial proportion" (Statistical Science 2001), give it: 0 for k = 0, 1 for k = n.
    pub fn jeffreys(self, confidence: f64) -> Interval {
        self.jeffreys_bounds(one_sided(confidence))
    }

    /// Jeffreys' bounds, each of them one-sided at `confidence`.
    pub fn jeffreys_bounds(self, confidence: f64) -> Interval {
        check(confidence);
        let (k, n) = (self.violations, self.operations);
        let posterior = Beta::new(k + 0.5, n - k + 0.5);
        Interval {
            lower: if k <= 0.0 { 0.0 } else { posterior.lower_quantile(1.0 - confidence) },
            upper: if k >= n { 1.0 } else { posterior.upper_quantile(1.0 - confidence) },
        }
    }
}

impl Interval {
    /// Whether `value` lies in it, the ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }
}

/// The confidence of each bound of a two-sided interval: 97.5 % for 95 %.
pub(super) fn one_sided(confidence: f64) -> f64 {
    0.5 * (1.0 + confidence)
}

fn check(confidence: f64) {
    debug_assert!(confidence > 0.0 && confidence < 1.0, "a confidence is a fraction between 0 and 1, not {confidence}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::density::relative_error;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_enclose_the_measured_share(n in 1_u64..200_000, share in 0.0..=1.0_f64, confidence in 0.5..0.999_f64) {
            let k = ((n as f64 * share) as u64).min(n);
            let measured = Proportion::new(k, n);
            let p = measured.share().unwrap();
            for interval in [measured.interval(confidence), measured.wilson(confidence)] {
                prop_assert!(interval.lower <= p + 1e-12 && p - 1e-12 <= interval.upper, "{:?} {:?}", measured, interval);
                prop_assert!(interval.lower >= 0.0 && interval.upper <= 1.0);
            }
        }

        #[test]
        fn bounds_rise_with_the_violations(n in 1_u64..100_000, share in 0.0..1.0_f64, confidence in 0.5..0.999_f64) {
            let k = ((n as f64 * share) as u64).min(n - 1);
            let (fewer, more) = (Proportion::new(k, n), Proportion::new(k + 1, n));
            prop_assert!(fewer.lower_bound(confidence) < more.lower_bound(confidence));
            prop_assert!(fewer.upper_bound(confidence) < more.upper_bound(confidence));
        }

        #[test]
        fn both_sides_mirror_each_other(n in 1_u64..100_000, share in 0.0..=1.0_f64) {
            let k = ((n as f64 * share) as u64).min(n);
            let upper = Proportion::new(k, n).upper_bound(0.95);
            let mirrored = 1.0 - Proportion::new(n - k, n).lower_bound(0.95);
            prop_assert!((upper - mirrored).abs() < 1e-12, "{} {}", upper, mirrored);
        }
    }

    #[test]
    fn closed_forms_without_violations() {
        for n in [1_u64, 10, 300, 100_000_000] {
            let exact = -(0.05_f64.ln() / n as f64).exp_m1();
            let upper = Proportion::new(0, n).upper_bound(0.95);
            assert!(relative_error(upper, exact) < 1e-10, "n = {n}: {upper:e} {exact:e}");
            assert!(relative_error(1.0 - Proportion::new(n, n).lower_bound(0.95), exact) < 1e-7, "n = {n}");
        }
        assert_eq!(Proportion::new(0, 0).interval(0.95), Interval { lower: 0.0, upper: 1.0 });
        assert_eq!(Proportion::new(0, 0).support(0.5, 0.95), Support::Inconclusive);
    }

    /// scipy 1.17.1, `beta.ppf(0.05, k, n − k + 1)` and `beta.isf(0.05, k + 1, n − k)`.
    #[test]
    fn bounds_hold_for_a_hundred_million_operations() {
        for (k, n, lower, upper) in [
            (100_u64, 10_000_000_u64, 8.413_933_973_703_056e-6, 1.180_791_660_425_352_6e-5),
            (7, 100_000_000, 3.285_315_736_487_647e-8, 1.314_811_338_944_251_2e-7),
            (1_000_000, 100_000_000, 0.009_983_639_386_627_982, 0.010_016_381_564_362_202),
            (50_000_000, 100_000_000, 0.499_917_752_319_414_43, 0.500_082_247_680_585_5),
            (99_999_000, 100_000_000, 0.999_989_463_971_602_5, 0.999_990_514_399_382_6),
        ] {
            let measured = Proportion::new(k, n);
            assert!(relative_error(measured.lower_bound(0.95), lower) < 1e-9, "{k} of {n}");
            assert!(relative_error(measured.upper_bound(0.95), upper) < 1e-9, "{k} of {n}");
        }
    }

    /// Exact coverage, not simulated: the sum over all outcomes whose bound holds. Clopper–Pearson never falls short.
    #[test]
    fn coverage_is_never_below_the_nominal_one() {
        for (n, p) in [(20_u64, 0.05), (50, 0.5), (300, 0.01), (300, 0.003), (1_000, 0.99)] {
            let (mut two, mut upper, mut lower) = (0.0, 0.0, 0.0);
            for k in 0..=n {
                let chance = crate::statistics::density::ln_binomial(k as f64, n as f64, p, 1.0 - p).exp();
                let measured = Proportion::new(k, n);
                two += if measured.interval(0.95).contains(p) { chance } else { 0.0 };
                upper += if measured.upper_bound(0.95) >= p { chance } else { 0.0 };
                lower += if measured.lower_bound(0.95) <= p { chance } else { 0.0 };
            }
            for (name, coverage) in [("two-sided", two), ("upper", upper), ("lower", lower)] {
                assert!((0.95..1.0 + 1e-9).contains(&coverage), "{name} at n = {n}, p = {p}: {coverage}");
            }
        }
    }
}
