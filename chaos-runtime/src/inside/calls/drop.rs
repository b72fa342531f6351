//! Drop: calls are cancelled midway.

use super::steering::{Harm, OnCalls, Place};
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;
use std::time::Duration;

/// Calls are begun and dropped midway. Made by `dropped` of a switch.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CallDrop {
    calls: OnCalls,
    after: Duration,
}

impl CallDrop {
    pub(super) fn new(place: &Place) -> Self {
        Self { calls: OnCalls::new(place), after: Duration::ZERO }
    }

    /// How long a call may take. Default: it is dropped the first time that it waits for something.
    pub fn after(mut self, after: Duration) -> Self {
        self.after = after;
        self
    }

    /// Only this share of calls. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.calls.share = share;
        self
    }
}

impl Fault for CallDrop {
    fn describe(&self) -> String {
        let after = if self.after.is_zero() { "midway".to_owned() } else { format!("after {:?}", self.after) };
        format!("calls dropped {after}{}", self.calls.share_text())
    }

    fn target(&self) -> String {
        self.calls.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.calls.check()
    }

    fn undo(&self) -> Undo {
        self.calls.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.calls.set(Harm::Drop { after: self.after }, cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.calls.evidence("dropped"))
    }
}

impl Held for CallDrop {}
