//! Counts of what became of operations.

use super::{ErrorClass, Outcome};
use std::collections::BTreeMap;

/// Counts of what became of operations, the same for a phase, a run or several loads together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Due to start.
    pub(crate) due: u64,
    /// Completed, the censored included.
    pub(crate) operations: u64,
    /// First attempt failed.
    pub(crate) failed: u64,
    /// Failed after every retry.
    pub(crate) failed_for_good: u64,
    /// Attempts in all.
    pub(crate) attempts: u64,
    /// Never sent.
    pub(crate) dropped: u64,
    /// Sent late by the driver's own fault.
    pub(crate) late: u64,
    /// First-attempt failures by class, indexed by [`ErrorClass::index`].
    pub(crate) errors: [u64; ErrorClass::ALL.len()],
    /// First-attempt answers by HTTP status.
    pub(crate) statuses: Statuses,
}

impl Tally {
    /// Counts a completed operation.
    pub(crate) fn complete(&mut self, first: &Outcome, ok_at_last: bool, attempts: u32) {
        self.operations += 1;
        self.attempts += u64::from(attempts);
        self.failed_for_good += u64::from(!ok_at_last);
        if let Some(class) = first.error {
            self.failed += 1;
            self.errors[class.index()] += 1;
        }
        if let Some(status) = first.status {
            self.statuses.count(status, 1);
        }
    }

    /// First attempt succeeded.
    pub(crate) fn succeeded(&self) -> u64 {
        self.operations - self.failed
    }

    /// Adds another's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.operations += other.operations;
        self.failed += other.failed;
        self.failed_for_good += other.failed_for_good;
        self.attempts += other.attempts;
        self.dropped += other.dropped;
        self.late += other.late;
        self.errors.iter_mut().zip(other.errors).for_each(|(mine, theirs)| *mine += theirs);
        other.statuses.0.iter().for_each(|(status, count)| self.statuses.count(*status, *count));
    }
}

/// Counts by HTTP status. There are few, and as a rule the next one is the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    fn count(&mut self, status: u16, count: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == status) {
            Some((_, known)) => *known += count,
            None => self.0.push((status, count)),
        }
    }

    /// How often this status was answered.
    pub(crate) fn of(&self, status: u16) -> u64 {
        self.0.iter().find(|(known, _)| *known == status).map_or(0, |(_, count)| *count)
    }

    /// All statuses, in their order.
    pub(crate) fn sorted(&self) -> BTreeMap<u16, u64> {
        self.0.iter().copied().collect()
    }
}
