//! The bins of a load, as many as a screen can show.

use crate::report::journal::BinRecord;

/// Points of a line: more would share their pixels.
pub(super) const MOST: usize = 600;

/// One or several bins in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) from_us: u64,
    pub(super) to_us: u64,
    pub(super) due: u64,
    pub(super) operations: u64,
    pub(super) succeeded: u64,
    /// Share of successes in the worst of its bins, 0 to 1.
    pub(super) lowest: Option<f64>,
    /// Highest of its bins.
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    pub(super) max_us: u64,
    /// The steady state did not hold in one of its bins.
    pub(super) bad: bool,
}

impl Point {
    fn of(bin: &BinRecord, to_us: u64) -> Self {
        let succeeded = bin.succeeded.min(bin.operations);
        Self {
            from_us: bin.start_us,
            to_us,
            due: bin.due,
            operations: bin.operations,
            succeeded,
            lowest: (bin.operations > 0).then(|| succeeded as f64 / bin.operations as f64),
            p50_us: bin.p50_us,
            p99_us: bin.p99_us,
            max_us: bin.max_us,
            bad: bin.good == Some(false),
        }
    }

    fn add(&mut self, next: Self) {
        self.to_us = self.to_us.max(next.to_us);
        self.due = self.due.saturating_add(next.due);
        self.operations = self.operations.saturating_add(next.operations);
        self.succeeded = self.succeeded.saturating_add(next.succeeded);
        self.lowest = [self.lowest, next.lowest].into_iter().flatten().reduce(f64::min);
        self.p50_us = self.p50_us.max(next.p50_us);
        self.p99_us = self.p99_us.max(next.p99_us);
        self.max_us = self.max_us.max(next.max_us);
        self.bad |= next.bad;
    }

    /// Its middle, in seconds.
    pub(super) fn middle(&self) -> f64 {
        (self.from_us as f64 + self.to_us as f64) / 2e6
    }

    /// Its length in seconds, if it is long enough to divide by.
    pub(super) fn length(&self, bin_us: u64) -> Option<f64> {
        let us = self.to_us.saturating_sub(self.from_us);
        (us > 0 && us.saturating_mul(2) >= bin_us).then_some(us as f64 / 1e6)
    }

    /// Share of successes in percent.
    pub(super) fn success(&self) -> Option<f64> {
        (self.operations > 0).then(|| 100.0 * self.succeeded as f64 / self.operations as f64)
    }
}

/// The bins as at most `most` points; nothing extreme is lost: the highest latencies, the lowest success and every bad
/// bin show, and counts are kept. The last bin ends at `end_us`.
pub(super) fn points(bins: &[BinRecord], bin_us: u64, end_us: u64, most: usize) -> Vec<Point> {
    let each = bins.len().div_ceil(most.max(1)).max(1);
    bins.chunks(each)
        .map(|chunk| {
            let mut points = chunk.iter().map(|bin| {
                let end = bin.start_us.saturating_add(bin_us);
                Point::of(bin, if bin.start_us < end_us { end.min(end_us) } else { end })
            });
            let first = points.next().unwrap_or_else(|| unreachable!("chunks are never empty"));
            points.fold(first, |mut all, next| {
                all.add(next);
                all
            })
        })
        .collect()
}

/// Stretches of bad points, in seconds.
pub(super) fn bad_stretches(points: &[Point]) -> Vec<(f64, f64)> {
    let mut stretches: Vec<(f64, f64)> = Vec::new();
    for point in points.iter().filter(|point| point.bad) {
        let (from, to) = (point.from_us as f64 / 1e6, point.to_us as f64 / 1e6);
        match stretches.last_mut() {
            Some(last) if from - last.1 < 1e-6 => last.1 = last.1.max(to),
            _ => stretches.push((from, to)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn bins()(of in prop::collection::vec((0..10_000_u64, 0..=100_u64, 0..5_000_000_u64, any::<Option<bool>>()), 0..3_000)) -> Vec<BinRecord> {
            of.into_iter().enumerate().map(|(i, (operations, percent, us, good))| BinRecord {
                start_us: i as u64 * 1_000_000,
                due: operations + 1,
                operations,
                succeeded: operations * percent / 100,
                p50_us: us / 3,
                p99_us: us,
                max_us: us * 2,
                good,
            }).collect()
        }
    }

    proptest! {
        #[test]
        fn merging_keeps_sums_and_extremes(bins in bins(), most in 1..700_usize) {
            let end = bins.len() as u64 * 1_000_000;
            let points = points(&bins, 1_000_000, end, most);
            prop_assert!(points.len() <= most);
            let sum = |f: fn(&BinRecord) -> u64| bins.iter().map(f).sum::<u64>();
            prop_assert_eq!(points.iter().map(|p| p.due).sum::<u64>(), sum(|b| b.due));
            prop_assert_eq!(points.iter().map(|p| p.operations).sum::<u64>(), sum(|b| b.operations));
            prop_assert_eq!(points.iter().map(|p| p.succeeded).sum::<u64>(), sum(|b| b.succeeded));
            let top = |f: fn(&BinRecord) -> u64| bins.iter().map(f).max();
            prop_assert_eq!(points.iter().map(|p| p.p99_us).max(), top(|b| b.p99_us));
            prop_assert_eq!(points.iter().map(|p| p.p50_us).max(), top(|b| b.p50_us));
            prop_assert_eq!(points.iter().map(|p| p.max_us).max(), top(|b| b.max_us));
            let lowest = bins.iter().filter(|b| b.operations > 0).map(|b| b.succeeded as f64 / b.operations as f64).reduce(f64::min);
            prop_assert_eq!(points.iter().filter_map(|p| p.lowest).reduce(f64::min), lowest);
            // No gap and no overlap: every bad bin lies in a bad stretch.
            let stretches = bad_stretches(&points);
            for bin in bins.iter().filter(|bin| bin.good == Some(false)) {
                let middle = bin.start_us as f64 / 1e6 + 0.5;
                prop_assert!(stretches.iter().any(|(from, to)| *from < middle && middle < *to));
            }
            prop_assert!(stretches.windows(2).all(|w| w[0].1 < w[1].0));
            if bins.len() <= most {
                prop_assert_eq!(points.len(), bins.len());
            }
        }
    }

    #[test]
    fn absurd_instants_do_no_harm() {
        let bin = BinRecord {
            start_us: u64::MAX,
            due: u64::MAX,
            operations: u64::MAX,
            succeeded: u64::MAX,
            p50_us: 0,
            p99_us: u64::MAX,
            max_us: u64::MAX,
            good: Some(false),
        };
        let points = points(&[bin.clone(), bin], u64::MAX, 5, 1);
        assert_eq!(points.len(), 1);
        assert_eq!(points[0].length(u64::MAX), None);
        assert_eq!(points[0].success(), Some(100.0));
    }
}
