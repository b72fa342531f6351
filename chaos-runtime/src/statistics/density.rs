//! The binomial density, without the cancellation that logarithms of factorials bring.
//!
//! Loader, "Fast and accurate computation of binomial probabilities" (2000): the density is split into the
//! error of Stirling's formula and the deviance, each computed to full precision. `ln Γ` of 10⁸ is about 1.7·10⁹, so
//! the difference of three of them would keep only seven digits.

/// ln √(2π)
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_7;

/// From here on five terms of Stirling's series leave an error below 10⁻¹⁵.
const STIRLING_FROM: f64 = 16.0;

/// ln of `C(n, k) p^k q^(n−k)` for real `0 ≤ k ≤ n`, where `q = 1 − p` is given so that neither loses digits.
pub(super) fn ln_binomial(k: f64, n: f64, p: f64, q: f64) -> f64 {
    debug_assert!((0.0..=n).contains(&k), "{k} of {n}");
    if p <= 0.0 {
        return if k == 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if q <= 0.0 {
        return if k == n { 0.0 } else { f64::NEG_INFINITY };
    }
    if k == 0.0 {
        return n * ln_complement(p, q);
    }
    if k == n {
        return n * ln_complement(q, p);
    }
    let rest = n - k;
    let stirling = stirling_error(n) - stirling_error(k) - stirling_error(rest);
    // k − np, which is also nq − (n − k): taken on the rarer side, where the product has the smaller error.
    let excess = if p < q { k - n * p } else { n * q - rest };
    let deviance = deviance(k, n * p, excess) + deviance(rest, n * q, -excess);
    stirling - deviance - LN_SQRT_2PI - 0.5 * (k.ln() + (rest / n).ln())
}

/// ln(1 − p), where `q` is 1 − p.
pub(super) fn ln_complement(p: f64, q: f64) -> f64 {
    if p < 0.5 { (-p).ln_1p() } else { q.ln() }
}

/// `x ln(x / mean) + mean − x`, Loader's `bd0`, where `difference` is x − mean.
fn deviance(x: f64, mean: f64, difference: f64) -> f64 {
    if difference.abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() - difference;
    }
    let v = difference / (x + mean);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for j in 1..1_000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln Γ(x + 1) − (x + ½) ln x + x − ln √(2π)`, the relative error of Stirling's formula, for `x > 0`.
fn stirling_error(x: f64) -> f64 {
    if x >= STIRLING_FROM {
        return stirling_series(x);
    }
    // Γ(x + 1) = Γ(y + 1) / ((x + 1)(x + 2)…y), with y large enough for the series.
    let mut y = x;
    let mut product = 1.0;
    while y < STIRLING_FROM {
        y += 1.0;
        product *= y;
    }
    let ln_gamma = (y + 0.5) * y.ln() - y + LN_SQRT_2PI + stirling_series(y) - product.ln();
    ln_gamma - ((x + 0.5) * x.ln() - x + LN_SQRT_2PI)
}

/// `1/12x − 1/360x³ + 1/1260x⁵ − 1/1680x⁷ + 1/1188x⁹`; Abramowitz and Stegun 6.1.41. What is left out is smaller
/// than the next term, 691/360360x¹¹: below 2·10⁻¹⁶ from 16 on.
fn stirling_series(x: f64) -> f64 {
    let s = 1.0 / (x * x);
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)))) / x
}

/// The larger error of a test's two values, relative to the second.
#[cfg(test)]
pub(super) fn relative_error(value: f64, reference: f64) -> f64 {
    (value - reference).abs() / reference.abs().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{LN_2, PI};

    #[test]
    fn a_fair_coin_by_hand() {
        for (k, chance) in [(0.0, 1.0), (1.0, 4.0), (2.0, 6.0), (3.0, 4.0), (4.0, 1.0)] {
            let density = ln_binomial(k, 4.0, 0.5, 0.5).exp();
            assert!(relative_error(density, chance / 16.0) < 1e-14, "{k}: {density}");
        }
        assert!((LN_SQRT_2PI - 0.5 * (LN_2 + PI.ln())).abs() < 1e-15);
    }

    #[test]
    fn densities_sum_to_one() {
        for (n, p) in [(1_u32, 0.3), (37, 0.01), (1_000, 0.5), (20_000, 0.999)] {
            let sum: f64 = (0..=n).map(|k| ln_binomial(f64::from(k), f64::from(n), p, 1.0 - p).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-12, "n = {n}, p = {p}: {sum}");
        }
    }

    #[test]
    fn certain_and_impossible_shares() {
        assert_eq!(ln_binomial(0.0, 5.0, 0.0, 1.0), 0.0);
        assert_eq!(ln_binomial(1.0, 5.0, 0.0, 1.0), f64::NEG_INFINITY);
        assert_eq!(ln_binomial(5.0, 5.0, 1.0, 0.0), 0.0);
        assert_eq!(ln_binomial(4.0, 5.0, 1.0, 0.0), f64::NEG_INFINITY);
    }
}
