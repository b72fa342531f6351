//! Which phase an instant belongs to; read by the drivers for every operation, written a few times a run.

use crate::clock::Nanos;
use crate::report::journal::PhaseKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A stretch of the timeline; it ends where the next one starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) kind: PhaseKind,
    pub(crate) start: Nanos,
}

/// The segments so far. Readers keep a copy and renew it when [`PhaseClock::version`] moved.
#[derive(Debug, Default)]
pub(crate) struct PhaseClock {
    version: AtomicUsize,
    segments: Mutex<Vec<Segment>>,
}

impl PhaseClock {
    /// How many segments there are: one atomic load, so that readers see at once whether to look again.
    pub(crate) fn version(&self) -> usize {
        self.version.load(Ordering::Acquire)
    }

    /// All segments, oldest first.
    pub(crate) fn segments(&self) -> Vec<Segment> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a segment. An operation due at or after `start` belongs to it.
    pub(crate) fn begin(&self, kind: PhaseKind, start: Nanos) {
        let mut segments = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        // Two calls in one instant: the later one wins, an empty segment tells nothing.
        if segments.last().is_some_and(|last| last.start == start) {
            segments.pop();
        }
        segments.push(Segment { kind, start });
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The current phase.
    pub(crate) fn current(&self) -> Option<Segment> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner).last().copied()
    }
}
