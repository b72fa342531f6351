//! What a fault inside the process did so far, and whether it is over.

// Calls and points count what they look at, streams don't.
#![cfg_attr(not(all(feature = "points", feature = "tower")), allow(dead_code))]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

/// The counters of one fault. Its `Arc` is also the fault's identity in its switch.
#[derive(Debug, Default)]
pub(super) struct Tally {
    seen: AtomicU64,
    hit: AtomicU64,
    cleared: AtomicBool,
    over: Notify,
}

impl Tally {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The number of what comes next, counted from 0.
    pub(super) fn next(&self) -> u64 {
        self.seen.fetch_add(1, Relaxed)
    }

    /// Counts a hit.
    pub(super) fn strike(&self) {
        self.add(1);
    }

    /// Counts `n` hits.
    pub(super) fn add(&self, n: u64) {
        self.hit.fetch_add(n, Relaxed);
    }

    /// Counts a hit unless there were `most`; whether it was counted.
    pub(super) fn strike_up_to(&self, most: u64) -> bool {
        self.hit.fetch_update(Relaxed, Relaxed, |hit| (hit < most).then_some(hit + 1)).is_ok()
    }

    /// How many were looked at.
    pub(super) fn seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// How many were hit.
    pub(super) fn hit(&self) -> u64 {
        self.hit.load(Relaxed)
    }

    /// Ends the fault, for those that wait in it too. It can't be set any more.
    pub(super) fn clear(&self) {
        self.cleared.store(true, SeqCst);
        self.over.notify_waiters();
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.load(SeqCst)
    }

    /// Waits for the end of the fault.
    pub(super) async fn over(&self) {
        // Made before the look: it hears of every clearance from its making on.
        let over = self.over.notified();
        if !self.is_cleared() {
            over.await;
        }
    }
}

/// Holds something back for all of these faults, one after the other, each for as long as it is on.
pub(super) async fn hold_back(delays: Vec<(Duration, Arc<Tally>)>) {
    for (delay, tally) in delays {
        tokio::select! {
            biased;
            () = tally.over() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_of_the_end_and_who_comes_late_does_not_wait() {
        let tally = Tally::new();
        let waiting = tokio::spawn({
            let tally = tally.clone();
            async move { tally.over().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        tally.clear();
        waiting.await.unwrap();
        tally.over().await;
    }

    #[test]
    fn a_limit_of_hits_is_kept() {
        let tally = Tally::new();
        let struck = (0..10).filter(|_| tally.strike_up_to(3)).count();
        assert_eq!((struck, tally.hit()), (3, 3));
    }
}
