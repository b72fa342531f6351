//! The regularized incomplete beta function and its inverse.

use super::density::ln_binomial;
use super::normal;

/// Both tails of a beta distribution at a point, each to full relative precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tails {
    /// I_x(a, b)
    pub(super) lower: f64,
    /// 1 − I_x(a, b)
    pub(super) upper: f64,
}

/// A beta distribution with parameters above zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    pub(super) fn new(a: f64, b: f64) -> Self {
        debug_assert!(a > 0.0 && b > 0.0, "Beta({a}, {b})");
        Self { a, b }
    }

    /// I_x(a, b) and its complement: the continued fraction DLMF 8.17.22 on the side where it converges fast, after
    /// Press et al., "Numerical Recipes" (3rd ed.), 6.4.
    pub(super) fn tails(self, x: f64) -> Tails {
        let Self { a, b } = self;
        if x <= 0.0 {
            return Tails { lower: 0.0, upper: 1.0 };
        }
        if x >= 1.0 {
            return Tails { lower: 1.0, upper: 0.0 };
        }
        // x^a (1−x)^b / B(a, b) = C(a+b, a) x^a (1−x)^b · ab/(a+b)
        let front = self.ln_front(x).exp();
        if x < (a + 1.0) / (a + b + 2.0) {
            let lower = (front / a * continued_fraction(a, b, x)).min(1.0);
            Tails { lower, upper: 1.0 - lower }
        } else {
            let upper = (front / b * continued_fraction(b, a, 1.0 - x)).min(1.0);
            Tails { lower: 1.0 - upper, upper }
        }
    }

    fn ln_front(self, x: f64) -> f64 {
        let Self { a, b } = self;
        ln_binomial(a, a + b, x, 1.0 - x) + (a * b / (a + b)).ln()
    }

    /// The x with `I_x(a, b) = share`.
    pub(super) fn lower_quantile(self, share: f64) -> f64 {
        if self.a > self.b { 1.0 - self.mirrored().solve(share, true) } else { self.solve(share, false) }
    }

    /// The x with `1 − I_x(a, b) = share`.
    pub(super) fn upper_quantile(self, share: f64) -> f64 {
        if self.a > self.b { 1.0 - self.mirrored().solve(share, false) } else { self.solve(share, true) }
    }

    /// The distribution of 1 − x. Roots are sought where they lie far from 1: there 1 − x keeps its digits.
    fn mirrored(self) -> Self {
        Self { a: self.b, b: self.a }
    }

    /// Newton's method on the logarithms of x and of the tail (both tails of a beta distribution are nearly powers
    /// where they are small), kept inside a bracket that every evaluation narrows and that is
    /// bisected where a step would leave it.
    fn solve(self, share: f64, upper: bool) -> f64 {
        let Self { a, b } = self;
        let (mut low, mut high) = (0.0_f64, 1.0_f64);
        let mut x = self.guess(share, upper);
        for _ in 0..400 {
            let tails = self.tails(x);
            let tail = if upper { tails.upper } else { tails.lower };
            let error = tail.ln() - share.ln();
            let root_is_above = (error < 0.0) != upper;
            if root_is_above {
                low = x;
            } else {
                high = x;
            }
            if a == 0.5 {
                eprintln!("X {share} {upper} {x:e} {tail:e} {low:e} {high:e}");
            }
            let density = self.ln_front(x).exp() / (x * (1.0 - x));
            let slope = if upper { -density / tail } else { density / tail };
            let newton = x * (-error / (slope * x)).exp();
            if error == 0.0 || (newton - x).abs() <= 4.0 * f64::EPSILON * x || high - low <= f64::EPSILON * low {
                break;
            }
            // Not a number where the tail underflows: bisected too.
            x = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        }
        debug_assert!(x > 0.0 && x < 1.0, "quantile of Beta({a}, {b})");
        x
    }

    /// A normal approximation of the root.
    fn guess(self, share: f64, upper: bool) -> f64 {
        let Self { a, b } = self;
        let n = a + b;
        let mean = a / n;
        let z = normal::quantile(share);
        let z = if upper { -z } else { z };
        let guess = mean + z * (mean * (1.0 - mean) / (n + 1.0)).sqrt();
        guess.clamp(mean * 0.01, 1.0 - (1.0 - mean) * 0.01)
    }
}

/// The modified Lentz evaluation; converges in O(√max(a, b)) steps.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    let steps = 1_000 + 20 * (a.max(b).sqrt() as u64);
    for m in 1..=steps {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        let change = d * c;
        h *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    h
}

/// P(X ≤ k) of a binomial distribution.
pub(super) fn binomial_at_most(k: i64, n: u64, p: f64) -> f64 {
    if k < 0 {
        0.0
    } else if k as u64 >= n {
        1.0
    } else {
        Beta::new(k as f64 + 1.0, n as f64 - k as f64).tails(p).upper
    }
}

/// P(X ≥ k) of a binomial distribution.
pub(super) fn binomial_at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        1.0
    } else if k > n {
        0.0
    } else {
        Beta::new(k as f64, (n - k) as f64 + 1.0).tails(p).lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::density::relative_error;

    #[test]
    fn closed_forms() {
        for x in [1e-9, 0.01, 0.3, 0.5, 0.9, 0.999_999] {
            // I_x(1, b) = 1 − (1−x)^b, I_x(a, 1) = x^a
            assert!(relative_error(Beta::new(1.0, 7.0).tails(x).lower, -(7.0 * (-x).ln_1p()).exp_m1()) < 1e-13, "{x}");
            assert!(relative_error(Beta::new(7.0, 1.0).tails(x).lower, x.powi(7)) < 1e-13, "{x}");
            // I_x(1/2, 1/2) = 2/π asin √x
            let arcsine = 2.0 / std::f64::consts::PI * x.sqrt().asin();
            assert!(relative_error(Beta::new(0.5, 0.5).tails(x).lower, arcsine) < 1e-13, "{x}");
        }
    }

    #[test]
    fn quantiles_invert_the_tails() {
        for (a, b) in [(0.5, 1.5), (1.0, 3.0), (3.0, 1.0), (11.0, 990.0), (9_990.5, 10.5), (1e3, 1e8), (5e7, 5e7)] {
            for share in [1e-6, 0.005, 0.05, 0.5, 0.975] {
                let beta = Beta::new(a, b);
                // The root has 52 bits: that leaves about √n·2⁻⁵² in the tail, and more where it is close to 1.
                let tolerance = |x: f64| 1e-11 + 1e-13 * (a + b).sqrt() + 1e-15 / (1.0 - x);
                let x = beta.lower_quantile(share);
                let tail = beta.tails(x).lower;
                assert!(relative_error(tail, share) < tolerance(x), "Beta({a}, {b}) lower {share}: {tail}");
                let x = beta.upper_quantile(share);
                let tail = beta.tails(x).upper;
                assert!(relative_error(tail, share) < tolerance(x), "Beta({a}, {b}) upper {share}: {tail}");
            }
        }
    }

    #[test]
    fn binomial_tails_by_hand() {
        let at_most = [1.0 / 8.0, 4.0 / 8.0, 7.0 / 8.0, 1.0];
        for (k, chance) in at_most.into_iter().enumerate() {
            assert!((binomial_at_most(k as i64, 3, 0.5) - chance).abs() < 1e-14);
            assert!((binomial_at_least(k as u64 + 1, 3, 0.5) - (1.0 - chance)).abs() < 1e-14);
        }
        assert_eq!(binomial_at_most(-1, 3, 0.5), 0.0);
        assert_eq!(binomial_at_least(0, 3, 0.5), 1.0);
    }
}
