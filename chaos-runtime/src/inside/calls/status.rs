//! Status: a share of calls is answered without being made.

use super::steering::{Harm, Instead, OnCalls, Place};
use crate::Result;
use crate::error::Error;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::units::Percent;
use http::StatusCode;

/// Calls get an empty answer with a status, and never leave the client. Made by
/// [`ChaosMiddleware::status`](super::ChaosMiddleware::status).
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CallStatus {
    calls: OnCalls,
    status: u16,
}

impl CallStatus {
    pub(super) fn new(place: &Place, status: u16) -> Self {
        Self { calls: OnCalls::new(place), status }
    }

    /// Only this share of calls. Default: all.
    pub fn share(mut self, share: Percent) -> Self {
        self.calls.share = share;
        self
    }

    fn code(&self) -> Result<StatusCode> {
        // 1xx are no final answers.
        StatusCode::from_u16(self.status).ok().filter(|code| !code.is_informational() && self.status < 600).ok_or_else(
            || {
                Error::new(format!("{} is no status of an answer", self.status))
                    .help("use one from 200 to 599: status(503)")
            },
        )
    }
}

impl Fault for CallStatus {
    fn describe(&self) -> String {
        format!("status {}{}", self.status, self.calls.share_text())
    }

    fn target(&self) -> String {
        self.calls.target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.code()?;
        self.calls.check()
    }

    fn undo(&self) -> Undo {
        self.calls.undo(self.describe())
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.calls.set(Harm::Instead(Instead::Status(self.code()?)), cx)
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(self.calls.evidence("answered"))
    }
}

impl Held for CallStatus {}
