//! Quantiles of a sample: intervals between order statistics, and the Harrell–Davis estimate.

use super::beta::{Beta, binomial_at_least, binomial_at_most};
use super::proportion::one_sided;

/// A quantile of `n` ranked observations: which of them bound the true one.
///
/// Free of any assumption about the distribution: the number of observations below the true q-quantile is binomial
/// (n, q). David and Nagaraja, "Order Statistics" (3rd ed.), 7.1. The ranks are 1-based; `None` where even the largest
/// (or smallest) observation is no bound at this n.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedQuantile {
    n: u64,
    q: f64,
}

/// The ranks of a two-sided interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankInterval {
    /// Rank of the observation that bounds the quantile from below.
    pub lower: Option<u64>,
    /// Rank of the observation that bounds the quantile from above.
    pub upper: Option<u64>,
}

impl RankedQuantile {
    /// The quantile `q` (0.99 for p99) of `n` observations.
    pub fn new(n: u64, q: f64) -> Self {
        debug_assert!(q > 0.0 && q < 1.0, "a quantile lies between 0 and 1, not {q}");
        Self { n, q }
    }

    /// The smallest rank whose observation is at least the true quantile with `confidence`.
    pub fn upper_rank(self, confidence: f64) -> Option<u64> {
        let enough = |rank: u64| binomial_at_most(rank as i64 - 1, self.n, self.q) >= confidence;
        // P(X ≤ n − 1) is the most that a rank of the sample can reach.
        (self.n > 0 && enough(self.n)).then(|| first(1, self.n, enough))
    }

    /// The largest rank whose observation is at most the true quantile with `confidence`.
    pub fn lower_rank(self, confidence: f64) -> Option<u64> {
        let too_much = |rank: u64| binomial_at_least(rank, self.n, self.q) < confidence;
        let rank = first(1, self.n + 1, too_much) - 1;
        (rank > 0).then_some(rank)
    }

    /// The ranks of a two-sided interval: each bound at half of α.
    pub fn ranks(self, confidence: f64) -> RankInterval {
        let each = one_sided(confidence);
        RankInterval { lower: self.lower_rank(each), upper: self.upper_rank(each) }
    }

    /// The true coverage of an interval between two ranks: `P(lower ≤ X < upper)`. `None` if an end is missing.
    pub fn coverage(self, ranks: RankInterval) -> Option<f64> {
        let below = binomial_at_most(ranks.lower? as i64 - 1, self.n, self.q);
        let above = binomial_at_least(ranks.upper?, self.n, self.q);
        Some(1.0 - below - above)
    }
}

/// The first rank in `low..=high` for which `found` is true, where it stays true; `high` if only there.
fn first(mut low: u64, mut high: u64, found: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if found(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The quantile estimate of Harrell and Davis, "A new distribution-free quantile estimator" (Biometrika 1982): a
/// weighted mean of all observations, the weights being differences of I(i/n; (n+1)q, (n+1)(1−q)). Smoother than a single
/// order statistic. `None` for an empty sample.
pub fn harrell_davis(sample: &[f64], q: f64) -> Option<f64> {
    if sample.is_empty() {
        return None;
    }
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let beta = Beta::new((n + 1.0) * q, (n + 1.0) * (1.0 - q));
    let mut before = 0.0;
    let mut estimate = 0.0;
    for (i, value) in sorted.iter().enumerate() {
        let until = beta.tails((i as f64 + 1.0) / n).lower;
        estimate += (until - before) * value;
        before = until;
    }
    Some(estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Proportion, Support};

    #[test]
    fn the_rank_interval_says_the_same_as_the_proportion() {
        // "The upper rank's observation is below the limit" is "so few violations that the share is supported".
        for n in [298_u64, 299, 1_000, 4_321] {
            let rank = RankedQuantile::new(n, 0.99).upper_rank(0.95);
            let most = (0..=n).take_while(|&k| Proportion::new(k, n).support(0.01, 0.95) == Support::Supported).last();
            assert_eq!(rank.map(|rank| n - rank), most, "n = {n}");
        }
    }

    #[test]
    fn no_bounds_in_small_samples() {
        assert_eq!(RankedQuantile::new(0, 0.5).ranks(0.95), RankInterval { lower: None, upper: None });
        assert_eq!(RankedQuantile::new(4, 0.5).ranks(0.95), RankInterval { lower: None, upper: None });
        assert_eq!(RankedQuantile::new(4, 0.5).upper_rank(0.9), Some(4));
        assert_eq!(RankedQuantile::new(4, 0.5).coverage(RankInterval { lower: None, upper: Some(4) }), None);
    }

    #[test]
    fn the_median_of_a_symmetric_sample_is_its_centre() {
        let estimate = harrell_davis(&[3.0, 1.0, 2.0, 5.0, 4.0], 0.5).unwrap();
        assert!((estimate - 3.0).abs() < 1e-12, "{estimate}");
        assert_eq!(harrell_davis(&[], 0.5), None);
        assert_eq!(harrell_davis(&[7.0], 0.9), Some(7.0));
    }
}
