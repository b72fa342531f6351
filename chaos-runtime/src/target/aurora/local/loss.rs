//! A reader of a cluster of containers is killed.

use super::super::work::Work;
use super::cluster::Cluster;
use crate::fault::{Evidence, InjectCx};
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A loss that can begin.
pub(in crate::target::aurora) struct Loss {
    cluster: Arc<Cluster>,
    lost: usize,
    restart_after: Option<Duration>,
    back: Option<JoinHandle<Result<()>>>,
}

impl Loss {
    /// Chooses the reader: the one that is asked for, or one drawn from the seed.
    pub(in crate::target::aurora) fn prepare(
        cluster: &Arc<Cluster>,
        asked: Option<&str>,
        restart_after: Option<Duration>,
        seed: u64,
    ) -> Result<Self> {
        let lost = choose(cluster, asked, seed)?;
        Ok(Self { cluster: cluster.clone(), lost, restart_after, back: None })
    }
}

fn choose(cluster: &Cluster, asked: Option<&str>, seed: u64) -> Result<usize> {
    let readers = cluster.roles().readers(cluster.nodes.len());
    let name = |node: &usize| &*cluster.nodes[*node].name;
    let Some(asked) = asked else {
        let drawn = fastrand::Rng::with_seed(seed).choice(&readers).copied();
        return drawn.ok_or_else(|| {
            Error::new(format!("{} has no reader to lose", cluster.target()))
                .help("say `.readers(1)`, or `readers = 1` in chaos.toml")
        });
    };
    readers.iter().find(|node| name(node) == asked).copied().ok_or_else(|| {
        let names: Vec<&str> = readers.iter().map(name).collect();
        let help = format!("its readers are {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
        Error::new(format!("{} has no reader `{asked}`", cluster.target())).help(help)
    })
}

impl Work for Loss {
    fn undo(&self) -> Undo {
        let (cluster, lost) = (self.cluster.clone(), self.lost);
        Undo::in_process(format!("start the reader of {} again", self.cluster.target()), move || {
            let cluster = cluster.clone();
            async move {
                cluster.nodes[lost].start_again().await?;
                // Not more than the start: that it follows again is part of the recovery.
                let net = cluster.net.handle()?;
                net.spawn(async move { cluster.welcome(lost).await });
                Ok(())
            }
        })
    }

    fn inject<'a>(&'a mut self, _cx: &'a InjectCx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let (cluster, lost) = (self.cluster.clone(), self.lost);
            cluster.change(|roles| _ = roles.away.insert(lost));
            // The writer waits for no reader that is not there.
            cluster.keep_synchronous().await?;
            let node = &cluster.nodes[lost];
            node.signal("SIGKILL").await?;
            node.until_ended().await?;
            node.forget_session().await;
            if let Some(delay) = self.restart_after {
                let cluster = cluster.clone();
                self.back = Some(self.cluster.net.handle()?.spawn(async move {
                    tokio::time::sleep(delay).await;
                    cluster.nodes[lost].start_again().await?;
                    cluster.welcome(lost).await
                }));
            }
            Ok(())
        })
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(async move {
            let node = &self.cluster.nodes[self.lost];
            Ok(match node.container.state().await? {
                Some(state) if state.running => Evidence::none(format!("{} runs", node.name)),
                Some(state) => Evidence::seen(format!("{} is gone: it {state}", node.name)),
                None => Evidence::seen(format!("{} was removed", node.name)),
            })
        })
    }

    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>> {
        Box::pin(async move {
            let Some(back) = self.back.take() else { return Ok(None) };
            back.await.map_err(|error| Error::new("the restart of the reader was ended").caused_by(error))??;
            let name = &self.cluster.nodes[self.lost].name;
            Ok(Some(Evidence::seen(format!("{name} was killed, and follows the writer again"))))
        })
    }
}
