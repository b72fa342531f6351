//! What all faults on streams have in common.

use super::switch::StreamSwitch;
use crate::Result;
use crate::fault::{Evidence, InjectCx};
use crate::figure;
use crate::inside::draw::{Draw, check_share, share_text};
use crate::inside::switch::Active;
use crate::inside::tally::Tally;
use crate::rollback::Undo;
use crate::units::{Percent, percent};
use std::sync::Arc;
use std::time::Duration;

/// What one fault does, and to which direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Harm {
    pub(super) kind: Kind,
    pub(super) sides: Sides,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Latency { delay: Duration, jitter: Duration },
    Slices { most: usize },
    Reset,
    Stall,
    Corruption,
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

/// Directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sides {
    Reads,
    Writes,
    Both,
}

impl Sides {
    pub(super) fn contain(self, side: Side) -> bool {
        match self {
            Self::Both => true,
            Self::Reads => side == Side::Read,
            Self::Writes => side == Side::Write,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Both => "reads and writes",
        }
    }
}

/// A fault on the streams of one switch: its directions, its share, and what it did.
#[derive(Debug)]
pub(super) struct OnStreams {
    switch: StreamSwitch,
    pub(super) share: Percent,
    pub(super) sides: Sides,
    tally: Arc<Tally>,
}

impl OnStreams {
    pub(super) fn new(switch: &StreamSwitch) -> Self {
        Self { switch: switch.clone(), share: percent(100), sides: Sides::Both, tally: Tally::new() }
    }

    pub(super) fn with_share(self, share: Percent) -> Self {
        Self { share, ..self }
    }

    pub(super) fn check(&self, of: &str) -> Result<()> {
        check_share(self.share, of)
    }

    pub(super) fn share_text(&self, of: &str) -> String {
        share_text(self.share, of)
    }

    pub(super) fn target(&self) -> String {
        self.switch.name.to_string()
    }

    pub(super) fn undo(&self, what: String) -> Undo {
        let (shared, tally) = (self.switch.shared.clone(), self.tally.clone());
        Undo::in_process(format!("remove the {what} from the {}", self.switch.name), move || {
            shared.faults.clear(&tally);
            std::future::ready(Ok(()))
        })
    }

    pub(super) fn set(&self, kind: Kind, cx: &InjectCx) -> Result<()> {
        let harm = Harm { kind, sides: self.sides };
        let draw = Draw::new(cx.seed);
        let shared = &self.switch.shared;
        shared.faults.set(Active { harm, share: self.share, draw, tally: self.tally.clone() })?;
        shared.wake();
        Ok(())
    }

    /// `12 reads and writes delayed`: `what` is what is counted, `done` is `delayed`.
    pub(super) fn evidence(&self, what: &str, done: &str) -> Evidence {
        let hit = self.tally.hit();
        let text = match (hit, self.switch.shared.wrapped()) {
            (0, 0) => format!("no stream was wrapped by the {}", self.switch.name),
            (0, n) => {
                format!("{} wrapped by the {}, but nothing was {done}", figure::counted(n, "stream"), self.switch.name)
            }
            _ => format!("{} {done}", figure::counted(hit, what)),
        };
        Evidence::counted(hit, text)
    }
}

/// The methods that choose directions. `$streams` is the field of type [`OnStreams`].
macro_rules! directions {
    ($streams:ident) => {
        /// Only what is read from the stream. Default: both directions.
        pub fn reads(mut self) -> Self {
            self.$streams.sides = $crate::inside::stream::steering::Sides::Reads;
            self
        }

        /// Only what is written to the stream. Default: both directions.
        pub fn writes(mut self) -> Self {
            self.$streams.sides = $crate::inside::stream::steering::Sides::Writes;
            self
        }
    };
}
