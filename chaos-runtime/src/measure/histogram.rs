//! Latency histograms with three significant digits from 1 µs to one hour.

use crate::clock::{Nanos, micros};
use crate::report::journal::LatencySummary;
use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

const LOWEST: Nanos = 1_000;
const HIGHEST: Nanos = 3_600_000_000_000;

/// A latency distribution. Smallest, largest and sum are exact; quantiles have three digits.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    histogram: Histogram<u64>,
    sum: u128,
    min: Nanos,
    max: Nanos,
}

impl Latencies {
    /// Three digits: for what claims are judged on.
    pub(crate) fn fine() -> Self {
        Self::with_digits(3)
    }

    /// Two digits: for series and for the driver's own lag.
    pub(crate) fn coarse() -> Self {
        Self::with_digits(2)
    }

    fn with_digits(digits: u8) -> Self {
        let histogram = Histogram::new_with_bounds(LOWEST, HIGHEST, digits);
        // The bounds are constants that hdrhistogram accepts, and every test makes one.
        let histogram = histogram.expect("constant bounds are valid");
        Self { histogram, sum: 0, min: Nanos::MAX, max: 0 }
    }

    /// Adds a latency.
    pub(crate) fn record(&mut self, latency: Nanos) {
        self.histogram.saturating_record(latency);
        self.sum += u128::from(latency);
        self.min = self.min.min(latency);
        self.max = self.max.max(latency);
    }

    /// Adds all of another.
    pub(crate) fn add(&mut self, other: &Self) {
        // Same bounds and digits everywhere a merge happens, so there is nothing that could not be added.
        let added = self.histogram.add(&other.histogram);
        debug_assert!(added.is_ok(), "histograms of one kind have the same bounds");
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    pub(crate) fn len(&self) -> u64 {
        self.histogram.len()
    }

    pub(crate) fn max(&self) -> Nanos {
        self.max
    }

    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    /// The value of rank `rank` (1 = smallest); `None` where there are fewer values.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == 0 || rank > self.len() {
            return None;
        }
        if rank == self.len() {
            return Some(self.max);
        }
        let quantile = (rank as f64 - 0.5) / self.len() as f64;
        Some(self.histogram.value_at_quantile(quantile).clamp(self.min, self.max))
    }

    /// How many values are larger than `limit`, to the histogram's precision.
    pub(crate) fn count_above(&self, limit: Nanos) -> u64 {
        if limit >= self.max {
            return 0;
        }
        let limit = limit.min(HIGHEST);
        self.len() - self.histogram.count_between(0, limit)
    }

    /// The distribution in a few numbers; `whole` adds the compressed histogram.
    pub(crate) fn summary(&self, whole: bool) -> LatencySummary {
        let count = self.len();
        if count == 0 {
            return LatencySummary::default();
        }
        let quantile = |q| micros(self.histogram.value_at_quantile(q).clamp(self.min, self.max));
        let mean_us = (self.sum as f64 / count as f64 / 100.0).round() / 10.0;
        LatencySummary {
            count,
            mean_us,
            min_us: micros(self.min),
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p95_us: quantile(0.95),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: micros(self.max),
            hdr_v2: if whole { self.encode() } else { String::new() },
        }
    }

    fn encode(&self) -> String {
        let mut bytes = Vec::new();
        match V2DeflateSerializer::new().serialize(&self.histogram, &mut bytes) {
            Ok(_) => base64::engine::general_purpose::STANDARD.encode(bytes),
            // The numbers beside it still stand; a picture less is no reason to lose a journal.
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_order_statistics() {
        let mut latencies = Latencies::fine();
        (1..=1000u64).for_each(|ms| latencies.record(ms * 1_000_000));
        let close = |rank: u64, ms: f64| {
            let got = latencies.at_rank(rank).unwrap() as f64 / 1e6;
            assert!((got - ms).abs() <= ms * 0.001 + 1e-6, "rank {rank}: {got} ms instead of {ms} ms");
        };
        close(1, 1.0);
        close(500, 500.0);
        close(990, 990.0);
        close(1000, 1000.0);
        assert_eq!(latencies.at_rank(0), None);
        assert_eq!(latencies.at_rank(1001), None);
    }

    #[test]
    fn extremes_and_mean_are_exact() {
        let mut latencies = Latencies::fine();
        [1_234_567, 7_654_321].into_iter().for_each(|v| latencies.record(v));
        let summary = latencies.summary(true);
        assert_eq!((summary.min_us, summary.max_us, summary.count), (1_234, 7_654, 2));
        assert!((summary.mean_us - 4_444.4).abs() < 0.1);
        assert!(!summary.hdr_v2.is_empty());
    }

    #[test]
    fn counts_above_a_limit() {
        let mut latencies = Latencies::fine();
        (0..100).for_each(|i| latencies.record(if i < 98 { 10_000_000 } else { 500_000_000 }));
        assert_eq!(latencies.count_above(100_000_000), 2);
        assert_eq!(latencies.count_above(500_000_000), 0);
        assert_eq!(latencies.count_above(1_000_000), 100);
    }
}
