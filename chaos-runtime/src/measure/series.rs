//! A load's measurements in slices of a tenth of a bin, so that bins can start at any slice.

use crate::clock::Nanos;
use std::ops::Deref;

/// How many slices make a bin.
pub(crate) const SLICES_PER_BIN: u64 = 10;

/// One slice. Operations count where they were due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) due: u32,
    pub(crate) operations: u32,
    pub(crate) failed: u32,
    /// Of which something is true only by the driver's own doing.
    pub(crate) spoiled: u32,
    pub(crate) max: Nanos,
    pub(crate) sum: u64,
    /// First and last successful completion *inside* this slice; the first lies after the last where there is none.
    first_ok: Nanos,
    last_ok: Nanos,
}

impl Slice {
    const EMPTY: Self =
        Self { due: 0, operations: 0, failed: 0, spoiled: 0, max: 0, sum: 0, first_ok: Nanos::MAX, last_ok: 0 };

    /// Operations that were due in it and have not ended yet.
    pub(crate) fn pending(&self) -> u64 {
        u64::from(self.due.saturating_sub(self.operations))
    }

    pub(crate) fn ok_between(&self) -> Option<(Nanos, Nanos)> {
        (self.first_ok <= self.last_ok).then_some((self.first_ok, self.last_ok))
    }
}

/// A slice with its events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceView<'a> {
    slice: &'a Slice,
    /// How many of its operations each registered event is true of.
    pub(crate) events: &'a [u32],
}

impl Deref for SliceView<'_> {
    type Target = Slice;

    fn deref(&self) -> &Slice {
        self.slice
    }
}

/// Slices from the experiment's start on. An hour of them takes some 2 MB, whatever is counted in them.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    width: Nanos,
    slices: Vec<Slice>,
    /// How many events are counted.
    kinds: usize,
    /// `kinds` of them for every slice.
    events: Vec<u32>,
    /// Index of the first slice that changed since [`Series::take_changed`].
    changed: usize,
    /// The start of the slice last asked for, and its index: as a rule the next one is the same.
    recent: (Nanos, usize),
}

/// What changed in a series.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    first: usize,
    slices: Vec<Slice>,
    kinds: usize,
    events: Vec<u32>,
}

impl Changed {
    /// Index of the first slice that changed.
    pub(crate) fn first(&self) -> usize {
        self.first
    }
}

impl Series {
    /// An empty series for bins of this width.
    pub(crate) fn new(bin: Nanos) -> Self {
        let width = (bin / SLICES_PER_BIN).max(1);
        Self { width, slices: Vec::new(), kinds: 0, events: Vec::new(), changed: usize::MAX, recent: (0, 0) }
    }

    /// Counts this many events from now on.
    pub(crate) fn count_events(&mut self, kinds: usize) {
        if kinds == self.kinds {
            return;
        }
        let old = std::mem::take(&mut self.events);
        self.events.resize(self.slices.len() * kinds, 0);
        if self.kinds > 0 && kinds > 0 {
            for (new, old) in self.events.chunks_exact_mut(kinds).zip(old.chunks_exact(self.kinds)) {
                new.iter_mut().zip(old).for_each(|(new, old)| *new = *old);
            }
        }
        self.kinds = kinds;
    }

    /// The slice at an instant, made if it is new.
    #[inline]
    pub(crate) fn at(&mut self, instant: Nanos) -> &mut Slice {
        let index = self.index_at(instant);
        &mut self.slices[index]
    }

    /// The slice at an instant and its events.
    #[inline]
    pub(crate) fn with_events_at(&mut self, instant: Nanos) -> (&mut Slice, &mut [u32]) {
        let index = self.index_at(instant);
        (&mut self.slices[index], &mut self.events[index * self.kinds..][..self.kinds])
    }

    #[inline]
    fn index_at(&mut self, instant: Nanos) -> usize {
        let (start, index) = self.recent;
        if instant.wrapping_sub(start) < self.width && index < self.slices.len() && self.changed <= index {
            return index;
        }
        self.move_to(instant)
    }

    #[inline(never)]
    fn move_to(&mut self, instant: Nanos) -> usize {
        let index = usize::try_from(instant / self.width).unwrap_or(usize::MAX);
        if index >= self.slices.len() {
            self.slices.resize(index + 1, Slice::EMPTY);
            self.events.resize((index + 1) * self.kinds, 0);
        }
        self.recent = (index as u64 * self.width, index);
        self.changed = self.changed.min(index);
        index
    }

    /// The slices that may have changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Changed {
        let first = std::mem::replace(&mut self.changed, usize::MAX).min(self.slices.len());
        Changed {
            first,
            slices: self.slices[first..].to_vec(),
            kinds: self.kinds,
            events: self.events[first * self.kinds..].to_vec(),
        }
    }

    /// Takes over what [`Series::take_changed`] gave.
    pub(crate) fn apply(&mut self, changed: Changed) {
        self.count_events(changed.kinds);
        if !changed.slices.is_empty() {
            self.slices.resize(changed.first, Slice::EMPTY);
            self.slices.extend(changed.slices);
            self.events.resize(changed.first * self.kinds, 0);
            self.events.extend(changed.events);
        }
    }

    /// Notes a successful completion.
    #[inline]
    pub(crate) fn succeeded_at(&mut self, instant: Nanos) {
        let slice = self.at(instant);
        slice.first_ok = slice.first_ok.min(instant);
        slice.last_ok = slice.last_ok.max(instant);
    }

    /// Slices that lie wholly or partly in `from..to`, with their starts.
    pub(crate) fn between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = (Nanos, SliceView<'_>)> {
        let first = usize::try_from(from / self.width).unwrap_or(usize::MAX);
        let last = usize::try_from(to.div_ceil(self.width)).unwrap_or(usize::MAX);
        (first..last.min(self.slices.len())).map(move |i| (i as u64 * self.width, self.slice(i)))
    }

    /// How many slices there are.
    pub(crate) fn len(&self) -> usize {
        self.slices.len()
    }

    /// Length of a slice.
    pub(crate) fn width(&self) -> Nanos {
        self.width
    }

    /// A slice by its index, which must be one.
    pub(crate) fn slice(&self, index: usize) -> SliceView<'_> {
        SliceView { slice: &self.slices[index], events: &self.events[index * self.kinds..][..self.kinds] }
    }

    /// Whether operations that were due in slices of `from..to` have not ended yet.
    pub(crate) fn is_pending(&self, from: Nanos, to: Nanos) -> bool {
        self.between(from, to).any(|(_, slice)| slice.pending() > 0)
    }

    /// Operations due in `from..now` that hang: in flight for a bin at least, and three times as long as others
    /// take on average. (Not the longest one: the first to time out would make all others look young.)
    pub(crate) fn overdue(&self, from: Nanos, now: Nanos) -> u64 {
        let (mut sum, mut operations) = (0, 0);
        for (_, slice) in self.between(from, now) {
            sum += u128::from(slice.sum);
            operations += u128::from(slice.operations);
        }
        let mean = (sum / operations.max(1)) as Nanos;
        let patience = (self.width * SLICES_PER_BIN).max(mean.saturating_mul(3));
        let hanging = self.between(from, now.saturating_sub(patience).max(from)).map(|(_, slice)| slice.pending());
        hanging.sum()
    }

    /// The end of the last slice.
    pub(crate) fn end(&self) -> Nanos {
        self.slices.len() as u64 * self.width
    }

    /// The longest stretch in `from..to` without a successful completion, both ends included; `own` = how much of a
    /// stretch is not the target's.
    pub(crate) fn longest_gap(&self, from: Nanos, to: Nanos, own: impl Fn(Nanos, Nanos) -> Nanos) -> Nanos {
        let mut last = from;
        let mut longest = 0;
        let length = |from: Nanos, to: Nanos| to.saturating_sub(from).saturating_sub(own(from, to));
        for (_, slice) in self.between(from, to) {
            if let Some((first_ok, last_ok)) = slice.ok_between() {
                longest = longest.max(length(last, first_ok.clamp(from, to)));
                last = last.max(last_ok.clamp(from, to));
            }
        }
        longest.max(length(last, to))
    }

    /// The first successful completion at or after an instant (to the slice in which it lies).
    pub(crate) fn first_success(&self, from: Nanos) -> Option<Nanos> {
        self.between(from, Nanos::MAX)
            .filter_map(|(_, slice)| slice.ok_between())
            .find_map(|(first, last)| if first >= from { Some(first) } else { (last >= from).then_some(last) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const SECOND: Nanos = 1_000_000_000;
    const NONE: fn(Nanos, Nanos) -> Nanos = |_, _| 0;

    #[test]
    fn the_longest_gap_includes_both_ends() {
        let mut series = Series::new(SECOND);
        [2 * SECOND, 2 * SECOND + 1, 5 * SECOND].into_iter().for_each(|at| series.succeeded_at(at));
        assert_eq!(series.longest_gap(0, 6 * SECOND, NONE), 3 * SECOND - 1);
        assert_eq!(series.longest_gap(2 * SECOND, 10 * SECOND, NONE), 5 * SECOND);
        assert_eq!(series.longest_gap(0, 3 * SECOND, NONE), 2 * SECOND);
        let paused = |from: Nanos, to: Nanos| to.min(4 * SECOND).saturating_sub(from.max(3 * SECOND));
        assert_eq!(series.longest_gap(0, 6 * SECOND, paused), 2 * SECOND, "one second is not the target's");
        assert_eq!(Series::new(SECOND).longest_gap(SECOND, 4 * SECOND, NONE), 3 * SECOND);
    }

    #[test]
    fn operations_that_hang_are_told_from_those_that_are_under_way() {
        let mut series = Series::new(SECOND);
        for i in 0..30 {
            let slice = series.at(i * SECOND / 10);
            (slice.due, slice.operations, slice.sum) = (10, 5, 5 * SECOND / 50);
        }
        assert_eq!(series.overdue(0, 3 * SECOND), 20 * 5, "the last second's may still end");
        // One has timed out: that the others have waited less does not make them young.
        let slice = series.at(0);
        (slice.operations, slice.sum) = (6, 3 * SECOND);
        assert_eq!(series.overdue(0, 3 * SECOND), 20 * 5 - 1);
        assert_eq!(series.overdue(0, SECOND), 0);
    }

    #[test]
    fn the_first_success_after_an_instant() {
        let mut series = Series::new(SECOND);
        series.succeeded_at(1_010_000_000);
        series.succeeded_at(1_090_000_000);
        assert_eq!(series.first_success(0), Some(1_010_000_000));
        assert_eq!(series.first_success(1_050_000_000), Some(1_090_000_000));
        assert_eq!(series.first_success(1_095_000_000), None);
    }
    #[test]
    fn a_copy_that_takes_over_changes_is_the_same() {
        let (mut series, mut copy) = (Series::new(SECOND), Series::new(SECOND));
        let mut random = fastrand::Rng::with_seed(1);
        for round in 0..60u64 {
            if round % 20 == 5 {
                series.count_events(1 + round as usize / 20);
            }
            for _ in 0..20 {
                let (slice, events) = series.with_events_at(random.u64(0..(round + 1) * SECOND / 7));
                slice.due += 1;
                events.iter_mut().for_each(|count| *count += 1);
            }
            copy.apply(series.take_changed());
        }
        assert_eq!((copy.slices, copy.events), (series.slices, series.events));
    }

    #[test]
    fn events_that_come_later_leave_the_earlier_counts_where_they_are() {
        let mut series = Series::new(SECOND);
        series.count_events(1);
        for at in [0, 2 * SECOND] {
            series.with_events_at(at).1[0] = 7;
        }
        series.count_events(3);
        series.with_events_at(SECOND).1[2] = 5;
        let counts = |at| series.between(at, at + 1).next().map(|(_, slice)| slice.events.to_vec());
        assert_eq!([0, SECOND, 2 * SECOND].map(counts), [[7, 0, 0], [0, 0, 5], [7, 0, 0]].map(|c| Some(c.to_vec())));
    }
}
