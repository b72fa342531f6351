//! Limit: only so many calls at a time.

use super::steering::{Harm, OnCalls, Place};
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
use crate::units::Percent;
use crate::{Error, Result};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Calls wait until few enough are under way. Made by `concurrency_limit` of a switch.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CallLimit {
    calls: OnCalls,
    most: usize,
}

impl CallLimit {
    pub(super) fn new(place: &Place, most: usize) -> Self {
        Self { calls: OnCalls::new(place), most }
    }

    /// Only this share of calls needs a place. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.calls.share = share;
        self
    }
}

impl Fault for CallLimit {
    fn describe(&self) -> String {
        format!("limit of {} at a time{}", figure::counted(self.most as u64, "call"), self.calls.share_text())
    }

    fn target(&self) -> String {
        self.calls.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.calls.check()?;
        if self.most == 0 {
            return Err(Error::new("with no call at a time, none could ever be made")
                .help("use concurrency_limit(1) or more; error_rate(percent(100)) fails all calls"));
        }
        if self.most > Semaphore::MAX_PERMITS {
            return Err(Error::new(format!("{} calls at a time is no limit", self.most))
                .help("use about as many as the load has under way, or fewer"));
        }
        Ok(())
    }

    fn undo(&self) -> Undo {
        self.calls.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.calls.set(Harm::Limit(Arc::new(Semaphore::new(self.most))), cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.calls.evidence("held up"))
    }
}

impl Held for CallLimit {}
