//! Two samples of a value: is one shifted, and by how much.

use super::normal;
use super::proportion::{Interval, one_sided};

/// Up to this many observations together every count of arrangements fits a `u64`: C(50, 25) = 1.3·10¹⁴.
const EXACT_UP_TO: usize = 50;

/// The test of Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than the
/// other" (Annals of Mathematical Statistics 1947).
#[derive(Debug, Clone, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the first sample's value is the larger one; a tie counts half.
    pub u: f64,
    n1: usize,
    n2: usize,
    /// Sum of t³ − t over all groups of t equal values.
    ties: f64,
}

/// The direction of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// The first sample's values are larger.
    Greater,
    /// The samples differ.
    TwoSided,
}

impl MannWhitney {
    /// Ranks the two samples. O((n + m) log(n + m)). `None` if one is empty.
    pub fn of(first: &[f64], second: &[f64]) -> Option<Self> {
        if first.is_empty() || second.is_empty() {
            return None;
        }
        let mut all: Vec<(f64, bool)> =
            first.iter().map(|&x| (x, true)).chain(second.iter().map(|&x| (x, false))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut rank_sum, mut ties, mut start) = (0.0, 0.0, 0);
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            let size = group.len();
            let mean_rank = start as f64 + 0.5 * (size as f64 + 1.0);
            rank_sum += mean_rank * group.iter().filter(|(_, of_first)| *of_first).count() as f64;
            ties += (size as f64).powi(3) - size as f64;
            start += size;
        }
        let n1 = first.len() as f64;
        Some(Self { u: rank_sum - 0.5 * n1 * (n1 + 1.0), n1: first.len(), n2: second.len(), ties })
    }

    /// The p-value: exact for at most 50 observations without ties, else asymptotic.
    pub fn p_value(&self, alternative: Alternative) -> f64 {
        self.exact_p_value(alternative).unwrap_or_else(|| self.asymptotic_p_value(alternative))
    }

    /// The p-value by counting all arrangements; `None` with ties or more than 50 observations.
    pub fn exact_p_value(&self, alternative: Alternative) -> Option<f64> {
        if self.ties > 0.0 || self.n1 + self.n2 > EXACT_UP_TO {
            return None;
        }
        let pairs = self.n1 * self.n2;
        let at_least = |u: usize| {
            // The distribution is symmetric: as many arrangements have at least u as have at most pairs − u.
            pairs.checked_sub(u).map_or(0.0, |mirrored| cumulative(self.n1, self.n2)[mirrored])
        };
        let u = self.u as usize;
        Some(match alternative {
            Alternative::Greater => at_least(u),
            Alternative::TwoSided => (2.0 * at_least(u.max(pairs - u))).min(1.0),
        })
    }

    /// The p-value of the normal approximation, with continuity correction and the variance corrected for ties.
    pub fn asymptotic_p_value(&self, alternative: Alternative) -> f64 {
        let (n1, n2) = (self.n1 as f64, self.n2 as f64);
        let n = n1 + n2;
        let variance = n1 * n2 / 12.0 * (n + 1.0 - self.ties / (n * (n - 1.0)));
        if variance <= 0.0 {
            return 1.0;
        }
        let distance = self.u - 0.5 * n1 * n2;
        match alternative {
            Alternative::Greater => normal::above((distance - 0.5) / variance.sqrt()),
            Alternative::TwoSided => (2.0 * normal::above((distance.abs() - 0.5) / variance.sqrt())).min(1.0),
        }
    }
}

/// The estimate of a shift by Hodges and Lehmann, "Estimates of location based on rank tests" (Annals of Mathematical
/// Statistics 1963).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of all pairwise differences `first − second`.
    pub estimate: f64,
    /// The interval between the `rank`-th smallest and largest difference; `None` when the samples are too small.
    pub interval: Option<Interval>,
    /// That rank, 1-based; 0 when there is none.
    pub rank: usize,
}

impl Shift {
    /// How far `first` lies above `second`, with the interval of Moses (Hollander and Wolfe, "Nonparametric Statistical
    /// Methods", 4.3): exact for at most 50 observations, else by the normal approximation. O(n·m) time and space, so
    /// meant for samples of up to a few thousand. `None` if one is empty.
    pub fn of(first: &[f64], second: &[f64], confidence: f64) -> Option<Self> {
        if first.is_empty() || second.is_empty() {
            return None;
        }
        let mut differences: Vec<f64> = first.iter().flat_map(|x| second.iter().map(move |y| x - y)).collect();
        differences.sort_by(f64::total_cmp);
        let count = differences.len();
        let estimate = 0.5 * (differences[(count - 1) / 2] + differences[count / 2]);
        let rank = interval_rank(first.len(), second.len(), confidence);
        let interval = (rank > 0).then(|| Interval { lower: differences[rank - 1], upper: differences[count - rank] });
        Some(Self { estimate, interval, rank })
    }
}

/// The largest C with P(U ≤ C − 1) ≤ α/2.
fn interval_rank(n1: usize, n2: usize, confidence: f64) -> usize {
    let each = 1.0 - one_sided(confidence);
    if n1 + n2 <= EXACT_UP_TO {
        return cumulative(n1, n2).iter().take_while(|&&chance| chance <= each).count();
    }
    let (n1, n2) = (n1 as f64, n2 as f64);
    let half_width = -normal::quantile(each) * (n1 * n2 * (n1 + n2 + 1.0) / 12.0).sqrt();
    (0.5 * n1 * n2 - half_width).floor().max(0.0) as usize
}

/// P(U ≤ u) for every u, from the coefficients of the Gaussian binomial `∏ (1 − x^(n2+i)) / (1 − x^i)`, i = 1…n1.
fn cumulative(n1: usize, n2: usize) -> Vec<f64> {
    let pairs = n1 * n2;
    let mut counts = vec![0_i64; pairs + 1];
    counts[0] = 1;
    for i in 1..=n1 {
        for u in (n2 + i..=pairs).rev() {
            counts[u] -= counts[u - n2 - i];
        }
        for u in i..=pairs {
            counts[u] += counts[u - i];
        }
    }
    let all: i64 = counts.iter().sum();
    let mut sum = 0;
    let mut shares = Vec::with_capacity(counts.len());
    for count in counts {
        sum += count;
        shares.push(sum as f64 / all as f64);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrangements_by_hand() {
        // n = m = 2: six arrangements, U = 0, 1, 2, 2, 3, 4.
        let expected = [1.0, 2.0, 4.0, 5.0, 6.0].map(|count| count / 6.0);
        assert_eq!(cumulative(2, 2), expected);
        assert_eq!(cumulative(25, 25).len(), 626);
        assert!((cumulative(25, 25)[625] - 1.0).abs() < 1e-15);
    }

    #[test]
    fn exact_and_asymptotic_agree_on_larger_samples() {
        let first: Vec<f64> = (0..25).map(|i| f64::from(i) + 4.3).collect();
        let second: Vec<f64> = (0..25).map(f64::from).collect();
        let test = MannWhitney::of(&first, &second).unwrap();
        for alternative in [Alternative::Greater, Alternative::TwoSided] {
            let (exact, near) = (test.exact_p_value(alternative).unwrap(), test.asymptotic_p_value(alternative));
            assert!((exact - near).abs() < 0.002, "{exact} {near}");
        }
    }

    #[test]
    fn ties_are_no_evidence() {
        let same = MannWhitney::of(&[1.0, 1.0, 1.0], &[1.0, 1.0]).unwrap();
        assert_eq!(same.u, 3.0);
        assert_eq!(same.exact_p_value(Alternative::Greater), None);
        assert_eq!(same.p_value(Alternative::TwoSided), 1.0);
    }

    #[test]
    fn a_shift_lies_in_its_interval_whose_rank_joins_the_approximation() {
        let first: Vec<f64> = (0..30).map(|i| f64::from(i * i) * 0.1 + 2.0).collect();
        let second: Vec<f64> = (0..30).map(|i| f64::from(i * i) * 0.1).collect();
        let shift = Shift::of(&first, &second, 0.95).unwrap();
        assert!(shift.interval.unwrap().contains(2.0), "{shift:?}");
        assert!(shift.interval.unwrap().contains(shift.estimate), "{shift:?}");
        let (exact, near) = (interval_rank(25, 25, 0.95), interval_rank(25, 26, 0.95));
        assert!(near >= exact && near - exact < 15, "{exact} {near}");
        assert_eq!(Shift::of(&[1.0, 2.0], &[0.0], 0.95).unwrap().interval, None);
        assert_eq!(Shift::of(&[], &[0.0], 0.95), None);
    }
}
