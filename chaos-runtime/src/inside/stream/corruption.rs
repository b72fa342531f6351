//! Corruption: bytes are changed.

use super::steering::{Kind, OnStreams};
use super::switch::StreamSwitch;
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;

/// Bytes become other ones. Made by [`StreamSwitch::corruption`](super::StreamSwitch::corruption).
///
/// Which ones, and into what, is a function of the seed, the stream's number and the byte's place in it.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct StreamCorruption {
    streams: OnStreams,
}

impl StreamCorruption {
    pub(super) fn new(switch: &StreamSwitch, share: Percent) -> Self {
        Self { streams: OnStreams::new(switch).with_share(share) }
    }

    directions!(streams);
}

impl Fault for StreamCorruption {
    fn describe(&self) -> String {
        format!("corruption of {}{}", self.streams.sides.text(), self.streams.share_text("bytes"))
    }

    fn target(&self) -> String {
        self.streams.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.streams.check("bytes")
    }

    fn undo(&self) -> Undo {
        self.streams.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.streams.set(Kind::Corruption, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.streams.evidence("byte", "changed"))
    }
}

impl Held for StreamCorruption {}
