//! The set of a UDP proxy's active faults.
//!
//! A change publishes a new [`Plan`] and raises the version. Everything of a proxy runs on one thread, and a datagram is
//! read and decided about without a pause in between, so one that is read after the change meets the new plan.

use super::plan::{Effect, Entry, Plan};
use super::tally::Tally;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The active faults of one proxy.
#[derive(Debug, Default)]
pub(super) struct Faults {
    version: AtomicU64,
    set: Mutex<Set>,
}

#[derive(Debug, Default)]
struct Set {
    entries: Vec<Entry>,
    plan: Arc<Plan>,
}

/// The plan as a task last saw it.
#[derive(Debug)]
pub(super) struct View {
    version: u64,
    plan: Arc<Plan>,
}

impl Default for View {
    fn default() -> Self {
        Self { version: 0, plan: Plan::none() }
    }
}

impl View {
    /// The current plan: one atomic load, and a lock only where it has changed.
    pub(super) fn of(&mut self, faults: &Faults) -> &Plan {
        if self.version != faults.version.load(Ordering::Acquire) {
            let set = faults.set();
            *self = Self { version: faults.version.load(Ordering::Acquire), plan: set.plan.clone() };
        }
        &self.plan
    }
}

impl Faults {
    /// Adds a fault. Does nothing if its undo has run already.
    pub(super) fn add(&self, effect: Effect, tally: &Arc<Tally>) -> Arc<Plan> {
        self.change(|entries| {
            if !tally.is_cleared() {
                entries.push(Entry { effect, tally: tally.clone() });
            }
        })
    }

    /// Removes a fault, and bars it from being added again. Any number of times.
    pub(super) fn remove(&self, tally: &Arc<Tally>) -> Arc<Plan> {
        self.change(|entries| {
            tally.clear();
            entries.retain(|entry| !Arc::ptr_eq(&entry.tally, tally));
        })
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) -> Arc<Plan> {
        let mut set = self.set();
        change(&mut set.entries);
        set.plan = Arc::new(Plan::of(&set.entries));
        // Under the lock: who sees the number and then takes the lock finds its plan or a newer one.
        self.version.fetch_add(1, Ordering::Release);
        set.plan.clone()
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Harm;
    use super::*;
    use crate::proxy::direction::{Direction, Directions};

    const DOWN: Effect = Effect { harm: Harm::Down, directions: Directions::Both, seed: 0 };

    fn is_clear(view: &mut View, faults: &Faults) -> bool {
        view.of(faults).lane(Direction::Upstream).is_clear()
    }

    #[test]
    fn a_view_follows_every_change() {
        let (faults, mut view, a, b) = (Faults::default(), View::default(), Tally::new(), Tally::new());
        assert!(is_clear(&mut view, &faults));
        faults.add(DOWN, &a);
        faults.add(DOWN, &b);
        assert!(!is_clear(&mut view, &faults));
        faults.remove(&a);
        faults.remove(&a);
        assert!(!is_clear(&mut view, &faults), "the other one stays");
        faults.remove(&b);
        assert!(is_clear(&mut view, &faults));
    }

    #[test]
    fn a_fault_removed_before_it_was_added_stays_out() {
        let (faults, mut view, tally) = (Faults::default(), View::default(), Tally::new());
        faults.remove(&tally);
        faults.add(DOWN, &tally);
        assert!(is_clear(&mut view, &faults));
    }
}
