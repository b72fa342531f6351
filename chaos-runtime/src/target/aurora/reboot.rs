//! The writer's engine is restarted.

use super::handle::Aurora;
use super::place::Place;
use super::until::Until;
use super::work::Prepared;
use crate::Result;
use crate::fault::{Evidence, Fault, InjectCx, OneShot};
use crate::rollback::Undo;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// The writer is restarted. A one-shot fault; see [`Aurora::reboot_writer`].
#[must_use = "a fault does nothing until it is injected"]
pub struct RebootWriter {
    aurora: Aurora,
    with_failover: bool,
    until: Option<Until>,
    prepared: Prepared,
}

impl Aurora {
    /// A fault: the writer ends in order and starts again, as `RebootDBInstance` has it: that is what is called on a real
    /// cluster. Connections to it are cut; it stays the writer, unless [`with_failover`](RebootWriter::with_failover).
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// # let aurora = chaos.aurora("payments").await?;
    /// chaos.inject(aurora.reboot_writer()).await?;
    /// # Ok(()) }
    /// ```
    pub fn reboot_writer(&self) -> RebootWriter {
        RebootWriter { aurora: self.clone(), with_failover: false, until: None, prepared: Prepared::default() }
    }
}

impl RebootWriter {
    /// A reader takes the writer's place meanwhile and keeps it (`ForceFailover` on a real cluster, which needs a reader
    /// in another zone for it).
    pub fn with_failover(mut self) -> Self {
        self.with_failover = true;
        self
    }

    /// A write of your own, by which it is seen that the cluster takes writes again: see
    /// [`Failover::until`](super::Failover::until).
    pub fn until<F, Fut, T, E>(mut self, write: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Display,
    {
        self.until = Some(Until::new(write));
        self
    }
}

impl Fault for RebootWriter {
    fn describe(&self) -> String {
        let how = if self.with_failover { " with failover" } else { "" };
        format!("reboot of the writer{how}")
    }

    fn target(&self) -> String {
        self.aurora.place().target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let until = self.until.clone();
        match self.aurora.place() {
            #[cfg(feature = "docker")]
            Place::Local(cluster) if self.with_failover => {
                use super::failover::{Cause, Manner, Move, Order};
                let promotion = self.aurora.place().promotion_time();
                let manner = Manner { promotion, hang: false, endpoint: Move::AtOnce, fence: false };
                let order = Order { cause: Cause::Asked, to: None, until, manner };
                self.prepared.set(super::local::Failover::prepare(cluster, order).await?);
            }
            #[cfg(feature = "docker")]
            Place::Local(cluster) => self.prepared.set(super::local::Restart::prepare(cluster, until).await?),
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => {
                let call = super::rds::Call::Reboot { with_failover: self.with_failover };
                let what = format!("{} of {}", self.describe(), self.target());
                self.prepared.set(super::rds::Course::prepare(cluster, call, until, what).await?);
            }
        }
        Ok(())
    }

    async fn preview(&mut self, _cx: &InjectCx) -> Result<String> {
        let who = self.aurora.writer().await?;
        Ok(format!("{} on {}, which is {who}", self.describe(), self.target()))
    }

    fn undo(&self) -> Undo {
        self.prepared.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.prepared.inject(cx).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        self.prepared.evidence().await
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.aurora.place().confirm_within()
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        self.prepared.completion().await
    }
}

impl OneShot for RebootWriter {}

impl std::fmt::Debug for RebootWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RebootWriter")
            .field("target", &self.target())
            .field("what", &self.describe())
            .finish_non_exhaustive()
    }
}
