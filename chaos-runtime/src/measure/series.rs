//! A load's measurements in slices of a tenth of a bin, so that bins can start at any slice.

use crate::clock::Nanos;

/// How many slices make a bin.
pub(crate) const SLICES_PER_BIN: u64 = 10;

/// One slice. Operations count where they were due; `first_ok`/`last_ok` are instants of completion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) due: u32,
    pub(crate) operations: u32,
    pub(crate) failed: u32,
    /// Of which something is true only by the driver's own doing.
    pub(crate) spoiled: u32,
    pub(crate) max: Nanos,
    pub(crate) sum: u64,
    /// First and last successful completion *inside* this slice.
    pub(crate) ok_between: Option<(Nanos, Nanos)>,
    /// How many of its operations each registered event is true of.
    pub(crate) events: Vec<u32>,
}

impl Slice {
    /// Operations that were due in it and have not ended yet.
    pub(crate) fn pending(&self) -> u64 {
        u64::from(self.due.saturating_sub(self.operations))
    }
}

/// Slices from the experiment's start on.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    width: Nanos,
    slices: Vec<Slice>,
    /// Index of the first slice that changed since [`Series::take_changed`].
    changed: usize,
}

impl Series {
    /// An empty series for bins of this width.
    pub(crate) fn new(bin: Nanos) -> Self {
        Self { width: (bin / SLICES_PER_BIN).max(1), slices: Vec::new(), changed: usize::MAX }
    }

    /// The slice at an instant, made if it is new.
    pub(crate) fn at(&mut self, instant: Nanos) -> &mut Slice {
        let index = usize::try_from(instant / self.width).unwrap_or(usize::MAX);
        if index >= self.slices.len() {
            self.slices.resize(index + 1, Slice::default());
        }
        self.changed = self.changed.min(index);
        &mut self.slices[index]
    }

    /// The slices that may have changed since the last call, and the start of the first of them.
    pub(crate) fn take_changed(&mut self) -> (Nanos, Vec<Slice>) {
        let first = std::mem::replace(&mut self.changed, usize::MAX).min(self.slices.len());
        (first as u64 * self.width, self.slices[first..].to_vec())
    }

    /// Takes over what [`Series::take_changed`] gave.
    pub(crate) fn apply(&mut self, (start, slices): (Nanos, Vec<Slice>)) {
        let first = usize::try_from(start / self.width).unwrap_or(usize::MAX);
        if !slices.is_empty() {
            self.slices.resize(first, Slice::default());
            self.slices.extend(slices);
        }
    }

    /// Notes a successful completion.
    pub(crate) fn succeeded_at(&mut self, instant: Nanos) {
        let slice = self.at(instant);
        slice.ok_between = Some(match slice.ok_between {
            None => (instant, instant),
            Some((first, last)) => (first.min(instant), last.max(instant)),
        });
    }

    /// Slices that lie wholly or partly in `from..to`, with their starts.
    pub(crate) fn between(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = (Nanos, &Slice)> {
        let first = usize::try_from(from / self.width).unwrap_or(usize::MAX);
        let last = usize::try_from(to.div_ceil(self.width)).unwrap_or(usize::MAX);
        (first..last.min(self.slices.len())).map(|i| (i as u64 * self.width, &self.slices[i]))
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
            if let Some((first_ok, last_ok)) = slice.ok_between {
                longest = longest.max(length(last, first_ok.clamp(from, to)));
                last = last.max(last_ok.clamp(from, to));
            }
        }
        longest.max(length(last, to))
    }

    /// The first successful completion at or after an instant (to the slice in which it lies).
    pub(crate) fn first_success(&self, from: Nanos) -> Option<Nanos> {
        self.between(from, Nanos::MAX)
            .filter_map(|(_, slice)| slice.ok_between)
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
}
