//! Errors: a share of calls fails.

use super::steering::{Harm, Instead, OnCalls, Place};
use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;
use std::fmt;
use std::io;

/// A share of calls fails without being made. Made by `error_rate` of a switch.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CallError(OnCalls);

impl CallError {
    pub(super) fn new(place: &Place, share: Percent) -> Self {
        Self(OnCalls::new(place).with_share(share))
    }
}

impl Fault for CallError {
    fn describe(&self) -> String {
        format!("errors{}", self.0.share_text())
    }

    fn target(&self) -> String {
        self.0.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.0.check()
    }

    fn undo(&self) -> Undo {
        self.0.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.0.set(Harm::Instead(Instead::Error), cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.0.evidence("failed"))
    }
}

impl Held for CallError {}

/// What a call fails with that a fault has hit.
///
/// It converts into `Box<dyn Error + Send + Sync>` and into [`io::Error`]; write `From<ChaosError>` for an error type of
/// yours, or give the layer a closure that makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChaosError {
    pub(super) instead: Instead,
}

impl ChaosError {
    /// Whether the call was begun, and dropped before it ended.
    pub fn is_dropped(&self) -> bool {
        self.instead == Instead::Dropped
    }
}

impl fmt::Display for ChaosError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_dropped() { "call dropped by a chaos test" } else { "error injected by a chaos test" })
    }
}

impl std::error::Error for ChaosError {}

impl From<ChaosError> for io::Error {
    fn from(error: ChaosError) -> Self {
        Self::other(error)
    }
}
