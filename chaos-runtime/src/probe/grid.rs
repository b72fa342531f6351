//! The periods of a source, on the experiment's clock.

use crate::clock::{Nanos, nanos};
use std::time::{Duration, SystemTime};

/// Nanoseconds since the experiment's start; periods may have begun before it.
pub(crate) type Moment = i64;

/// One period, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) start: Moment,
    pub(crate) end: Moment,
}

impl Period {
    /// Whether it lies in `from..to`.
    pub(crate) fn lies_in(self, from: Nanos, to: Nanos) -> bool {
        self.start >= moment(from) && self.end <= moment(to)
    }

    /// Whether it shares time with `from..to`.
    pub(crate) fn overlaps(self, from: Nanos, to: Nanos) -> bool {
        self.start < moment(to) && self.end > moment(from)
    }
}

/// Periods of one length, back to back, that begin at its multiples since 1970.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    offset: Moment,
    period: Moment,
    origin: SystemTime,
}

impl Grid {
    /// `origin` = the wall's time at the experiment's start.
    pub(crate) fn new(period: Duration, origin: SystemTime) -> Self {
        let period = moment(nanos(period.max(Duration::from_millis(1))));
        let since = origin.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        let offset = (-since).rem_euclid(i128::from(period));
        Self { offset: Moment::try_from(offset).unwrap_or(0), period, origin }
    }

    /// The period that `at` lies in.
    pub(crate) fn at(&self, at: Moment) -> Period {
        let start = (at - self.offset).div_euclid(self.period) * self.period + self.offset;
        Period { start, end: start + self.period }
    }

    /// The periods that share time with `from..to`, oldest first.
    pub(crate) fn overlapping(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = Period> {
        let period = self.period;
        let first = self.at(moment(from));
        let all =
            std::iter::successors(Some(first), move |last| Some(Period { start: last.end, end: last.end + period }));
        all.take_while(move |next| next.start < moment(to))
    }

    /// The wall's time at `at`.
    pub(crate) fn wall(&self, at: Moment) -> SystemTime {
        let distance = Duration::from_nanos(at.unsigned_abs());
        let wall = if at < 0 { self.origin.checked_sub(distance) } else { self.origin.checked_add(distance) };
        wall.unwrap_or(self.origin)
    }

    /// The moment of a time of the wall's.
    pub(crate) fn moment(&self, wall: SystemTime) -> Moment {
        match wall.duration_since(self.origin) {
            Ok(since) => moment(nanos(since)),
            Err(before) => -moment(nanos(before.duration())),
        }
    }
}

/// Nanoseconds since the start as a moment; 292 years are enough.
pub(crate) fn moment(at: Nanos) -> Moment {
    Moment::try_from(at).unwrap_or(Moment::MAX / 4).min(Moment::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Moment = 1_000_000_000;

    #[test]
    fn periods_begin_at_multiples_since_1970() {
        let origin = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_090_500);
        let grid = Grid::new(Duration::from_secs(60), origin);
        // 1,000,000,090.5 s = 16,666,668 min and 10.5 s.
        let first = grid.at(0);
        assert_eq!(first, Period { start: -SECOND * 21 / 2, end: SECOND * 99 / 2 });
        assert_eq!(grid.wall(first.start), SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_080));
        assert_eq!(grid.moment(grid.wall(first.start)), first.start);
        assert_eq!(grid.at(first.end).start, first.end, "half-open");
        assert_eq!(grid.at(first.start - 1).end, first.start);
    }

    #[test]
    fn a_span_has_the_periods_that_share_time_with_it() {
        let grid = Grid::new(Duration::from_secs(10), SystemTime::UNIX_EPOCH);
        let starts = |from: Nanos, to: Nanos| -> Vec<Moment> {
            grid.overlapping(from, to).map(|period| period.start / SECOND).collect()
        };
        let second = SECOND as Nanos;
        assert_eq!(starts(5 * second, 25 * second), [0, 10, 20]);
        assert_eq!(starts(10 * second, 20 * second), [10]);
        assert_eq!(starts(10 * second, 10 * second), [0; 0]);
        let whole = |period: Period| period.lies_in(5 * second, 25 * second);
        assert_eq!(grid.overlapping(5 * second, 25 * second).filter(|p| whole(*p)).count(), 1);
        assert!(!grid.at(0).overlaps(10 * second, 20 * second) && grid.at(0).overlaps(9 * second, 20 * second));
    }
}
