//! What a load runs.

use super::OpId;
use crate::Result;
use crate::measure::Outcome;
use std::future::Future;

/// One unit of work, run again and again by a load's workers.
///
/// Made by [`op`](super::op) and [`http::get`](super::http::get); implement it for anything else. It is moved to the
/// load's own thread, which runs all attempts concurrently, so the future need not be `Send`.
pub trait Operation: Send + Sync + 'static {
    /// One attempt. Never panics for a failure of the service: that is an [`Outcome`]. Bounded by the load's time-out,
    /// which drops the future.
    fn attempt(&self, id: OpId) -> impl Future<Output = Outcome>;

    /// For reports: `GET http://127.0.0.1:4000/checkout`. Must not hold secrets.
    fn describe(&self) -> String;

    /// Called once on the load's thread before the first attempt, to build a client there.
    ///
    /// # Errors
    /// When the operation can never be attempted, such as a bad URL. The experiment ends before anything is injected.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }
}
