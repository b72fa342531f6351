//! Latency: calls take longer.

use super::steering::{Harm, OnCalls, Place};
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::inside::draw::check_delay;
use crate::rollback::Undo;
use crate::units::Percent;
use std::time::Duration;

/// What comes of a call is held back. Made by `latency` of a switch.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CallLatency {
    calls: OnCalls,
    delay: Duration,
    jitter: Duration,
}

impl CallLatency {
    pub(super) fn new(place: &Place, delay: Duration) -> Self {
        Self { calls: OnCalls::new(place), delay, jitter: Duration::ZERO }
    }

    /// Each call's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Only this share of calls. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.calls.share = share;
        self
    }
}

impl Fault for CallLatency {
    fn describe(&self) -> String {
        let jitter = if self.jitter.is_zero() { String::new() } else { format!(" ± {:?}", self.jitter) };
        format!("latency {:?}{jitter}{}", self.delay, self.calls.share_text())
    }

    fn target(&self) -> String {
        self.calls.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.calls.check()?;
        check_delay(self.delay, self.jitter)
    }

    fn undo(&self) -> Undo {
        self.calls.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.calls.set(Harm::Latency { delay: self.delay, jitter: self.jitter }, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.calls.evidence("delayed"))
    }
}

impl Held for CallLatency {}
