//! The writer's server ends in order and starts again.

use super::super::until::Until;
use super::super::work::Work;
use super::cluster::Cluster;
use super::failover::written;
use super::stage::Running;
use crate::claim::display;
use crate::fault::{Evidence, InjectCx};
use crate::proxy::{Directions, Hits, Scope};
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// A restart that can begin.
pub(in crate::target::aurora) struct Restart {
    cluster: Arc<Cluster>,
    writer: usize,
    until: Option<Until>,
    running: Running<Restarted>,
    /// Held from the preparation to the end.
    turn: Option<OwnedMutexGuard<()>>,
}

/// What came of it.
#[derive(Debug, Clone)]
struct Restarted {
    name: String,
    /// From the order until it took writes.
    took: Duration,
    /// Until its server had ended.
    ended: Duration,
}

impl fmt::Display for Restarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (took, ended) = (display::duration(self.took), display::duration(self.ended));
        write!(
            f,
            "{} was restarted, is the writer as before and takes writes; reboot took {took}, ended after {ended}",
            self.name
        )
    }
}

impl Restart {
    /// Refuses what can't work, before anything is harmed.
    pub(in crate::target::aurora) async fn prepare(cluster: &Arc<Cluster>, until: Option<Until>) -> Result<Self> {
        let turn = cluster.turn()?;
        cluster.check_writer().await?;
        let writer = cluster.roles().writer;
        Ok(Self { cluster: cluster.clone(), writer, until, running: Running::new(), turn: Some(turn) })
    }
}

async fn restart(cluster: &Cluster, writer: usize, running: &Running<Restarted>) -> Result<Restarted> {
    let node = &cluster.nodes[writer];
    let ordered = Instant::now();
    node.signal("SIGINT").await?;
    let state = node.until_ended().await?;
    let ended = ordered.elapsed();
    node.forget_session().await;
    // Whoever was on the way to it is told as well.
    node.proxy.reset_open(Scope::whole(Directions::Both), &Hits::new()).await?;
    running.gone(format!("the writer {} is gone: it {state}", node.name));
    node.start_again().await?;
    node.until("take writes again", async |session| session.takes_writes().await).await?;
    Ok(Restarted { name: node.name.clone(), took: ordered.elapsed(), ended })
}

impl Work for Restart {
    fn undo(&self) -> Undo {
        let running = self.running.clone();
        // The server is removed with the experiment; until then nothing more is done to it.
        Undo::in_process(format!("end the reboot of the writer of {}", self.cluster.target()), move || {
            let running = running.clone();
            async move {
                running.abort();
                Ok(())
            }
        })
    }

    fn inject<'a>(&'a mut self, _cx: &'a InjectCx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(turn) = self.turn.take() else { return Err(Error::new("a reboot is injected once")) };
            let (cluster, writer, running) = (self.cluster.clone(), self.writer, self.running.clone());
            self.running.spawn(&self.cluster.net.handle()?, async move {
                let outcome = restart(&cluster, writer, &running).await;
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
            written(self.until.as_ref(), Evidence::seen(outcome.to_string())).await.map(Some)
        })
    }
}
