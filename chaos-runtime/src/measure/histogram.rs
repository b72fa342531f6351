//! Latency histograms with two or three significant digits from 1 µs to one hour.
//!
//! The buckets are those of HdrHistogram, and a distribution is written in its interchange format. They are counted
//! here, because every operation is counted in five of them: that alone takes the library 18 to 22 ns (75 instructions
//! each), as long as all of a record takes now.

use crate::clock::{Nanos, micros};
use crate::report::journal::LatencySummary;
use base64::Engine as _;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

const LOWEST: Nanos = 1_000;
const HIGHEST: Nanos = 3_600_000_000_000;

/// Values are told apart in steps of 2⁹ ns at the finest, the largest power of two that is not above [`LOWEST`].
const UNIT: u32 = LOWEST.ilog2();

/// Three digits, 194 KB: for what claims are judged on.
pub(crate) type Fine = Latencies<10>;

/// Two digits, 27 KB: for series and for the driver's own lag.
pub(crate) type Coarse = Latencies<7>;

/// A latency distribution. Smallest, largest and sum are exact; quantiles have two or three digits.
///
/// `HALF`: half of the linear steps of a bucket, as a power of two. 2 · 10^digits of them are needed.
#[derive(Debug, Clone)]
pub(crate) struct Latencies<const HALF: u32> {
    counts: Box<[u64]>,
    sum: u128,
    min: Nanos,
    max: Nanos,
}

impl<const HALF: u32> Default for Latencies<HALF> {
    fn default() -> Self {
        Self { counts: vec![0; Self::index(HIGHEST) + 1].into_boxed_slice(), sum: 0, min: Nanos::MAX, max: 0 }
    }
}

impl<const HALF: u32> Latencies<HALF> {
    const DIGITS: u8 = (2_u64 << HALF).ilog10() as u8;

    /// Where a value is counted.
    #[inline]
    pub(super) fn index(value: Nanos) -> usize {
        let steps = value.min(HIGHEST) >> UNIT;
        let bucket = (steps | ((2 << HALF) - 1)).ilog2() - HALF;
        ((bucket << HALF) as u64 + (steps >> bucket)) as usize
    }

    /// The largest value that is counted there.
    pub(super) fn highest(index: usize) -> Nanos {
        let bucket = (index >> HALF).saturating_sub(1);
        (((index - (bucket << HALF)) as u64 + 1) << (bucket as u32 + UNIT)) - 1
    }

    /// Adds a latency.
    #[inline]
    pub(crate) fn record(&mut self, latency: Nanos) {
        self.counts[Self::index(latency)] += 1;
        self.sum += u128::from(latency);
        self.min = self.min.min(latency);
        self.max = self.max.max(latency);
    }

    /// Adds all of another.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Counted only when it is asked for.
    pub(crate) fn len(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn min(&self) -> Nanos {
        self.min
    }

    pub(crate) fn max(&self) -> Nanos {
        self.max
    }

    pub(crate) fn sum(&self) -> u128 {
        self.sum
    }

    /// The value of rank `rank` (1 = smallest); `None` where there are fewer values.
    pub(crate) fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank > 0 && rank == self.len() {
            return Some(self.max);
        }
        Some(Self::highest(rank_index(self.counted(), rank)?).clamp(self.min, self.max))
    }

    /// How many values are larger than `limit`, to the histogram's precision.
    pub(crate) fn count_above(&self, limit: Nanos) -> u64 {
        if limit >= self.max {
            return 0;
        }
        self.counts[Self::index(limit) + 1..].iter().sum()
    }

    /// Every index at which there is something, with its count.
    pub(super) fn counted(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    /// The distribution in a few numbers; `whole` adds the compressed histogram.
    pub(crate) fn summary(&self, whole: bool) -> LatencySummary {
        let count = self.len();
        if count == 0 {
            return LatencySummary::default();
        }
        let quantile = |q: f64| {
            let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
            rank_index(self.counted(), rank).map_or(0, |at| micros(Self::highest(at).clamp(self.min, self.max)))
        };
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
        let written =
            self.interchange().is_some_and(|whole| V2DeflateSerializer::new().serialize(&whole, &mut bytes).is_ok());
        // The numbers beside it still stand; a picture less is no reason to lose a journal.
        if written { base64::engine::general_purpose::STANDARD.encode(bytes) } else { String::new() }
    }

    /// The same as HdrHistogram has it.
    fn interchange(&self) -> Option<Histogram<u64>> {
        let mut histogram = Histogram::new_with_bounds(LOWEST, HIGHEST, Self::DIGITS).ok()?;
        for (index, count) in self.counted() {
            histogram.saturating_record_n(Self::highest(index), count);
        }
        Some(histogram)
    }
}

/// The index of the value of rank `rank` (1 = smallest).
pub(super) fn rank_index(counted: impl Iterator<Item = (usize, u64)>, rank: u64) -> Option<usize> {
    let mut seen = 0;
    let reached = |(index, count)| {
        seen += count;
        (seen >= rank).then_some(index)
    };
    if rank == 0 { None } else { counted.into_iter().find_map(reached) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_order_statistics() {
        let mut latencies = Fine::default();
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
        let mut latencies = Fine::default();
        [1_234_567, 7_654_321].into_iter().for_each(|v| latencies.record(v));
        let summary = latencies.summary(true);
        assert_eq!((summary.min_us, summary.max_us, summary.count), (1_234, 7_654, 2));
        assert!((summary.mean_us - 4_444.4).abs() < 0.1);
        assert!(!summary.hdr_v2.is_empty());
    }

    fn compare_with_hdrhistogram<const HALF: u32>(digits: u8) {
        let theirs = Histogram::<u64>::new_with_bounds(LOWEST, HIGHEST, digits).unwrap();
        let around = (0..=41).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + (1 << power) / 3]);
        for value in around.chain([0, LOWEST, 123_456_789, HIGHEST - 1, HIGHEST]).filter(|value| *value <= HIGHEST) {
            let highest = Latencies::<HALF>::highest(Latencies::<HALF>::index(value));
            assert_eq!(highest, theirs.highest_equivalent(value), "{value} with {digits} digits");
        }
        assert_eq!(Latencies::<HALF>::DIGITS, digits);
    }

    #[test]
    fn the_buckets_are_those_of_hdrhistogram() {
        compare_with_hdrhistogram::<7>(2);
        compare_with_hdrhistogram::<10>(3);
        assert_eq!(Fine::index(Nanos::MAX), Fine::index(HIGHEST), "what is longer counts as an hour");
    }

    #[test]
    fn what_is_interchanged_has_the_same_quantiles() {
        let mut latencies = Fine::default();
        let mut random = fastrand::Rng::with_seed(3);
        (0..10_000).for_each(|_| latencies.record(1 << random.u32(0..42)));
        let theirs = latencies.interchange().unwrap();
        assert_eq!(theirs.len(), 10_000);
        for rank in (1..10_000).step_by(7) {
            let quantile = (rank as f64 - 0.5) / 10_000.0;
            let expected = theirs.value_at_quantile(quantile).clamp(latencies.min, latencies.max);
            assert_eq!(latencies.at_rank(rank), Some(expected), "rank {rank}");
        }
    }

    #[test]
    fn counts_above_a_limit() {
        let mut latencies = Fine::default();
        (0..100).for_each(|i| latencies.record(if i < 98 { 10_000_000 } else { 500_000_000 }));
        assert_eq!(latencies.count_above(100_000_000), 2);
        assert_eq!(latencies.count_above(500_000_000), 0);
        assert_eq!(latencies.count_above(1_000_000), 100);
    }
}
