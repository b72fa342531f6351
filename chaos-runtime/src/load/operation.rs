//! One unit of work.

use crate::Result;
use crate::measure::Outcome;
use std::future::Future;

/// An operation's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId {
    pub(crate) load: u32,
    pub(crate) index: u64,
}

impl OpId {
    pub(crate) fn new(load: u32, index: u64) -> Self {
        Self { load, index }
    }
}

/// One unit of work, run again and again by a load's workers.
pub trait Operation: Send + Sync + 'static {
    /// One attempt. Never panics for a failure of the service: that is an [`Outcome`].
    fn attempt(&self, id: OpId) -> impl Future<Output = Outcome>;

    /// For reports: `GET http://127.0.0.1:4000/checkout`.
    fn describe(&self) -> String;

    /// Called once on the driver's thread before the first operation.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }
}
