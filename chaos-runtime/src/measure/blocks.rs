//! A series with sums over blocks of slices, so that looking at an hour costs what looking at a minute does.

use super::{Changed, Series, SliceView};
use crate::clock::Nanos;
use std::ops::Deref;

/// How many slices make a block.
const BLOCK: usize = 100;

/// Sums over slices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Due, and not ended yet.
    pub(crate) pending: u64,
    pub(crate) operations: u64,
    pub(crate) failed: u64,
    /// Operations that the event is true of.
    pub(crate) event: u64,
    pub(crate) max: Nanos,
    pub(crate) sum: u128,
}

impl Sums {
    /// Adds a slice, of which `index` is the event that counts.
    pub(crate) fn slice(&mut self, slice: &SliceView<'_>, index: Option<usize>) {
        self.pending += slice.pending();
        self.operations += u64::from(slice.operations);
        self.failed += u64::from(slice.failed);
        self.event += index.and_then(|i| slice.events.get(i)).copied().map_or(0, u64::from);
        self.max = self.max.max(slice.max);
        self.sum += u128::from(slice.sum);
    }

    /// Adds other sums.
    pub(crate) fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.operations += other.operations;
        self.failed += other.failed;
        self.event += other.event;
        self.max = self.max.max(other.max);
        self.sum += other.sum;
    }
}

/// A block of slices.
#[derive(Debug, Clone, Default)]
struct Block {
    sums: Sums,
    events: Vec<u64>,
    gaps: Gaps,
}

/// Stretches without a successful completion.
#[derive(Debug, Clone, Copy, Default)]
struct Gaps {
    /// First and last success.
    ok: Option<(Nanos, Nanos)>,
    /// The longest stretch between two of them.
    longest: Nanos,
}

impl Gaps {
    fn add(&mut self, next: Self) {
        self.longest = self.longest.max(next.longest);
        let Some((first, last)) = next.ok else { return };
        self.ok = Some(match self.ok {
            Some((start, end)) => {
                self.longest = self.longest.max(first.saturating_sub(end));
                (start, end.max(last))
            }
            None => (first, last),
        });
    }
}

/// A series with sums over its blocks: the engine's copy, which it looks at ten times a second.
#[derive(Debug)]
pub(crate) struct Blocks {
    series: Series,
    /// Of the first slices; those behind are not summed up yet.
    blocks: Vec<Block>,
}

impl Deref for Blocks {
    type Target = Series;

    fn deref(&self) -> &Series {
        &self.series
    }
}

impl From<Series> for Blocks {
    fn from(series: Series) -> Self {
        let mut blocks = Self { series, blocks: Vec::new() };
        blocks.sum_up();
        blocks
    }
}

impl Blocks {
    /// Takes over what has changed.
    pub(crate) fn apply(&mut self, changed: Changed) {
        self.blocks.truncate(changed.first() / BLOCK);
        self.series.apply(changed);
        self.sum_up();
    }

    fn sum_up(&mut self) {
        while (self.blocks.len() + 1) * BLOCK <= self.series.len() {
            let first = self.blocks.len() * BLOCK;
            let mut block = Block::default();
            for slice in (first..first + BLOCK).map(|index| self.series.slice(index)) {
                block.sums.slice(&slice, None);
                block.events.resize(slice.events.len(), 0);
                block.events.iter_mut().zip(slice.events).for_each(|(sum, count)| *sum += u64::from(*count));
                block.gaps.add(gaps(&slice));
            }
            self.blocks.push(block);
        }
    }

    /// Sums over the slices that begin in `from..to`.
    pub(crate) fn sums(&self, from: Nanos, to: Nanos, index: Option<usize>) -> Sums {
        let mut sums = Sums::default();
        self.walk(from.div_ceil(self.series.width()), to.div_ceil(self.series.width()), |part| match part {
            Part::Slice(slice) => sums.slice(&slice, index),
            Part::Block(block) => {
                sums.add(&block.sums);
                sums.event += index.and_then(|i| block.events.get(i)).copied().unwrap_or(0);
            }
        });
        sums
    }

    /// The longest stretch in `from..to` without a successful completion, both ends included.
    pub(crate) fn longest_stretch(&self, from: Nanos, to: Nanos) -> Nanos {
        let mut all = Gaps { ok: Some((from, from)), longest: 0 };
        self.walk(from / self.series.width(), to.div_ceil(self.series.width()), |part| {
            let mut next = match part {
                Part::Slice(slice) => gaps(&slice),
                Part::Block(block) => block.gaps,
            };
            next.ok = next.ok.map(|(first, last)| (first.clamp(from, to), last.clamp(from, to)));
            all.add(next);
        });
        all.add(Gaps { ok: Some((to, to)), longest: 0 });
        all.longest
    }

    /// The slices from `first` to before `last`, whole blocks of them at once.
    fn walk<'a>(&'a self, first: Nanos, last: Nanos, mut part: impl FnMut(Part<'a>)) {
        let index = |slice: Nanos| usize::try_from(slice).unwrap_or(usize::MAX).min(self.series.len());
        let (mut at, last) = (index(first), index(last));
        while at < last {
            match self.blocks.get(at / BLOCK).filter(|_| at % BLOCK == 0 && at + BLOCK <= last) {
                Some(block) => {
                    part(Part::Block(block));
                    at += BLOCK;
                }
                None => {
                    part(Part::Slice(self.series.slice(at)));
                    at += 1;
                }
            }
        }
    }
}

enum Part<'a> {
    Slice(SliceView<'a>),
    Block(&'a Block),
}

fn gaps(slice: &SliceView<'_>) -> Gaps {
    Gaps { ok: slice.ok_between(), longest: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn sums_over_blocks_are_those_over_slices() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut series, mut blocks) = (Series::new(SECOND), Blocks::from(Series::new(SECOND)));
        series.count_events(2);
        let mut now = 0;
        for _ in 0..300 {
            for _ in 0..random.usize(1..30) {
                now += random.u64(1..SECOND / 3);
                // Some operations end long after they were due.
                let due = now.saturating_sub(if random.u32(..20) == 0 { random.u64(..20 * SECOND) } else { 0 });
                let (slice, events) = series.with_events_at(due);
                slice.due += 2;
                slice.operations += 1;
                slice.failed += u32::from(random.bool());
                slice.max = slice.max.max(now - due);
                slice.sum += now - due;
                events[random.usize(..2)] += 1;
                if random.u32(..5) > 0 {
                    series.succeeded_at(now);
                }
            }
            blocks.apply(series.take_changed());
            let from = random.u64(..now);
            let to = random.u64(from..=now);
            let mut sums = Sums::default();
            let begun = series.between(from, to).filter(|(start, _)| *start >= from);
            begun.for_each(|(_, slice)| sums.slice(&slice, Some(1)));
            assert_eq!(blocks.sums(from, to, Some(1)), sums);
            assert_eq!(blocks.longest_stretch(from, to), series.longest_gap(from, to, |_, _| 0));
        }
        assert!(blocks.blocks.len() > 50, "{} blocks", blocks.blocks.len());
    }
}
