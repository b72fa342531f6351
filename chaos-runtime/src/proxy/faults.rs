//! The set of a proxy's active faults, changed atomically towards all connections.
//!
//! A change publishes a new [`Plan`], raises the version and wakes every connection. A connection compares
//! the version, one atomic load, after every read; it takes the lock only when the version differs. It is in
//! the register before it first looks at the plan, so a change either finds it there or is seen by that look.

use super::alarm::Timer;
use super::effect::{Effect, Entry};
use super::hits::{ConnectionId, Hits, Start};
use super::http::HttpFaults;
use super::plan::Plan;
use super::scope::Scope;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a change waits for the connections to take it up; they do so when next polled. Tests have machines that do
/// other things meanwhile.
const SETTLE: Duration = Duration::from_secs(if cfg!(test) { 30 } else { 2 });

/// The active faults of one proxy and the connections that must obey them.
#[derive(Debug, Default)]
pub(super) struct Faults {
    version: AtomicU64,
    set: Mutex<Set>,
    register: Mutex<Register>,
    /// The last connection that was behind has caught up.
    settled: Notify,
    accepted: AtomicU64,
    timer: Arc<Timer>,
    /// Of a proxy that understands HTTP.
    http: Option<Arc<HttpFaults>>,
}

#[derive(Debug, Default)]
struct Set {
    entries: Vec<Entry>,
    plan: Arc<Plan>,
}

/// The open connections, and how many of them have not taken up the newest plan that all were told of.
#[derive(Debug, Default)]
struct Register {
    seats: HashMap<ConnectionId, Notice>,
    told: u64,
    behind: usize,
    /// How many were let in.
    admitted: u64,
}

/// How a connection is told of a change, and which it took up.
#[derive(Debug)]
struct Notice {
    waker: Option<Waker>,
    seen: u64,
    admitted: bool,
}

/// A connection's place in the register; it leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: ConnectionId,
    faults: Arc<Faults>,
}

impl Faults {
    /// Those of a proxy that understands HTTP, if `http` is given.
    pub(super) fn new(http: Option<Arc<HttpFaults>>) -> Self {
        Self { http, ..Self::default() }
    }

    /// The faults of requests, where requests are understood.
    pub(super) fn http(&self) -> Option<&Arc<HttpFaults>> {
        self.http.as_ref()
    }

    /// Where the traffic stands, for a fault that is set now.
    pub(super) fn start(&self) -> Start {
        Start { open: self.register().seats.len() as u64, accepted: self.accepted() }
    }

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
        let mut register = self.register();
        // Its first look comes after this, so it can't be behind the plan of now.
        register.seats.insert(id, Notice { waker: None, seen: self.version(), admitted: false });
        Seat { id, faults: self.clone() }
    }

    /// Connections accepted so far; the next one gets this number.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Adds a fault. Does nothing if its undo has run already.
    pub(super) fn add(&self, effect: Effect, scope: Scope, hits: &Arc<Hits>) {
        let start = self.start();
        self.change(|entries| {
            if !hits.is_cleared() {
                hits.started(start);
                entries.push(Entry { effect, scope, hits: hits.clone() });
            }
        });
    }

    /// Puts another effect in the place of a fault's; nothing if the fault is not set.
    pub(super) fn replace(&self, effect: Effect, scope: Scope, hits: &Arc<Hits>) {
        self.change(|entries| {
            if let Some(entry) = entries.iter_mut().find(|entry| Arc::ptr_eq(&entry.hits, hits)) {
                *entry = Entry { effect, scope, hits: hits.clone() };
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
        set.plan = Arc::new(Plan::of_all(&set.entries));
        let version = self.version.fetch_add(1, Ordering::Release) + 1;
        drop(set);
        self.register().tell(version);
    }

    /// Waits until every connection has taken up the current plan; `false` if one has not in time.
    pub(super) async fn settled(&self) -> bool {
        let settled = async {
            loop {
                // Before the look, so that what happens between the two is not missed.
                let settled = self.settled.notified();
                if self.register().behind == 0 {
                    return;
                }
                settled.await;
            }
        };
        tokio::time::timeout(SETTLE, settled).await.is_ok()
    }

    /// The timer of everything that faults hold up.
    pub(super) fn timer(&self) -> &Arc<Timer> {
        &self.timer
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Register {
    /// Wakes all that have not seen a plan.
    fn tell(&mut self, version: u64) {
        self.told = self.told.max(version);
        self.behind = 0;
        for notice in self.seats.values().filter(|notice| notice.seen < self.told) {
            self.behind += 1;
            if let Some(waker) = &notice.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Notes that a connection obeys a plan; whether it was the last that did not.
    fn saw(&mut self, connection: ConnectionId, version: u64) -> bool {
        let Some(notice) = self.seats.get_mut(&connection) else { return false };
        let was_behind = std::mem::replace(&mut notice.seen, version) < self.told;
        was_behind && version >= self.told && self.catch_up()
    }

    /// Takes a connection out; whether it was the last that was behind.
    fn leave(&mut self, connection: ConnectionId) -> (Option<Notice>, bool) {
        let notice = self.seats.remove(&connection);
        let was_behind = notice.as_ref().is_some_and(|notice| notice.seen < self.told);
        self.admitted -= u64::from(notice.as_ref().is_some_and(|notice| notice.admitted));
        (notice, was_behind && self.catch_up())
    }

    /// Lets a connection in unless `most` are in already; once in, it stays.
    fn admit(&mut self, connection: ConnectionId, most: Option<u64>) -> bool {
        let Some(notice) = self.seats.get_mut(&connection) else { return false };
        if !notice.admitted && most.is_none_or(|most| self.admitted < most) {
            notice.admitted = true;
            self.admitted += 1;
        }
        notice.admitted
    }

    fn catch_up(&mut self) -> bool {
        self.behind -= 1;
        self.behind == 0
    }
}

impl Seat {
    /// Takes the calling task's waker, which changes will wake. The task's waker must stay the same from then on.
    pub(super) async fn sit_down(&self) {
        std::future::poll_fn(|cx| {
            if let Some(notice) = self.faults.register().seats.get_mut(&self.id) {
                notice.waker = Some(cx.waker().clone());
            }
            std::task::Poll::Ready(())
        })
        .await;
    }

    /// Notes that the connection obeys the plan with this number.
    pub(super) fn saw(&self, version: u64) {
        if self.faults.register().saw(self.id, version) {
            self.faults.settled.notify_waiters();
        }
    }

    /// Lets the connection in, unless so many are in already; any number of times.
    pub(super) fn admit(&self, most: Option<u64>) -> bool {
        self.faults.register().admit(self.id, most)
    }

    pub(super) fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // The waker is dropped when the lock is free: it may be the last that holds a task.
        let (_notice, settled) = self.faults.register().leave(self.id);
        if settled {
            self.faults.settled.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::Directions;

    fn down() -> Effect {
        Effect::Down { refuse: false }
    }

    fn all() -> Scope {
        Scope::whole(Directions::Both)
    }

    #[test]
    fn a_fault_removed_before_it_was_added_stays_out() {
        let (faults, hits) = (Faults::default(), Hits::new());
        faults.remove(&hits);
        faults.add(down(), all(), &hits);
        assert!(faults.current().1.cut().is_none());
    }

    #[test]
    fn removing_takes_out_exactly_one_and_may_be_repeated() {
        let (faults, a, b) = (Faults::default(), Hits::new(), Hits::new());
        faults.add(down(), all(), &a);
        faults.add(down(), all(), &b);
        faults.remove(&a);
        faults.remove(&a);
        let (_, plan) = faults.current();
        assert!(plan.cut().is_some_and(|cut| Arc::ptr_eq(&cut.hits, &b)));
    }

    #[test]
    fn every_change_has_a_new_version_and_a_dropped_seat_is_free() {
        let faults = Arc::new(Faults::default());
        let before = faults.version();
        faults.add(down(), all(), &Hits::new());
        assert!(faults.version() > before);
        let seat = faults.enter();
        assert_eq!((seat.id, faults.accepted(), faults.register().seats.len()), (0, 1, 1));
        drop(seat);
        assert_eq!(faults.register().seats.len(), 0);
    }

    #[test]
    fn as_many_as_the_limit_are_let_in_and_a_place_that_is_left_is_free() {
        let faults = Arc::new(Faults::default());
        let [a, b, c] = [(); 3].map(|()| faults.enter());
        assert!(a.admit(Some(2)) && b.admit(Some(2)) && !c.admit(Some(2)));
        assert!(a.admit(Some(1)), "who is in stays in");
        drop(b);
        assert!(c.admit(Some(2)));
        drop((a, c));
        assert_eq!(faults.register().admitted, 0);
    }

    #[test]
    fn only_connections_that_were_there_are_waited_for_and_one_that_leaves_is_not() {
        let faults = Arc::new(Faults::default());
        let behind = || faults.register().behind;
        let [a, b, c] = [(); 3].map(|()| faults.enter());
        faults.add(down(), all(), &Hits::new());
        let late = faults.enter();
        assert_eq!(behind(), 3);
        a.saw(faults.version());
        late.saw(faults.version());
        drop(b);
        assert_eq!(behind(), 1);
        faults.add(down(), all(), &Hits::new());
        assert_eq!(behind(), 3, "a, c and the late one do not know the newest");
        c.saw(faults.version() - 1);
        assert_eq!(behind(), 3, "an older plan is not enough");
        [&a, &c, &late].iter().for_each(|seat| seat.saw(faults.version()));
        assert_eq!(behind(), 0);
        drop((a, c, late));
        assert_eq!(behind(), 0);
    }

    #[tokio::test]
    async fn a_change_waits_for_the_last_connection() {
        let faults = Arc::new(Faults::default());
        let (a, b) = (faults.enter(), faults.enter());
        assert!(faults.settled().await);
        faults.add(down(), all(), &Hits::new());
        let waiting = tokio::spawn({
            let faults = faults.clone();
            async move { faults.settled().await }
        });
        a.saw(faults.version());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(b);
        assert!(waiting.await.unwrap());
    }
}
