//! Slices: partial reads and writes.

use super::steering::{Kind, OnStreams};
use super::switch::StreamSwitch;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
use crate::units::Percent;
use crate::{Error, Result};

/// Reads and writes of few bytes. Made by [`StreamSwitch::slices`](super::StreamSwitch::slices).
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct StreamSlices {
    streams: OnStreams,
    most: usize,
}

impl StreamSlices {
    pub(super) fn new(switch: &StreamSwitch, most: usize) -> Self {
        Self { streams: OnStreams::new(switch), most }
    }

    /// Only this share of reads and writes. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.streams.share = share;
        self
    }

    directions!(streams);
}

impl Fault for StreamSlices {
    fn describe(&self) -> String {
        let (sides, share) = (self.streams.sides.text(), self.streams.share_text("them"));
        format!("{sides} of {} at most{share}", figure::counted(self.most as u64, "byte"))
    }

    fn target(&self) -> String {
        self.streams.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.most == 0 {
            return Err(Error::new("slices of no byte would be the end of the stream")
                .help("use slices(1) or more; stall() lets nothing pass"));
        }
        self.streams.check("operations")
    }

    fn undo(&self) -> Undo {
        self.streams.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.streams.set(Kind::Slices { most: self.most }, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.streams.evidence("operation", "cut short"))
    }
}

impl Held for StreamSlices {}
