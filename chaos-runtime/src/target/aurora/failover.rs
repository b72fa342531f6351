//! Another instance becomes the writer: asked for, or because the writer has crashed.

use super::handle::Aurora;
use super::place::Place;
use super::until::Until;
use super::work::Prepared;
use crate::Result;
use crate::claim::display;
use crate::fault::{Evidence, Fault, InjectCx, OneShot};
use crate::rollback::Undo;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// A reader becomes the writer. A one-shot fault; see [`Aurora::failover`] and [`Aurora::crash_writer`].
///
/// It is confirmed when the old writer is gone, or the failover is under way as RDS says, and recovery counts from then.
/// When the body goes on, the new writer has taken writes, and the report says how long the failover itself took and
/// what it was made of.
#[must_use = "a fault does nothing until it is injected"]
pub struct Failover {
    aurora: Aurora,
    order: Order,
    prepared: Prepared,
}

/// What kind of failover it is to be.
#[derive(Clone)]
pub(super) struct Order {
    pub(super) cause: Cause,
    pub(super) to: Option<String>,
    pub(super) until: Option<Until>,
    pub(super) manner: Manner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The writer ends in order.
    Asked,
    /// It is killed.
    Crash,
}

/// How a cluster of containers goes about it. A real one has its own manner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manner {
    /// From the end of the old writer to the promotion of the new one, at least.
    pub(super) promotion: Duration,
    /// Connections hang instead of being cut.
    pub(super) hang: bool,
    pub(super) endpoint: Move,
    /// The old writer does not come back.
    pub(super) fence: bool,
}

/// How the cluster endpoint moves to the new writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    AtOnce,
    /// This long after the promotion.
    Late(Duration),
    /// New, old for this long, new.
    Flicker(Duration),
}

impl Aurora {
    /// A fault: a reader takes the writer's place, as `FailoverDBCluster` has it: that is what is called on a real
    /// cluster. No commit that was acknowledged is lost. Connections to the writer are cut; it comes back as a reader,
    /// which answers writes with SQLSTATE 25006.
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// # let aurora = chaos.aurora("payments").readers(2).await?;
    /// chaos.inject(
    ///     aurora.failover()
    ///         .promotion_time(secs(8))      // 8 s without a writer
    ///         .connections_hang()           // nobody is told that the writer is gone
    ///         .endpoint_flickers(secs(2)),  // new writer, old one, new one again
    /// ).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// What is said there of its manner is for a cluster in containers; a real one has its own, and a note in the report
    /// says that it had no effect.
    pub fn failover(&self) -> Failover {
        Failover::new(self, Cause::Asked)
    }

    /// A fault: the writer is killed (SIGKILL) while no reader gets its log, and a reader takes its place.
    ///
    /// An asynchronous cluster loses the commits that no reader had; there is at least one, or nothing is injected. A
    /// [synchronous](super::StartAurora::synchronous) one loses none that was acknowledged. The crashed instance comes
    /// back as a reader with the new writer's data. A real cluster refuses it: nobody outside it can crash a writer.
    pub fn crash_writer(&self) -> Failover {
        Failover::new(self, Cause::Crash)
    }
}

impl Failover {
    fn new(aurora: &Aurora, cause: Cause) -> Self {
        let promotion = aurora.place().promotion_time();
        let manner = Manner { promotion, hang: false, endpoint: Move::AtOnce, fence: false };
        let order = Order { cause, to: None, until: None, manner };
        Self { aurora: aurora.clone(), order, prepared: Prepared::default() }
    }

    /// Which reader becomes the writer, by its [name](super::Instance::name). By default the one that has most of the
    /// writer's log; after a crash it is always that one. A real cluster takes one of its best tier by default.
    pub fn to(mut self, instance: impl Into<String>) -> Self {
        self.order.to = Some(instance.into());
        self
    }

    /// A write of your own, by which it is seen that the cluster takes writes again: the failover is over when it has
    /// succeeded three times in a row.
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn insert(url: String) -> Result<(), std::io::Error> { Ok(()) }
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// # let aurora = chaos.aurora("payments").await?;
    /// let url = aurora.writer_url().to_owned();
    /// chaos.inject(aurora.failover().until(move || insert(url.clone()))).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// By default a cluster in containers is asked itself, and a real one has the load for it: all operations that were
    /// due in some stretch after the writer moved succeeded, three at least.
    pub fn until<F, Fut, T, E>(mut self, write: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Display,
    {
        self.order.until = Some(Until::new(write));
        self
    }

    /// How long there is no writer at least, from the end of the old one to the promotion of the new one. Aurora takes up
    /// to 30 s. By default as long as it takes by itself, or `promotion_time` in `chaos.toml`. In containers only.
    pub fn promotion_time(mut self, time: Duration) -> Self {
        self.order.manner.promotion = time;
        self
    }

    /// Connections to the old writer are not cut: they get no answer any more and no end either, as when a host is gone
    /// or a firewall has forgotten them. Only the client's own time-outs help. They hang until the experiment ends. In
    /// containers only.
    pub fn connections_hang(mut self) -> Self {
        self.order.manner.hang = true;
        self
    }

    /// The cluster endpoint leads to the old writer for this long after the promotion, as for clients that keep what they
    /// have resolved. By default it leads to the new one at once. In containers only.
    pub fn endpoint_late(mut self, delay: Duration) -> Self {
        self.order.manner.endpoint = Move::Late(delay);
        self
    }

    /// The cluster endpoint leads to the new writer for this long, to the old one for as long, and then to the new one
    /// for good, as when name servers disagree. In containers only.
    pub fn endpoint_flickers(mut self, time: Duration) -> Self {
        self.order.manner.endpoint = Move::Flicker(time);
        self
    }

    /// The old writer does not come back: who connects to it gets no answer. By default it comes back as a reader. In
    /// containers only.
    pub fn old_writer_fenced(mut self) -> Self {
        self.order.manner.fence = true;
        self
    }
}

impl Manner {
    /// What was asked for, each in words.
    fn in_words(&self) -> Vec<String> {
        let Self { promotion, hang, endpoint, fence } = self;
        let mut words = Vec::new();
        if !promotion.is_zero() {
            words.push(format!("promotion after {}", display::duration(*promotion)));
        }
        words.extend(hang.then(|| "connections hang".to_owned()));
        match endpoint {
            Move::AtOnce => {}
            Move::Late(delay) => words.push(format!("endpoint {} late", display::duration(*delay))),
            Move::Flicker(time) => words.push(format!("endpoint flickers for {}", display::duration(2 * *time))),
        }
        words.extend(fence.then(|| "old writer fenced".to_owned()));
        words
    }
}

impl Fault for Failover {
    fn describe(&self) -> String {
        let Order { cause, to, manner, .. } = &self.order;
        let mut text = match cause {
            Cause::Asked => "failover".to_owned(),
            Cause::Crash => "crash of the writer".to_owned(),
        };
        if let Some(to) = to {
            text += &format!(" to {to}");
        }
        if self.aurora.place().is_local() {
            manner.in_words().iter().for_each(|word| text += &format!(", {word}"));
        }
        text
    }

    fn target(&self) -> String {
        self.aurora.place().target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        match self.aurora.place() {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => {
                self.prepared.set(super::local::Failover::prepare(cluster, self.order.clone()).await?);
            }
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => {
                if self.order.cause == Cause::Crash {
                    let way_out = "end its engine with `aurora.reboot_writer()`, or move the writer with \
                                   `aurora.failover()`; in profile `local` it can be crashed";
                    return Err(self.aurora.place().not_here("nobody outside it can crash its writer", way_out));
                }
                cluster.note_without_effect(&self.order.manner.in_words());
                let Order { to, until, .. } = self.order.clone();
                let call = super::rds::Call::Failover { to };
                let what = format!("{} of {}", self.describe(), self.target());
                self.prepared.set(super::rds::Course::prepare(cluster, call, until, what).await?);
            }
        }
        Ok(())
    }

    async fn preview(&mut self, _cx: &InjectCx) -> Result<String> {
        let who = self.aurora.writer().await?;
        Ok(format!("{} on {}, whose writer is {who}", self.describe(), self.target()))
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

impl OneShot for Failover {}

impl std::fmt::Debug for Failover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Failover")
            .field("target", &self.target())
            .field("what", &self.describe())
            .finish_non_exhaustive()
    }
}
