//! Reset: the connection is gone.

use super::steering::{Kind, OnStreams};
use super::switch::StreamSwitch;
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;

/// Streams are reset as they are used. Made by [`StreamSwitch::reset`](super::StreamSwitch::reset).
///
/// The peer sees no reset, but the end of the stream once it is dropped.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct StreamReset(OnStreams);

impl StreamReset {
    pub(super) fn new(switch: &StreamSwitch) -> Self {
        Self(OnStreams::new(switch))
    }

    /// Only this share of streams. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.0.share = share;
        self
    }
}

impl Fault for StreamReset {
    fn describe(&self) -> String {
        format!("reset{}", self.0.share_text("streams"))
    }

    fn target(&self) -> String {
        self.0.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.0.check("streams")
    }

    fn undo(&self) -> Undo {
        self.0.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.0.set(Kind::Reset, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.0.evidence("stream", "reset"))
    }
}

impl Held for StreamReset {}
