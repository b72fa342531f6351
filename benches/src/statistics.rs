//! Medians, quantiles and what lies around them.

/// The middle of some values and how far they reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = values[values.len() / 2];
        let median = if values.len() % 2 == 1 { upper } else { (values[values.len() / 2 - 1] + upper) / 2.0 };
        Some(Self { median, min, max })
    }
}

/// The smallest value that at least the share `q` of the sorted values does not exceed.
pub(crate) fn quantile(sorted: &[u64], q: f64) -> u64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or_default()
}

/// Standard deviation by mean: 0 for a metronome, 1 for independent arrivals.
pub(crate) fn variation(values: &[u64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<u64>() as f64 / n;
    let variance = values.iter().map(|value| (*value as f64 - mean).powi(2)).sum::<f64>() / n;
    variance.sqrt() / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([4.0, 1.0, 9.0]), Some(Spread { median: 4.0, min: 1.0, max: 9.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 9.0, 5.0]).unwrap().median, 4.5);
    }

    #[test]
    fn quantiles_are_values_that_were_there() {
        let values: Vec<u64> = (1..=1_000).collect();
        assert_eq!([0.5, 0.99, 0.999, 1.0].map(|q| quantile(&values, q)), [500, 990, 999, 1_000]);
        assert_eq!((quantile(&[7], 0.01), quantile(&[], 0.5)), (7, 0));
    }

    #[test]
    fn a_metronome_does_not_vary() {
        assert_eq!(variation(&[100; 50]), 0.0);
        assert!((variation(&[0, 200]) - 1.0).abs() < 1e-12);
    }
}
