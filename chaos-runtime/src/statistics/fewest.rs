//! How many samples a claim needs before it can be decided.

use super::proportion::{Proportion, Support};

/// The fewest operations, none of them in violation, that support a permitted share of `permitted` at `confidence`:
/// `⌈ln α / ln(1 − r)⌉` with α = 1 − confidence. At 95 %: 29 for p90, 59 for p95, 299 for p99, 2,995 for p99.9.
///
/// It is the n at which the one-sided Clopper–Pearson bound of 0 among n falls to `permitted`. `None` for a permitted
/// share of 0, which no sample can support. Both arguments are fractions below 1.
pub fn fewest_samples(permitted: f64, confidence: f64) -> Option<u64> {
    if permitted <= 0.0 {
        return None;
    }
    if permitted >= 1.0 {
        return Some(0);
    }
    let exact = (1.0 - confidence).ln() / (-permitted).ln_1p();
    Some(exact.ceil() as u64)
}

/// How many more operations would decide a claim if the share of violations stayed as it was measured; 0 when it is
/// decided. `None` when no number below 10⁹ does, because the measured share is the permitted one, or nearly so.
pub fn more_samples(measured: Proportion, permitted: f64, confidence: f64) -> Option<u64> {
    const MOST: f64 = 1e9;
    let decided = |times: f64| measured.scaled(times).support(permitted, confidence) != Support::Inconclusive;
    if measured.operations() == 0.0 {
        return fewest_samples(permitted, confidence);
    }
    if decided(1.0) {
        return Some(0);
    }
    let (mut low, mut high) = (1.0, 2.0);
    while !decided(high) {
        low = high;
        high *= 2.0;
        if high * measured.operations() > MOST {
            return None;
        }
    }
    while (high - low) * measured.operations() > 1.0 {
        let middle = 0.5 * (low + high);
        if decided(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(((high - 1.0) * measured.operations()).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_quantiles_at_95_percent() {
        for (permitted, fewest) in [(0.1, 29), (0.05, 59), (0.01, 299), (0.001, 2_995)] {
            assert_eq!(fewest_samples(permitted, 0.95), Some(fewest));
            assert_eq!(Proportion::new(0, fewest).support(permitted, 0.95), Support::Supported);
            assert_eq!(Proportion::new(0, fewest - 1).support(permitted, 0.95), Support::Inconclusive);
        }
        assert_eq!(fewest_samples(0.0, 0.95), None);
    }

    #[test]
    fn more_samples_are_just_enough() {
        let measured = Proportion::new(5, 1_000);
        let more = more_samples(measured, 0.01, 0.95).unwrap();
        assert!(more > 0);
        let n = 1_000 + more;
        let as_measured = |n: f64| measured.scaled(n / 1_000.0).support(0.01, 0.95);
        assert_eq!(as_measured(n as f64), Support::Supported);
        assert_eq!(as_measured(n as f64 - 3.0), Support::Inconclusive);
        assert_eq!(more_samples(Proportion::new(0, 400), 0.01, 0.95), Some(0));
        assert_eq!(more_samples(Proportion::new(0, 100), 0.01, 0.95), Some(199));
        assert_eq!(more_samples(Proportion::new(0, 0), 0.01, 0.95), Some(299));
        assert_eq!(more_samples(Proportion::new(10, 1_000), 0.01, 0.95), None);
    }
}
