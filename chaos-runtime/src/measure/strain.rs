//! What the measuring machine itself did to a measurement: pauses of a driver's thread, its CPU, its waiting for one.
//!
//! A driver that does not run notices no answer, so whatever was in flight looks as slow as the pause was long.
//! How late it *sends* is known for every operation; how late it *notices* is known from a heartbeat on its thread.

use crate::clock::Nanos;
use std::collections::VecDeque;

/// So many pauses are remembered; the shortest ones are forgotten first.
const MOST_PAUSES: usize = 4_096;

/// A stretch of time, of which the driver's thread did not run for `length` in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) from: Nanos,
    pub(crate) to: Nanos,
    pub(crate) length: Nanos,
}

impl Pause {
    /// When its consequences are over: what was held up is sent at once, and to catch up may take as long again.
    fn over(&self) -> Nanos {
        self.to + self.length
    }

    /// How much of `from..to` it may account for, catching up included.
    fn share_of(&self, from: Nanos, to: Nanos) -> Nanos {
        let overlap = to.min(self.over()).saturating_sub(from.max(self.from));
        overlap.min(2 * self.length)
    }
}

/// What a heartbeat found since the one before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Beat {
    pub(crate) from: Nanos,
    pub(crate) to: Nanos,
    /// How long the thread did not run although it had something to do.
    pub(crate) paused: Nanos,
    /// CPU time of the thread, where the platform tells.
    pub(crate) cpu: Option<Nanos>,
    /// Runnable, but without a core.
    pub(crate) waited: Nanos,
    /// The whole machine was asleep; the clock stood still meanwhile.
    pub(crate) suspended: Nanos,
}

impl Beat {
    pub(crate) fn pause(&self) -> Option<Pause> {
        (self.paused > 0).then_some(Pause { from: self.from, to: self.to, length: self.paused })
    }
}

/// Heartbeats of a phase, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Strain {
    /// For how long the thread was watched, and its CPU time meanwhile.
    pub(crate) cpu: Option<(Nanos, Nanos)>,
    pub(crate) waited: Nanos,
    pub(crate) suspended: Nanos,
    pub(crate) pauses: u64,
    pub(crate) paused: Nanos,
    pub(crate) longest: Nanos,
    /// How many operations they may have touched, and what these together may owe to them.
    pub(crate) touched: u64,
    pub(crate) owed: u128,
    /// Operations that were sent in another phase than they were due in, because the driver was late.
    pub(crate) strayed: u64,
    /// While arrivals could not be sent as fast as they were due: for how long, and how many were.
    pub(crate) overrun: (Nanos, u64),
}

impl Strain {
    /// Adds a heartbeat, and what it may have done to this many operations.
    pub(crate) fn note(&mut self, beat: &Beat, touched: u64) {
        if let Some(cpu) = beat.cpu {
            let (watched, used) = self.cpu.unwrap_or_default();
            self.cpu = Some((watched + (beat.to - beat.from), used + cpu));
        }
        self.waited += beat.waited;
        self.suspended += beat.suspended;
        if beat.paused > 0 {
            self.pauses += 1;
            self.paused += beat.paused;
            self.longest = self.longest.max(beat.paused);
            self.touched += touched;
            self.owed += 2 * u128::from(beat.paused) * u128::from(touched);
        }
    }

    /// Adds what another load's driver did in the same phase, or this one's in another phase.
    pub(crate) fn add(&mut self, other: &Self) {
        self.cpu = match (self.cpu, other.cpu) {
            // The busiest thread counts: a share of several threads would hide it.
            (Some(mine), Some(theirs)) => Some(if share(theirs) > share(mine) { theirs } else { mine }),
            (mine, theirs) => mine.or(theirs),
        };
        self.waited += other.waited;
        self.suspended = self.suspended.max(other.suspended);
        self.pauses += other.pauses;
        self.paused += other.paused;
        self.longest = self.longest.max(other.longest);
        self.touched += other.touched;
        self.owed += other.owed;
        self.strayed += other.strayed;
        self.overrun = (self.overrun.0 + other.overrun.0, self.overrun.1 + other.overrun.1);
    }

    /// Arrivals a second that could be sent, if for most of these seconds not all that were due could.
    pub(crate) fn ceiling(&self, seconds: f64) -> Option<f64> {
        let (long, sent) = self.overrun;
        let long = long as f64 / 1e9;
        (sent > 0 && long * 2.0 > seconds).then(|| sent as f64 / long)
    }

    /// CPU time of the thread as a share of one core; `None` where the platform does not tell.
    pub(crate) fn cpu_share(&self) -> Option<f64> {
        self.cpu.filter(|(watched, _)| *watched > 0).map(share)
    }
}

fn share((watched, used): (Nanos, Nanos)) -> f64 {
    used as f64 / watched.max(1) as f64
}

/// The pauses of a driver, oldest first: all of them for the operations in flight, long ones for as long as it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pauses {
    /// Each with the instant at which it and all before it are over.
    all: VecDeque<(Pause, Nanos)>,
}

impl Pauses {
    pub(crate) fn push(&mut self, pause: Pause) {
        if self.all.len() >= MOST_PAUSES {
            let mut lengths: Vec<Nanos> = self.all.iter().map(|(pause, _)| pause.length).collect();
            let median = *lengths.select_nth_unstable(MOST_PAUSES / 2).1;
            self.all.retain(|(pause, _)| pause.length > median);
        }
        let before = self.all.back().map_or(0, |(_, over)| *over);
        self.all.push_back((pause, before.max(pause.over())));
    }

    /// The longest one that touches `from..to`.
    pub(crate) fn longest(&self, from: Nanos, to: Nanos) -> Nanos {
        let touching = self.all.iter().map(|(pause, _)| pause).filter(|pause| pause.from < to && pause.over() > from);
        touching.map(|pause| pause.length).max().unwrap_or(0)
    }

    /// How much of `from..to` they may account for.
    pub(crate) fn share_of(&self, from: Nanos, to: Nanos) -> Nanos {
        let recent = self.all.iter().rev().take_while(|(_, over)| *over > from);
        recent.map(|(pause, _)| pause.share_of(from, to)).sum::<Nanos>().min(to.saturating_sub(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const MS: Nanos = 1_000_000;

    #[test]
    fn a_pause_accounts_for_what_it_overlaps_and_for_catching_up() {
        let mut pauses = Pauses::default();
        pauses.push(Pause { from: 100 * MS, to: 150 * MS, length: 40 * MS });
        assert_eq!(pauses.share_of(0, 90 * MS), 0);
        assert_eq!(pauses.share_of(0, 110 * MS), 10 * MS);
        assert_eq!(pauses.share_of(0, 1_000 * MS), 80 * MS, "twice its length at most");
        assert_eq!(pauses.share_of(170 * MS, 1_000 * MS), 20 * MS, "still catching up");
        assert_eq!(pauses.share_of(190 * MS, 1_000 * MS), 0);
    }

    #[test]
    fn pauses_in_a_row_add_up_but_not_beyond_the_operation() {
        let mut pauses = Pauses::default();
        (0..5).for_each(|i| pauses.push(Pause { from: i * 10 * MS, to: (i + 1) * 10 * MS, length: 9 * MS }));
        assert_eq!(pauses.share_of(0, 50 * MS), 50 * MS);
    }

    #[test]
    fn only_short_pauses_are_forgotten() {
        let mut pauses = Pauses::default();
        pauses.push(Pause { from: 0, to: 900 * MS, length: 900 * MS });
        for i in 0..20_000 {
            pauses.push(Pause { from: (1_000 + i) * MS, to: (1_001 + i) * MS, length: MS + i });
        }
        assert!(pauses.all.len() <= MOST_PAUSES);
        assert_eq!(pauses.share_of(0, 900 * MS), 900 * MS);
        assert!(pauses.share_of(20_990 * MS, 21_000 * MS) > 0, "nor are the latest");
    }

    #[test]
    fn the_busiest_thread_counts() {
        let beat = |cpu| Beat { from: 0, to: 100 * MS, cpu: Some(cpu), ..Beat::default() };
        let (mut busy, mut idle) = (Strain::default(), Strain::default());
        busy.note(&beat(95 * MS), 0);
        idle.note(&beat(5 * MS), 0);
        idle.add(&busy);
        assert_eq!(idle.cpu_share(), Some(0.95));
        assert_eq!(Strain::default().cpu_share(), None);
    }
}
