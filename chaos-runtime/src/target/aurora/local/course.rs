//! What happens in a failover, step by step.

use super::super::failover::{Cause, Manner, Move};
use super::cluster::Cluster;
use super::crash::stand_still;
use super::node::Node;
use super::outcome::{Lost, Outcome};
use super::stage::Running;
use crate::proxy::{Directions, Effect, Hits, Scope};
use crate::{Error, Result};
use futures_util::future::{try_join, try_join_all};
use std::sync::Arc;
use tokio::time::{Instant, sleep, sleep_until};

/// A failover under way.
pub(super) struct Course {
    pub(super) cluster: Arc<Cluster>,
    pub(super) cause: Cause,
    pub(super) to: Option<String>,
    pub(super) manner: Manner,
    pub(super) running: Running<Outcome>,
    /// Identity of the black hole for connections that hang, and of the one that fences the old writer.
    pub(super) hung: Arc<Hits>,
    pub(super) fence: Arc<Hits>,
}

impl Course {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let cluster = &*self.cluster;
        let roles = cluster.roles();
        let (old, readers) = (roles.writer, roles.readers(cluster.nodes.len()));
        let old_node = &cluster.nodes[old];
        let old_timeline = old_node.session().await?.timeline().await?;

        // Ahead: who takes over, and what the old writer is to be when it comes back.
        let (new, lost) = match self.cause {
            Cause::Asked => (self.choose(&readers).await?, None),
            Cause::Crash => {
                let lost = stand_still(cluster, old, &readers).await?;
                (self.choose(&readers).await?, Some(lost))
            }
        };
        let new_node = &cluster.nodes[new];
        self.tell_old_writer(old_node, &new_node.as_primary()).await?;

        let ordered = Instant::now();
        let lost = self.end(old, lost).await?;
        let gone = Instant::now();

        sleep_until(gone + self.manner.promotion).await;
        let session = new_node.session().await?;
        // Until a reader follows it, nobody could confirm its commits.
        session.wait_for_readers(false).await?;
        if !session.promote().await? || !session.takes_writes().await? {
            return Err(Error::new(format!("{} did not become the writer", new_node.name)));
        }
        let promoted = Instant::now();
        cluster.change(|roles| roles.writer = new);

        let others: Vec<usize> = readers.into_iter().filter(|reader| *reader != new).collect();
        let (moved, ()) = try_join(self.move_endpoint(old, new), self.reunite(old, new, &others)).await?;
        Ok(Outcome {
            old,
            new,
            fenced: self.manner.fence,
            old_timeline,
            without_writer: promoted - ordered,
            took: moved - ordered,
            hung: self.manner.hang.then(|| self.hung.count()),
            lost,
        })
    }

    /// The reader that takes over: the one that was asked for, or the first of those that have most.
    async fn choose(&self, readers: &[usize]) -> Result<usize> {
        let nodes = &self.cluster.nodes;
        if let Some(asked) = readers.iter().find(|reader| Some(&nodes[**reader].name) == self.to.as_ref()) {
            return Ok(*asked);
        }
        let mut best = None;
        for reader in readers {
            let position = nodes[*reader].session().await?.position().await?;
            if best.is_none_or(|(most, _)| position > most) {
                best = Some((position, *reader));
            }
        }
        best.map(|(_, reader)| reader).ok_or_else(|| Error::new("there is no reader any more"))
    }

    async fn tell_old_writer(&self, old: &Node, primary: &str) -> Result<()> {
        let session = old.session().await?;
        match self.cause {
            Cause::Asked => {
                session.follow(primary).await?;
                session.return_as_reader().await?;
            }
            Cause::Crash => session.return_rebuilt(primary).await?,
        }
        Ok(())
    }

    /// Ends the old writer. For a crash, says what went with it.
    async fn end(&self, old: usize, lost: Option<Lost>) -> Result<Option<Lost>> {
        let (cluster, node) = (&*self.cluster, &self.cluster.nodes[old]);
        let lost = match lost {
            Some(lost) => Some(lost.counted(&*node.session().await?).await?),
            None => None,
        };
        if self.manner.hang {
            node.proxy.hang_open(&self.hung).await?;
        }
        let signal = match self.cause {
            Cause::Asked => "SIGINT",
            Cause::Crash => "SIGKILL",
        };
        node.signal(signal).await?;
        let state = node.until_ended().await?;
        node.forget_session().await;
        if !self.manner.hang {
            // The server has ended them; whoever was on the way to it is told as well.
            node.proxy.reset_open(Scope::whole(Directions::Both), &Hits::new()).await?;
        }
        cluster.change(|roles| _ = roles.away.insert(old));
        if self.manner.fence {
            let effect = Effect::BlackHole { close_after: None, deaf: false };
            node.proxy.set(effect, Scope::whole(Directions::Both), &self.fence).await?;
        }
        self.running.gone(format!("the writer {} is gone: it {state}", node.name));
        Ok(lost)
    }

    /// Gives the instant from which the endpoint leads to the new writer for good.
    async fn move_endpoint(&self, old: usize, new: usize) -> Result<Instant> {
        let cluster = &*self.cluster;
        match self.manner.endpoint {
            Move::AtOnce => {}
            Move::Late(delay) => sleep(delay).await,
            Move::Flicker(time) => {
                cluster.point_writer_endpoint_to(new);
                sleep(time).await;
                cluster.point_writer_endpoint_to(old);
                sleep(time).await;
            }
        }
        cluster.point_writer_endpoint_to(new);
        Ok(Instant::now())
    }

    /// Lets everybody else follow the new writer.
    async fn reunite(&self, old: usize, new: usize, others: &[usize]) -> Result<()> {
        let cluster = &*self.cluster;
        let primary = cluster.nodes[new].as_primary();
        let follow = async |node: &usize| {
            let node = &cluster.nodes[*node];
            node.session().await?.follow(&primary).await?;
            node.until_streaming().await
        };
        try_join_all(others.iter().map(follow)).await?;
        cluster.keep_synchronous().await?;
        if self.manner.fence {
            return Ok(());
        }
        cluster.nodes[old].start_again().await?;
        cluster.welcome(old).await
    }
}
