//! Readers of a cluster of containers show commits late.

use super::super::work::Work;
use super::cluster::Cluster;
use crate::claim::display;
use crate::fault::{Evidence, InjectCx};
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// A lag that can begin.
pub(in crate::target::aurora) struct Lag {
    cluster: Arc<Cluster>,
    delay: Duration,
    /// The nodes that will lag.
    lagging: Vec<usize>,
}

impl Lag {
    /// Refuses what can't work, before anything is harmed.
    pub(in crate::target::aurora) fn prepare(cluster: &Arc<Cluster>, delay: Duration) -> Result<Self> {
        let lagging = cluster.roles().readers(cluster.nodes.len());
        if lagging.is_empty() {
            return Err(Error::new(format!("{} has no reader that could lag", cluster.target()))
                .help("say `.readers(1)`, or `readers = 1` in chaos.toml"));
        }
        Ok(Self { cluster: cluster.clone(), delay, lagging })
    }

    async fn look(&self) -> Result<Evidence> {
        let writer = self.cluster.roles().writer;
        let mut texts = Vec::new();
        for node in self.lagging.iter().filter(|node| **node != writer).map(|node| &self.cluster.nodes[*node]) {
            let backlog = node.session().await?.backlog().await?;
            if backlog.bytes == 0 {
                return Ok(Evidence::none(format!(
                    "{} shows all that it has received: is anything written?",
                    node.name
                )));
            }
            texts.push(format!(
                "{} is {} bytes behind, and shows what is {} old",
                node.name,
                backlog.bytes,
                display::duration(backlog.age)
            ));
        }
        Ok(if texts.is_empty() { Evidence::none("no reader is left to lag") } else { Evidence::seen(texts.join("; ")) })
    }
}

impl Work for Lag {
    fn undo(&self) -> Undo {
        let (cluster, lagging) = (self.cluster.clone(), self.lagging.clone());
        // The setting is on the readers' own disks, and those end with the experiment.
        Undo::in_process(format!("end the replication lag of {}", self.cluster.target()), move || {
            let (cluster, lagging) = (cluster.clone(), lagging.clone());
            async move {
                for node in lagging.into_iter().map(|node| &cluster.nodes[node]) {
                    // One that is away has not the chance to lag.
                    if node.container.is_running().await? {
                        node.session().await?.keep_back(Duration::ZERO).await?;
                    }
                }
                Ok(())
            }
        })
    }

    fn inject<'a>(&'a mut self, _cx: &'a InjectCx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for node in &self.lagging {
                self.cluster.nodes[*node].session().await?.keep_back(self.delay).await?;
            }
            Ok(())
        })
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(self.look())
    }

    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>> {
        Box::pin(async { Ok(None) })
    }
}
