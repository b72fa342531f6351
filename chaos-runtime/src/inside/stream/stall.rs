//! Stall: nothing moves.

use super::steering::{Kind, OnStreams};
use super::switch::StreamSwitch;
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;

/// Reads and writes wait. Made by [`StreamSwitch::stall`](super::StreamSwitch::stall).
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct StreamStall {
    streams: OnStreams,
}

impl StreamStall {
    pub(super) fn new(switch: &StreamSwitch) -> Self {
        Self { streams: OnStreams::new(switch) }
    }

    /// Only this share of streams. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.streams.share = share;
        self
    }

    directions!(streams);
}

impl Fault for StreamStall {
    fn describe(&self) -> String {
        format!("{} stalled{}", self.streams.sides.text(), self.streams.share_text("streams"))
    }

    fn target(&self) -> String {
        self.streams.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.streams.check("streams")
    }

    fn undo(&self) -> Undo {
        self.streams.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.streams.set(Kind::Stall, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.streams.evidence("operation", "stalled"))
    }
}

impl Held for StreamStall {}
