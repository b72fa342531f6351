//! What a fault has of the experiment around it.

use super::InjectCx;
use crate::Result;
use crate::experiment::events::EventLog;
use crate::report::journal::EventKind;
use crate::rollback::Recipe;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Writes down, before more harm is done, that there is more to undo.
pub(crate) type Amend = Arc<dyn Fn(Recipe) -> Result<()> + Send + Sync>;

/// What a fault has of the experiment around it; nothing, where there is none.
#[derive(Clone, Default)]
pub(crate) struct Around {
    events: Option<EventLog>,
    /// `confirm = …` of the attribute.
    pub(crate) confirm: Option<Duration>,
    pub(crate) amend: Option<Amend>,
}

impl Around {
    pub(crate) fn new(events: EventLog, confirm: Option<Duration>) -> Self {
        Self { events: Some(events), confirm, amend: None }
    }

    /// How a fault replaces its recorded undo by one that covers more.
    pub(crate) fn amend_by(&mut self, amend: impl Fn(Recipe) -> Result<()> + Send + Sync + 'static) {
        self.amend = Some(Arc::new(amend));
    }

    pub(crate) fn note(&self, kind: EventKind, text: impl Into<String>) {
        if let Some(events) = &self.events {
            events.note(kind, text);
        }
    }

    const NOTHING: Self = Self { events: None, confirm: None, amend: None };
}

impl fmt::Debug for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").field("events", &self.events.is_some()).finish_non_exhaustive()
    }
}

impl InjectCx {
    /// One without an experiment around it, for tests of a fault of your own.
    pub const fn new(seed: u64, held: bool, hold: Option<Duration>) -> Self {
        Self { seed, held, hold, around: Around::NOTHING }
    }

    /// Notes in the journal what the fault is doing now: `step 2 of 3 has begun`.
    pub fn note(&self, text: impl Into<String>) {
        self.around.note(EventKind::Note, text);
    }
}
