//! The set of a proxy's active faults, changed atomically towards all connections.
//!
//! A change publishes a new [`Plan`], raises the version and wakes every connection. A connection compares
//! the version, one atomic load, after every read; it takes the lock only when the version differs. It is in
//! the register before it first looks at the plan, so a change either finds it there or is seen by that look.

use super::hits::{ConnectionId, Hits, Start};
use super::plan::{Effect, Entry, Plan};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;
use tokio::time::Instant;

/// How long a change waits for the connections to take it up; they do so when next polled.
const SETTLE: Duration = Duration::from_secs(2);

/// The active faults of one proxy and the connections that must obey them.
#[derive(Debug, Default)]
pub(super) struct Faults {
    version: AtomicU64,
    set: Mutex<Set>,
    seats: Mutex<HashMap<ConnectionId, Arc<Notice>>>,
    accepted: AtomicU64,
}

#[derive(Debug, Default)]
struct Set {
    entries: Vec<Entry>,
    plan: Arc<Plan>,
}

/// How a connection is told of a change, and whether it took it up.
#[derive(Debug, Default)]
struct Notice {
    waker: OnceLock<Waker>,
    seen: AtomicU64,
}

/// A connection's place in the register; it leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: ConnectionId,
    notice: Arc<Notice>,
    faults: Arc<Faults>,
}

impl Faults {
    /// The number of the current plan; it only rises.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The current plan and its number.
    pub(super) fn current(&self) -> (u64, Arc<Plan>) {
        let set = self.set();
        (self.version(), set.plan.clone())
    }

    /// Registers a connection that was accepted just now.
    pub(super) fn enter(self: &Arc<Self>) -> Seat {
        let id = self.accepted.fetch_add(1, Ordering::Relaxed);
        let notice = Arc::<Notice>::default();
        self.seats().insert(id, notice.clone());
        Seat { id, notice, faults: self.clone() }
    }

    /// Connections accepted so far; the next one gets this number.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Adds a fault. Does nothing if its undo has run already.
    pub(super) fn add(&self, effect: Effect, hits: &Arc<Hits>) {
        let start = Start { open: self.seats().len() as u64, accepted: self.accepted() };
        self.change(|entries| {
            if !hits.is_cleared() {
                hits.started(start);
                entries.push(Entry { effect, hits: hits.clone() });
            }
        });
    }

    /// Removes a fault, and bars it from being added again. Any number of times.
    pub(super) fn remove(&self, hits: &Arc<Hits>) {
        self.change(|entries| {
            hits.clear();
            entries.retain(|entry| !Arc::ptr_eq(&entry.hits, hits));
        });
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        let mut set = self.set();
        change(&mut set.entries);
        set.plan = Arc::new(Plan::of(&set.entries));
        self.version.fetch_add(1, Ordering::Release);
        drop(set);
        for notice in self.seats().values() {
            if let Some(waker) = notice.waker.get() {
                waker.wake_by_ref();
            }
        }
    }

    /// Waits until every connection has taken up the current plan; `false` if one has not in time.
    pub(super) async fn settled(&self) -> bool {
        let version = self.version();
        let deadline = Instant::now() + SETTLE;
        let mut turns = 0;
        while self.seats().values().any(|notice| notice.seen.load(Ordering::Relaxed) < version) {
            if Instant::now() >= deadline {
                return false;
            }
            turns += 1;
            match turns {
                // The connections run on this very thread and are awake: let them have their turn.
                ..100 => tokio::task::yield_now().await,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        true
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<ConnectionId, Arc<Notice>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Takes the calling task's waker, which changes will wake. The task's waker must stay the same from then on.
    pub(super) async fn sit_down(&self) {
        std::future::poll_fn(|cx| {
            let _ = self.notice.waker.set(cx.waker().clone());
            std::task::Poll::Ready(())
        })
        .await;
    }

    /// Notes that the connection obeys the plan with this number.
    pub(super) fn saw(&self, version: u64) {
        self.notice.seen.store(version, Ordering::Relaxed);
    }

    pub(super) fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.faults.seats().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down() -> Effect {
        Effect::Down { refuse: false }
    }

    #[test]
    fn a_fault_removed_before_it_was_added_stays_out() {
        let (faults, hits) = (Faults::default(), Hits::new());
        faults.remove(&hits);
        faults.add(down(), &hits);
        assert!(faults.current().1.cut(0).is_none());
    }

    #[test]
    fn removing_takes_out_exactly_one_and_may_be_repeated() {
        let (faults, a, b) = (Faults::default(), Hits::new(), Hits::new());
        faults.add(down(), &a);
        faults.add(down(), &b);
        faults.remove(&a);
        faults.remove(&a);
        let (_, plan) = faults.current();
        assert!(plan.cut(0).is_some_and(|cut| Arc::ptr_eq(&cut.hits, &b)));
    }

    #[test]
    fn every_change_has_a_new_version_and_a_dropped_seat_is_free() {
        let faults = Arc::new(Faults::default());
        let before = faults.version();
        faults.add(down(), &Hits::new());
        assert!(faults.version() > before);
        let seat = faults.enter();
        assert_eq!((seat.id, faults.accepted(), faults.seats().len()), (0, 1, 1));
        drop(seat);
        assert_eq!(faults.seats().len(), 0);
    }
}
