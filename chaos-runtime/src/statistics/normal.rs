//! The standard normal distribution.

use std::f64::consts::{PI, SQRT_2};

/// P(Z > z).
pub(super) fn above(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// The z with `P(Z ≤ z) = share`.
///
/// Starts from Abramowitz and Stegun 26.2.23 (error below 4.5·10⁻⁴) and refines with Halley's method.
pub(crate) fn quantile(share: f64) -> f64 {
    debug_assert!(share > 0.0 && share < 1.0, "quantile at {share}");
    if share > 0.5 {
        return -quantile(1.0 - share);
    }
    let t = (-2.0 * share.ln()).sqrt();
    let mut z =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    for _ in 0..3 {
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        let step = (above(z) - share) / density;
        z += step / (1.0 - 0.5 * z * step);
    }
    -z
}

/// The complementary error function: the series DLMF 7.6.2 near zero, the continued fraction DLMF 7.9.3 in the tail.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    let scale = (-x * x).exp() / PI.sqrt();
    if x < 2.0 {
        let mut term = x;
        let mut sum = x;
        let mut n = 0.5;
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x * x / n;
            sum += term;
        }
        1.0 - 2.0 * scale * sum
    } else {
        let mut fraction = x;
        for k in (1..=120).rev() {
            fraction = x + f64::from(k) * 0.5 / fraction;
        }
        scale / fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::density::relative_error;

    #[test]
    fn quantiles_of_the_tables() {
        for (share, z) in [
            (0.5, 0.0),
            (0.95, 1.644_853_626_951_472_7),
            (0.975, 1.959_963_984_540_054),
            (0.995, 2.575_829_303_548_900_4),
            (0.000_001, -4.753_424_308_822_899),
        ] {
            assert!((quantile(share) - z).abs() < 1e-12, "{share}: {}", quantile(share));
        }
    }

    #[test]
    fn tails_of_the_tables() {
        for (z, tail) in [
            (0.0, 0.5),
            (1.0, 0.158_655_253_931_457_05),
            (-1.0, 0.841_344_746_068_542_9),
            (3.0, 1.349_898_031_630_094_6e-3),
            (6.0, 9.865_876_450_376_98e-10),
        ] {
            assert!(relative_error(above(z), tail) < 1e-12, "{z}: {}", above(z));
        }
    }
}
