//! What all faults on calls have in common, and the methods that make them.

use crate::Result;
use crate::fault::{Evidence, InjectCx};
use crate::figure;
use crate::inside::draw::{Draw, check_share, share_text};
use crate::inside::switch::{Active, Switch};
use crate::inside::tally::Tally;
use crate::rollback::Undo;
use crate::units::{Percent, percent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// What one fault does to a call that it hits.
#[derive(Debug, Clone)]
pub(super) enum Harm {
    /// It waits until a place is free.
    Limit(Arc<Semaphore>),
    /// It fails, or is answered, without being made.
    Instead(Instead),
    /// It is begun and dropped if it takes longer.
    Drop { after: Duration },
    /// What comes of it is held back.
    Latency { delay: Duration, jitter: Duration },
}

/// What a caller gets instead of the service's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    Error,
    Dropped,
    #[cfg(feature = "reqwest-middleware")]
    Status(http::StatusCode),
}

/// Where calls pass, as all clones of a layer or middleware share it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) switch: Arc<Switch<Harm>>,
    name: Arc<str>,
}

impl Place {
    pub(super) fn new(name: &str) -> Self {
        Self { switch: Arc::default(), name: name.into() }
    }

    pub(super) fn named(self, kind: &str, name: &str) -> Self {
        Self { name: format!("{kind} `{name}`").into(), ..self }
    }
}

/// A fault on the calls of one place: which share it hits, and what it did.
#[derive(Debug)]
pub(super) struct OnCalls {
    place: Place,
    pub(super) share: Percent,
    tally: Arc<Tally>,
}

impl OnCalls {
    pub(super) fn new(place: &Place) -> Self {
        Self { place: place.clone(), share: percent(100), tally: Tally::new() }
    }

    pub(super) fn with_share(self, share: Percent) -> Self {
        Self { share, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        check_share(self.share, "calls")
    }

    pub(super) fn share_text(&self) -> String {
        share_text(self.share, "calls")
    }

    pub(super) fn target(&self) -> String {
        self.place.name.to_string()
    }

    pub(super) fn undo(&self, what: String) -> Undo {
        let (switch, tally) = (self.place.switch.clone(), self.tally.clone());
        Undo::in_process(format!("remove the {what} from the {}", self.place.name), move || {
            switch.clear(&tally);
            std::future::ready(Ok(()))
        })
    }

    pub(super) fn set(&self, harm: Harm, cx: &InjectCx) -> Result<()> {
        let draw = Draw::new(cx.seed);
        self.place.switch.set(Active { harm, share: self.share, draw, tally: self.tally.clone() })
    }

    /// `30 of 312 calls failed`; `done` is `failed`.
    pub(super) fn evidence(&self, done: &str) -> Evidence {
        let (hit, seen) = (self.tally.hit(), self.tally.seen());
        let text = match (hit, seen) {
            (0, 0) => format!("no call came through the {}", self.place.name),
            (0, _) => {
                format!("{} came through the {}, but none was {done}", figure::counted(seen, "call"), self.place.name)
            }
            _ => format!("{hit} of {} {done}", figure::counted(seen, "call")),
        };
        Evidence::counted(hit, text)
    }
}

/// The methods of a switch that make faults on calls. `$place` is its field of type [`Place`].
macro_rules! steering {
    ($place:ident) => {
        /// A fault: what comes of a call is held back for `delay`, be it an answer or an error. The service is called
        /// at once.
        pub fn latency(&self, delay: std::time::Duration) -> $crate::inside::CallLatency {
            $crate::inside::CallLatency::new(&self.$place, delay)
        }

        /// A fault: this share of calls fails without being made.
        pub fn error_rate(&self, share: $crate::Percent) -> $crate::inside::CallError {
            $crate::inside::CallError::new(&self.$place, share)
        }

        /// A fault: calls are begun, and dropped midway if they take longer than a moment. This is what happens to the
        /// code of a service when its caller gives up: its future ends at an `.await`, and nothing after it runs.
        ///
        /// The caller gets an error. A call that is over sooner is spared.
        pub fn dropped(&self) -> $crate::inside::CallDrop {
            $crate::inside::CallDrop::new(&self.$place)
        }

        /// A fault: no more than `most` calls are under way at a time; others wait, in the order of their arrival.
        ///
        /// Calls that were under way before the fault are not counted. What waits is the future of the call: a service that
        /// does work before its future is polled does that at once.
        pub fn concurrency_limit(&self, most: usize) -> $crate::inside::CallLimit {
            $crate::inside::CallLimit::new(&self.$place, most)
        }
    };
}
