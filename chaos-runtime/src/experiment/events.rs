//! The log of what happened, in order, on the experiment's clock.

use crate::clock::{Clock, micros};
use crate::report::journal::{Event, EventKind};
use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

/// What happened so far. Clones share one log.
#[derive(Debug, Clone)]
pub(crate) struct EventLog {
    clock: Clock,
    events: Arc<Mutex<Vec<Event>>>,
}

impl EventLog {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, events: Arc::default() }
    }

    /// Notes that something happened now.
    pub(crate) fn note(&self, kind: EventKind, text: impl Into<String>) {
        let event = Event { at_us: micros(self.clock.now()), kind, text: text.into() };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// The events since the last call with the same counter.
    pub(crate) fn since(&self, told: &Cell<usize>) -> Vec<Event> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.replace(events.len());
        events[known.min(events.len())..].to_vec()
    }

    /// All events so far, oldest first.
    pub(crate) fn snapshot(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
