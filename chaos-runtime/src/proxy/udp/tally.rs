//! What a fault of the UDP proxy did so far: the counters behind its evidence.

use crate::figure;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// The counters of one fault. Its `Arc` is also the fault's identity in the proxy's set of faults.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    seen: AtomicU64,
    hits: AtomicU64,
    /// Datagrams that got lost because too much was waiting: no part of the fault.
    overflown: AtomicU64,
    cleared: AtomicBool,
}

impl Tally {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Counts a datagram that came to the fault, and whether it is hit.
    pub(super) fn see(&self, is_hit: bool) -> bool {
        self.seen.fetch_add(1, Relaxed);
        if is_hit {
            self.hits.fetch_add(1, Relaxed);
        }
        is_hit
    }

    /// Counts one that came to the fault before as hit.
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
    }

    pub(super) fn overflow(&self) {
        self.overflown.fetch_add(1, Relaxed);
    }

    /// From now on the fault can't be set any more: its undo has run.
    pub(super) fn clear(&self) {
        self.cleared.store(true, Relaxed);
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.load(Relaxed)
    }

    /// Datagrams that came to the fault.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// Datagrams that it hit.
    pub(crate) fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// `1,003 of 10,000 datagrams lost`.
    pub(crate) fn in_words(&self, done: &str) -> String {
        let (hits, seen) = (figure::count(self.hits()), figure::counted(self.seen(), "datagram"));
        let more = match self.overflown.load(Relaxed) {
            0 => String::new(),
            n => format!("; {} beyond that lost because too much was waiting", figure::counted(n, "datagram")),
        };
        format!("{hits} of {seen} {done}{more}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let tally = Tally::new();
        assert!(tally.see(true));
        assert!(!tally.see(false));
        assert_eq!(tally.in_words("lost"), "1 of 2 datagrams lost");
        (0..9_998).for_each(|i| _ = tally.see(i < 1_002));
        assert_eq!(tally.in_words("lost"), "1,003 of 10,000 datagrams lost");
        tally.overflow();
        let more = "; 1 datagram beyond that lost because too much was waiting";
        assert_eq!(tally.in_words("late"), format!("1,003 of 10,000 datagrams late{more}"));
    }
}
