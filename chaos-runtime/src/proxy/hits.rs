//! What a fault of the proxy did so far: the counters behind its evidence.

use crate::fault::Evidence;
use crate::figure;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Number of a connection in its proxy, counted from 0 in the order of acceptance.
pub(super) type ConnectionId = u64;

/// The counters of one fault. Its `Arc` is also the fault's identity in the proxy's set of faults.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    hits: AtomicU64,
    connections: Mutex<HashSet<ConnectionId>>,
    start: OnceLock<Start>,
    cleared: AtomicBool,
}

/// The proxy's traffic when the fault was set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) open: u64,
    pub(super) accepted: u64,
}

impl Hits {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Counts `n` hits.
    pub(super) fn add(&self, n: u64) {
        self.hits.fetch_add(n, Relaxed);
    }

    /// Notes that a connection was hit; `false` if that was known already.
    pub(super) fn touch(&self, connection: ConnectionId) -> bool {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).insert(connection)
    }

    /// Counts a connection as hit, once.
    pub(super) fn strike(&self, connection: ConnectionId) {
        if self.touch(connection) {
            self.add(1);
        }
    }

    pub(super) fn started(&self, start: Start) {
        // Set twice only if a fault is injected twice; the first start is the one to count from.
        let _ = self.start.set(start);
    }

    /// How many connections were there to be hit, given how many were accepted until now.
    pub(super) fn chances(&self, accepted: u64) -> u64 {
        self.start.get().map_or(0, |start| start.open + accepted.saturating_sub(start.accepted))
    }

    /// From now on the fault can't be set any more: its undo has run.
    pub(super) fn clear(&self) {
        self.cleared.store(true, Relaxed);
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.load(Relaxed)
    }

    /// Hits so far.
    pub(crate) fn count(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// Connections hit so far.
    pub(crate) fn connections(&self) -> u64 {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// `1,912 chunks delayed on 64 connections`; `what` is `chunk`, `done` is `delayed`.
    pub(crate) fn evidence(&self, what: &str, done: &str) -> Evidence {
        let (hits, connections) = (self.count(), self.connections());
        Evidence::counted(
            hits,
            format!("{} {done} on {}", figure::counted(hits, what), figure::counted(connections, "connection")),
        )
    }

    /// `3 resolutions failed`: each connection asks for the service's addresses once.
    pub(crate) fn evidence_of_resolutions(&self, done: &str) -> Evidence {
        let hits = self.count();
        Evidence::counted(hits, format!("{} {done}", figure::counted(hits, "resolution")))
    }

    /// `64 connections reset`.
    pub(crate) fn evidence_of_connections(&self, done: &str) -> Evidence {
        let hits = self.count();
        Evidence::counted(hits, format!("{} {done}", figure::counted(hits, "connection")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_reads_as_a_sentence() {
        let hits = Hits::new();
        assert!(!hits.evidence("chunk", "delayed").is_seen());
        hits.strike(7);
        assert_eq!(hits.evidence("chunk", "delayed").text(), "1 chunk delayed on 1 connection");
        hits.add(1_911);
        hits.touch(8);
        hits.touch(8);
        let evidence = hits.evidence("chunk", "delayed");
        assert_eq!(evidence.text(), "1,912 chunks delayed on 2 connections");
        assert_eq!(evidence.hits(), Some(1_912));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts: Vec<_> = [0, 999, 1_000, 123_456, 1_234_567].map(|n| figure::counted(n, "byte")).into();
        assert_eq!(texts, ["0 bytes", "999 bytes", "1,000 bytes", "123,456 bytes", "1,234,567 bytes"]);
    }
}
