//! Latency: reads and writes take longer.

use super::steering::{Kind, OnStreams};
use super::switch::StreamSwitch;
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::inside::draw::check_delay;
use crate::rollback::Undo;
use crate::units::Percent;
use std::time::Duration;

/// Reads hand out their bytes later, writes are taken later. Made by
/// [`StreamSwitch::latency`](super::StreamSwitch::latency).
///
/// The operations of one direction wait one after the other, so it limits throughput as a slow disk does.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct StreamLatency {
    streams: OnStreams,
    delay: Duration,
    jitter: Duration,
}

impl StreamLatency {
    pub(super) fn new(switch: &StreamSwitch, delay: Duration) -> Self {
        Self { streams: OnStreams::new(switch), delay, jitter: Duration::ZERO }
    }

    /// Each operation's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Only this share of reads and writes. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.streams.share = share;
        self
    }

    directions!(streams);
}

impl Fault for StreamLatency {
    fn describe(&self) -> String {
        let jitter = if self.jitter.is_zero() { String::new() } else { format!(" ± {:?}", self.jitter) };
        let (sides, share) = (self.streams.sides.text(), self.streams.share_text("them"));
        format!("latency {:?}{jitter} of {sides}{share}", self.delay)
    }

    fn target(&self) -> String {
        self.streams.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.streams.check("operations")?;
        check_delay(self.delay, self.jitter)
    }

    fn undo(&self) -> Undo {
        self.streams.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.streams.set(Kind::Latency { delay: self.delay, jitter: self.jitter }, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.streams.evidence("operation", "delayed"))
    }
}

impl Held for StreamLatency {}
