//! Exact bounds of a binomial count.

use std::ops::RangeInclusive;

/// The counts among `n` trials of probability `p` that are within the two-sided bounds at this confidence: below and
/// above lies at most half of what is left each, by the sum of the probabilities themselves.
pub fn bounds(n: u64, p: f64, confidence: f64) -> RangeInclusive<u64> {
    let tail = (1.0 - confidence) / 2.0;
    let probabilities = probabilities(n, p);
    let within = |probabilities: &mut dyn Iterator<Item = &f64>| {
        let mut sum = 0.0;
        probabilities
            .take_while(|p| {
                sum += **p;
                sum <= tail
            })
            .count() as u64
    };
    let below = within(&mut probabilities.iter());
    let above = within(&mut probabilities.iter().rev());
    below..=n - above
}

/// Of 0, 1, … `n`, each from the one before it; as logarithms, because the first is as small as 0.9¹⁰⁰⁰⁰.
fn probabilities(n: u64, p: f64) -> Vec<f64> {
    let odds = (p / (1.0 - p)).ln();
    let mut log = n as f64 * (1.0 - p).ln();
    let mut all = Vec::with_capacity(n as usize + 1);
    for k in 0..=n {
        all.push(log.exp());
        log += ((n - k) as f64 / (k + 1) as f64).ln() + odds;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probabilities_are_those_of_a_fair_coin() {
        let all = probabilities(4, 0.5);
        for (p, sixteenths) in all.iter().zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
            assert!((p - sixteenths / 16.0).abs() < 1e-12, "{all:?}");
        }
        assert!((probabilities(10_000, 0.1).iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_more_than_half_of_what_is_left_lies_beyond_each_bound() {
        // Ten tosses: none or all of them has a probability of 1 in 1,024, one or nine of 10 in 1,024.
        assert_eq!(bounds(10, 0.5, 0.99), 1..=9);
        assert_eq!(bounds(10, 0.5, 0.97), 2..=8);
        // Normal approximation: 1,000 ± 3.29 · 30.
        let wide = bounds(10_000, 0.1, 0.999);
        assert!((899..=905).contains(wide.start()) && (1_097..=1_103).contains(wide.end()), "{wide:?}");
    }
}
