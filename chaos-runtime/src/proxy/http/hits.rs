//! What a fault of requests did so far: the counters behind its evidence.

use crate::fault::Evidence;
use crate::figure;
use crate::proxy::hits::Hits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Notify;

/// The counters of one fault of requests. Its `Arc` is also the fault's identity in the set.
#[derive(Debug, Default)]
pub(crate) struct RequestHits {
    seen: AtomicU64,
    matched: AtomicU64,
    excluded: AtomicU64,
    hits: AtomicU64,
    cleared: AtomicBool,
    /// Lets go who waits in the fault.
    over: Notify,
    /// When the fault was set, in connections; for saying why it hit nothing.
    connections: Arc<Hits>,
}

impl RequestHits {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A request came while the fault was set.
    pub(super) fn saw(&self) {
        self.seen.fetch_add(1, Relaxed);
    }

    /// A request matched, and no exception held; its number among those, from 0.
    pub(super) fn matched(&self) -> u64 {
        self.matched.fetch_add(1, Relaxed)
    }

    /// A request matched, but an exception held.
    pub(super) fn excluded(&self) {
        self.excluded.fetch_add(1, Relaxed);
    }

    /// The fault did its harm to a request. Counted before anyone can notice.
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
    }

    /// Bars the fault from being set any more, and lets go who waits in it.
    pub(super) fn clear(&self) {
        self.cleared.store(true, Relaxed);
        self.over.notify_waiters();
    }

    pub(super) fn is_cleared(&self) -> bool {
        self.cleared.load(Relaxed)
    }

    /// Waits, but not longer than the fault lasts.
    pub(super) async fn delay(&self, time: Duration) {
        let mut over = std::pin::pin!(self.over.notified());
        over.as_mut().enable();
        if !self.is_cleared() {
            let _ = tokio::time::timeout(time, over).await;
        }
    }

    /// The proxy's connections since the fault was set.
    pub(crate) fn connections(&self) -> &Arc<Hits> {
        &self.connections
    }

    /// Requests since the fault was set.
    pub(crate) fn total(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// Requests that matched and were not excluded.
    pub(crate) fn matching(&self) -> u64 {
        self.matched.load(Relaxed)
    }

    /// Requests that matched but for an exception.
    pub(crate) fn exclusions(&self) -> u64 {
        self.excluded.load(Relaxed)
    }

    /// Requests that were harmed.
    pub(crate) fn count(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// `37 of 412 requests answered with 503, 12 excluded`.
    pub(crate) fn evidence(&self, done: &str) -> Evidence {
        // Read in this order, so that no part is larger than the whole.
        let (hits, excluded, matching) = (self.count(), self.exclusions(), self.matching());
        let total = self.total();
        let mut text = format!("{} of {} {done}", figure::count(hits), figure::counted(total, "request"));
        if matching + excluded < total {
            text.push_str(&format!(", {} matched", figure::count(matching)));
        }
        if excluded > 0 {
            text.push_str(&format!(", {} excluded", figure::count(excluded)));
        }
        Evidence::counted(hits, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, secs};

    #[test]
    fn evidence_reads_as_a_sentence() {
        let hits = RequestHits::new();
        (0..412).for_each(|_| hits.saw());
        (0..12).for_each(|_| hits.excluded());
        (0..400).for_each(|_| _ = hits.matched());
        (0..37).for_each(|_| hits.hit());
        let evidence = hits.evidence("answered with 503");
        assert_eq!(evidence.text(), "37 of 412 requests answered with 503, 12 excluded");
        assert_eq!(evidence.hits(), Some(37));
        (0..1_000).for_each(|_| hits.saw());
        let text = hits.evidence("delayed").text().to_owned();
        assert_eq!(text, "37 of 1,412 requests delayed, 400 matched, 12 excluded");
    }

    #[tokio::test]
    async fn who_waits_in_a_fault_is_let_go_when_it_ends() {
        let hits = RequestHits::new();
        let started = tokio::time::Instant::now();
        hits.delay(millis(20)).await;
        assert!(started.elapsed() >= millis(20));
        let waiting = tokio::spawn({
            let hits = hits.clone();
            async move { hits.delay(secs(3_600)).await }
        });
        tokio::task::yield_now().await;
        hits.clear();
        waiting.await.unwrap();
        hits.delay(secs(3_600)).await;
    }
}
