//! A failover of containers: what must be so before, and what ends it.

use super::super::failover::{Cause, Order};
use super::super::until::Until;
use super::super::work::Work;
use super::cluster::Cluster;
use super::course::Course;
use super::outcome::Outcome;
use super::stage::Running;
use crate::fault::{Evidence, InjectCx};
use crate::proxy::Hits;
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// A failover that can begin.
pub(in crate::target::aurora) struct Failover {
    cluster: Arc<Cluster>,
    order: Order,
    running: Running<Outcome>,
    /// Identity of the black hole for connections that hang, and of the one that fences the old writer.
    hung: Arc<Hits>,
    fence: Arc<Hits>,
    /// Held from the preparation to the end of the course.
    turn: Option<OwnedMutexGuard<()>>,
}

impl Failover {
    /// Refuses what can't work, before anything is harmed.
    pub(in crate::target::aurora) async fn prepare(cluster: &Arc<Cluster>, order: Order) -> Result<Self> {
        let turn = cluster.turn()?;
        check(cluster, &order).await?;
        let (hung, fence) = (Hits::new(), Hits::new());
        Ok(Self { cluster: cluster.clone(), order, running: Running::new(), hung, fence, turn: Some(turn) })
    }
}

async fn check(cluster: &Cluster, order: &Order) -> Result<()> {
    let target = cluster.target();
    let roles = cluster.roles();
    let writer = &cluster.nodes[roles.writer];
    let readers = cluster.readers();
    if readers.is_empty() {
        let away = cluster.nodes.len() > 1;
        let help = if away { "wait until one is back" } else { "say `.readers(1)`, or `readers = 1` in chaos.toml" };
        return Err(Error::new(format!("{target} has no reader that could become the writer")).help(help));
    }
    if let Some(to) = &order.to {
        let names: Vec<&str> = readers.iter().map(|node| &*node.name).collect();
        if *to == writer.name {
            return Err(Error::new(format!("{to} is the writer of {target} already"))
                .help(format!("name a reader ({}), or none", names.join(", "))));
        }
        if !names.contains(&&**to) {
            return Err(Error::new(format!("{target} has no reader `{to}`"))
                .help(format!("its readers are {}", names.join(", "))));
        }
        if order.cause == Cause::Crash && names.len() > 1 {
            return Err(Error::new("after a crash the reader that has most takes over, whatever its name")
                .help("leave out `.to(…)`"));
        }
    }
    for reader in readers {
        if !reader.session().await?.is_streaming().await? {
            return Err(Error::new(format!("{} does not receive the log of {} at present", reader.name, writer.name))
                .help("a failover needs readers that replicate: end the faults on them first"));
        }
    }
    cluster.check_writer().await
}

impl Work for Failover {
    fn undo(&self) -> Undo {
        let (cluster, running) = (self.cluster.clone(), self.running.clone());
        let (hung, fence) = (self.hung.clone(), self.fence.clone());
        // The servers are removed with the experiment; until then nothing more is done to them.
        Undo::in_process(format!("end the failover of {}", self.cluster.target()), move || {
            let (cluster, running) = (cluster.clone(), running.clone());
            let (hung, fence) = (hung.clone(), fence.clone());
            async move {
                running.abort();
                for node in &cluster.nodes {
                    node.proxy.unset(&hung).await?;
                    node.proxy.unset(&fence).await?;
                }
                Ok(())
            }
        })
    }

    fn inject<'a>(&'a mut self, _cx: &'a InjectCx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(turn) = self.turn.take() else { return Err(Error::new("a failover is injected once")) };
            let Order { cause, to, manner, .. } = self.order.clone();
            let (cluster, running) = (self.cluster.clone(), self.running.clone());
            let (hung, fence) = (self.hung.clone(), self.fence.clone());
            let course = Course { cluster, cause, to, manner, running, hung, fence };
            self.running.spawn(&self.cluster.net.handle()?, async move {
                let outcome = course.run().await;
                drop(turn);
                outcome
            });
            Ok(())
        })
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(self.running.evidence())
    }

    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>> {
        Box::pin(async move {
            let outcome = self.running.outcome().await?;
            let evidence = outcome.verify(&self.cluster).await?;
            written(self.order.until.as_ref(), evidence).await.map(Some)
        })
    }
}

/// Waits for the user's own writes too, where there are some.
pub(super) async fn written(until: Option<&Until>, evidence: Evidence) -> Result<Evidence> {
    let Some(until) = until.filter(|_| evidence.is_seen()) else { return Ok(evidence) };
    match until.in_a_row(Instant::now() + super::LIMIT).await {
        Ok(_) => Ok(evidence),
        Err(said) => Ok(Evidence::none(format!("{}; the write of `.until(…)` fails: {said}", evidence.text()))),
    }
}
