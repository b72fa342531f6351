//! The distribution of every bin, in memory that does not grow with what the bins hold.

use super::histogram::rank_index;
use super::{Coarse, Series};
use crate::clock::Nanos;
use std::collections::VecDeque;

/// Bins that are counted in full. Older ones are kept as the few counts that are not zero while operations of theirs
/// are still to end, and as their summary from then on.
const FULL: usize = 4;

/// A bin's distribution in a few numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BinSummary {
    pub(crate) p50: Nanos,
    pub(crate) p99: Nanos,
    pub(crate) max: Nanos,
}

#[derive(Debug, Clone)]
enum Bin {
    Empty,
    Full(Box<Coarse>),
    Sparse(Box<Sparse>),
    Settled(BinSummary),
}

/// Per-bin distributions from the experiment's start on, two digits, for the picture.
#[derive(Debug, Clone)]
pub(crate) struct Bins {
    width: Nanos,
    bins: Vec<Bin>,
    /// The bins that are neither empty nor settled, in the order in which they got their first operation.
    open: VecDeque<usize>,
    /// The start of the bin last recorded in, and its index: as a rule the next one belongs there too.
    recent: (Nanos, usize),
}

impl Bins {
    pub(crate) fn new(width: Nanos) -> Self {
        Self { width: width.max(1), bins: Vec::new(), open: VecDeque::new(), recent: (0, 0) }
    }

    /// Adds the latency of an operation that was due at `due`. `series` knows what is still to end.
    #[inline]
    pub(crate) fn record(&mut self, due: Nanos, latency: Nanos, series: &Series) {
        let (start, mut index) = self.recent;
        if due.wrapping_sub(start) >= self.width {
            index = usize::try_from(due / self.width).unwrap_or(usize::MAX);
            self.recent = (index as u64 * self.width, index);
        }
        match self.bins.get_mut(index) {
            Some(Bin::Full(bin)) => bin.record(latency),
            _ => self.record_rarely(index, latency, series),
        }
    }

    /// The first operation of a bin, or a late one of an old bin.
    #[cold]
    fn record_rarely(&mut self, index: usize, latency: Nanos, series: &Series) {
        if index >= self.bins.len() {
            self.bins.resize(index + 1, Bin::Empty);
        }
        match &mut self.bins[index] {
            Bin::Full(bin) => bin.record(latency),
            Bin::Sparse(bin) => bin.record(latency),
            // Nothing was still to end when it was settled.
            Bin::Settled(bin) => bin.max = bin.max.max(latency),
            empty @ Bin::Empty => {
                let mut bin = Box::new(Coarse::default());
                bin.record(latency);
                *empty = Bin::Full(bin);
                self.open.push_back(index);
                self.settle(series);
            }
        }
    }

    /// Makes all but the newest open bins small.
    fn settle(&mut self, series: &Series) {
        let old = self.open.len().saturating_sub(FULL);
        let (width, bins) = (self.width, &mut self.bins);
        let mut kept = 0;
        for place in 0..self.open.len() {
            let index = self.open[place];
            let start = index as u64 * width;
            let is_settled = place < old && !series.is_pending(start, start + width);
            if is_settled {
                bins[index] = Bin::Settled(bins[index].summary().unwrap_or_default());
            } else {
                if place < old
                    && let Bin::Full(full) = &bins[index]
                {
                    bins[index] = Bin::Sparse(Box::new(Sparse::of(full)));
                }
                self.open[kept] = index;
                kept += 1;
            }
        }
        self.open.truncate(kept);
    }

    /// All bins up to the last one that has an operation; `None` for those that have none.
    pub(crate) fn summaries(&self) -> impl DoubleEndedIterator<Item = Option<BinSummary>> + ExactSizeIterator {
        self.bins.iter().map(Bin::summary)
    }

    /// P99 of the last bin that has operations.
    pub(crate) fn last_p99(&self) -> Option<Nanos> {
        self.summaries().rev().flatten().next().map(|bin| bin.p99)
    }
}

impl Bin {
    fn summary(&self) -> Option<BinSummary> {
        let ranks = |len: u64| [50, 99].map(|share| (len * share).div_ceil(100));
        let (quantiles, max) = match self {
            Self::Empty => return None,
            Self::Settled(summary) => return Some(*summary),
            Self::Full(bin) => (ranks(bin.len()).map(|rank| bin.at_rank(rank)), bin.max()),
            Self::Sparse(bin) => (ranks(bin.len).map(|rank| bin.at_rank(rank)), bin.max),
        };
        let [p50, p99] = quantiles.map(Option::unwrap_or_default);
        Some(BinSummary { p50, p99, max })
    }
}

/// [`Coarse`] without the counts that are zero.
#[derive(Debug, Clone)]
struct Sparse {
    counts: Vec<(u16, u32)>,
    len: u64,
    min: Nanos,
    max: Nanos,
}

impl Sparse {
    fn of(full: &Coarse) -> Self {
        let small = |(index, count)| (index as u16, u32::try_from(count).unwrap_or(u32::MAX));
        Self { counts: full.counted().map(small).collect(), len: full.len(), min: full.min(), max: full.max() }
    }

    fn record(&mut self, latency: Nanos) {
        let index = Coarse::index(latency) as u16;
        match self.counts.binary_search_by_key(&index, |(index, _)| *index) {
            Ok(place) => self.counts[place].1 = self.counts[place].1.saturating_add(1),
            Err(place) => self.counts.insert(place, (index, 1)),
        }
        self.len += 1;
        self.min = self.min.min(latency);
        self.max = self.max.max(latency);
    }

    fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == self.len {
            return Some(self.max);
        }
        let counted = self.counts.iter().map(|(index, count)| (usize::from(*index), u64::from(*count)));
        Some(Coarse::highest(rank_index(counted, rank)?).clamp(self.min, self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    /// Bins beside the plain histograms that they stand for.
    struct Both {
        series: Series,
        bins: Bins,
        plain: Vec<Coarse>,
    }

    impl Both {
        fn new(seconds: usize) -> Self {
            let plain = (0..seconds).map(|_| Coarse::default()).collect();
            Self { series: Series::new(SECOND), bins: Bins::new(SECOND), plain }
        }

        fn due(&mut self, due: Nanos) {
            self.series.at(due).due += 1;
        }

        fn end(&mut self, due: Nanos, latency: Nanos) {
            self.series.at(due).operations += 1;
            self.bins.record(due, latency, &self.series);
            self.plain[(due / SECOND) as usize].record(latency);
        }

        fn check(&self) {
            for (second, (bin, plain)) in self.bins.summaries().zip(&self.plain).enumerate() {
                let at = |share: u64| plain.at_rank((plain.len() * share).div_ceil(100)).unwrap_or_default();
                let expected = BinSummary { p50: at(50), p99: at(99), max: plain.max() };
                assert_eq!(bin, (plain.len() > 0).then_some(expected), "second {second}");
            }
        }
    }

    #[test]
    fn small_or_not_a_bin_says_the_same() {
        let mut both = Both::new(40);
        let mut random = fastrand::Rng::with_seed(5);
        // The first operation of every second ends half a minute late, and nothing is due in the 21st.
        let dues =
            |second: u64| (0..50).map(move |i| second * SECOND + i * 20_000_000).filter(|due| due / SECOND != 20);
        for second in 0..40 {
            for due in dues(second) {
                both.due(due);
                if due % SECOND > 0 {
                    both.end(due, 1_000 << random.u32(0..20));
                }
            }
            if let Some(before) = second.checked_sub(30)
                && before != 20
            {
                both.end(before * SECOND, 30 * SECOND);
            }
            both.check();
        }
        let of = |kind: fn(&Bin) -> bool| both.bins.bins.iter().filter(|bin| kind(bin)).count();
        assert_eq!(of(|bin| matches!(bin, Bin::Full(_))), FULL);
        assert_eq!(of(|bin| matches!(bin, Bin::Empty)), 1);
        // Seconds 0 to 9 have ended wholly, but for the last of them when bins were last made small.
        assert_eq!(of(|bin| matches!(bin, Bin::Settled(_))), 9);
    }
}
