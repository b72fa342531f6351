//! The set of active faults of requests, changed atomically towards all of them.
//!
//! A request takes the plan of the moment in which its head is complete, and keeps to it. So a change never meets a
//! request half-way, and nobody need be told of it. Without a fault a request costs one atomic load.

use super::hits::RequestHits;
use super::plan::{Decision, Plan};
use super::rule::Rule;
use http::request::Parts;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The active faults of one proxy's requests, and what its connections turned out to be.
#[derive(Debug, Default)]
pub(crate) struct HttpFaults {
    any: AtomicBool,
    set: Mutex<Set>,
    /// Connections whose client began with a TLS handshake.
    tls: AtomicU64,
    /// Connections that speak neither HTTP nor TLS.
    foreign: AtomicU64,
}

#[derive(Debug, Default)]
struct Set {
    rules: Vec<Arc<Rule>>,
    plan: Arc<Plan>,
}

impl HttpFaults {
    /// Adds a fault. Does nothing if its undo has run already.
    pub(super) fn add(&self, rule: Rule) {
        self.change(|rules| {
            if !rule.hits.is_cleared() {
                rules.push(Arc::new(rule));
            }
        });
    }

    /// Removes a fault, and bars it from being added again. Any number of times.
    pub(super) fn remove(&self, hits: &Arc<RequestHits>) {
        self.change(|rules| {
            hits.clear();
            rules.retain(|rule| !Arc::ptr_eq(&rule.hits, hits));
        });
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Rule>>)) {
        let mut set = self.set();
        change(&mut set.rules);
        set.plan = Arc::new(Plan::of(&set.rules));
        self.any.store(!set.rules.is_empty(), Ordering::Release);
    }

    /// What happens to a request that arrives now; `None` if there is no fault.
    pub(super) fn decide(&self, request: &Parts) -> Option<Decision> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        // Under the lock, so that who has removed a fault finds all its answers counted.
        Some(self.set().plan.decide(request))
    }

    pub(super) fn note_tls(&self) {
        self.tls.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_foreign(&self) {
        self.foreign.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that were TLS, and those that were something else but HTTP.
    pub(super) fn opaque(&self) -> (u64, u64) {
        (self.tls.load(Ordering::Relaxed), self.foreign.load(Ordering::Relaxed))
    }

    fn set(&self) -> MutexGuard<'_, Set> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
