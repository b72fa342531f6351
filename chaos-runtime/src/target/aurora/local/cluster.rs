//! A cluster in containers: its nodes, who of them is what, and the endpoints that follow from it.

use super::super::login::Login;
use super::endpoint::Endpoint;

use super::node::Node;
use crate::config::AuroraSettings;
use crate::experiment::net::Net;
use crate::report::journal::EventKind;
use crate::{Chaos, Error, Result};
use futures_util::future::{join_all, try_join_all};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;

/// A writer and readers.
pub(in crate::target::aurora) struct Cluster {
    /// `payments`
    pub(in crate::target::aurora) name: String,
    pub(in crate::target::aurora) settings: AuroraSettings,
    pub(in crate::target::aurora) nodes: Vec<Node>,
    pub(in crate::target::aurora) writer_endpoint: Endpoint,
    pub(in crate::target::aurora) reader_endpoint: Endpoint,
    pub(super) net: Net,
    roles: Mutex<Roles>,
    /// Held while roles are changing hands: one failover at a time.
    change: Arc<tokio::sync::Mutex<()>>,
}

/// Who is what, by the place among the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::target::aurora) struct Roles {
    pub(super) writer: usize,
    /// Neither writer nor reader at present.
    pub(super) away: BTreeSet<usize>,
}

impl Roles {
    /// The readers among `nodes` nodes.
    pub(in crate::target::aurora) fn readers(&self, nodes: usize) -> Vec<usize> {
        (0..nodes).filter(|node| *node != self.writer && !self.away.contains(node)).collect()
    }

    /// Where the reader endpoint leads: to the readers, or to the writer if there are none.
    pub(super) fn read_from(&self, nodes: usize) -> Vec<usize> {
        let readers = self.readers(nodes);
        if readers.is_empty() { vec![self.writer] } else { readers }
    }
}

impl Cluster {
    /// Starts all nodes at once and waits until each reader follows the writer.
    pub(in crate::target::aurora) async fn start(
        chaos: &Chaos,
        name: &str,
        settings: AuroraSettings,
    ) -> Result<Arc<Self>> {
        let core = &chaos.core;
        let network = chaos.network().await?;
        let AuroraSettings { user, password, database, .. } = settings.clone();
        let login = Login { user, password: Some(password), database };
        let node_name = |number: usize| format!("{name}-{}", number + 1);
        let first = format!("{}-{}", network.name(), node_name(0));
        let start = |number: usize| {
            let primary = (number > 0).then_some(&*first);
            Node::start(chaos, &settings.image, node_name(number), network.name(), &login, primary)
        };
        let nodes = try_join_all((0..=usize::from(settings.readers)).map(start)).await?;
        let (writer, readers) = nodes.split_first().ok_or_else(|| Error::new("a cluster has a writer"))?;
        writer.until("become ready", async |session| Ok(!session.is_reader().await?)).await?;
        try_join_all(readers.iter().map(Node::until_streaming)).await?;
        let cluster = Self {
            name: name.to_owned(),
            writer_endpoint: Endpoint::start(&login, &core.net).await?,
            reader_endpoint: Endpoint::start(&login, &core.net).await?,
            net: core.net.clone(),
            roles: Mutex::new(Roles { writer: 0, away: BTreeSet::new() }),
            change: Arc::default(),
            settings,
            nodes,
        };
        cluster.change(|_| {});
        cluster.point_writer_endpoint_to(0);
        cluster.keep_synchronous().await?;
        let mode = if cluster.settings.synchronous { "synchronous" } else { "asynchronous" };
        let readers: Vec<&str> = cluster.nodes.iter().skip(1).map(|node| &*node.name).collect();
        let readers =
            if readers.is_empty() { "no reader".to_owned() } else { format!("readers {}", readers.join(", ")) };
        core.events.note(
            EventKind::Target,
            format!("{}: writer {}, {readers}, {mode}", cluster.target(), cluster.nodes[0].name),
        );
        Ok(Arc::new(cluster))
    }

    /// In reports.
    pub(in crate::target::aurora) fn target(&self) -> String {
        format!("aurora {}", self.name)
    }

    /// The right to change roles, held while they change.
    pub(super) fn turn(&self) -> Result<OwnedMutexGuard<()>> {
        self.change.clone().try_lock_owned().map_err(|_| {
            Error::new(format!("another failover of {} is under way", self.target()))
                .help("await the first one before the second")
        })
    }

    /// Fails unless the writer takes writes.
    pub(super) async fn check_writer(&self) -> Result<()> {
        let writer = &self.nodes[self.roles().writer];
        match writer.session().await?.takes_writes().await? {
            true => Ok(()),
            false => Err(Error::new(format!("{} is no writer: somebody else has made it a reader", writer.name))
                .help("change roles by faults of the cluster only")),
        }
    }

    /// Who is what now.
    pub(in crate::target::aurora) fn roles(&self) -> Roles {
        self.lock().clone()
    }

    /// Changes roles, and lets the reader endpoint follow.
    pub(super) fn change(&self, change: impl FnOnce(&mut Roles)) {
        let mut roles = self.lock();
        change(&mut roles);
        self.reader_endpoint.point_to(roles.read_from(self.nodes.len()).into_iter().map(|node| self.addr(node)));
    }

    pub(super) fn point_writer_endpoint_to(&self, node: usize) {
        self.writer_endpoint.point_to([self.addr(node)]);
    }

    /// Where the cluster endpoint leads.
    pub(super) fn writer_endpoint_leads_to(&self, node: usize) -> bool {
        self.writer_endpoint.places() == [self.addr(node)]
    }

    fn addr(&self, node: usize) -> SocketAddr {
        self.nodes[node].proxy.addr()
    }

    fn lock(&self) -> MutexGuard<'_, Roles> {
        self.roles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The readers of this moment.
    pub(super) fn readers(&self) -> Vec<&Node> {
        self.roles().readers(self.nodes.len()).into_iter().map(|node| &self.nodes[node]).collect()
    }

    /// Lets commits wait for a reader where that was asked for and there is one. Without a reader they would wait for
    /// ever, which Aurora's storage does not.
    pub(super) async fn keep_synchronous(&self) -> Result<()> {
        if !self.settings.synchronous {
            return Ok(());
        }
        let roles = self.roles();
        let writer = self.nodes[roles.writer].session().await?;
        Ok(writer.wait_for_readers(!roles.readers(self.nodes.len()).is_empty()).await?)
    }

    /// Waits until a node that was away follows the writer, and takes it in as a reader.
    pub(super) async fn welcome(&self, node: usize) -> Result<()> {
        self.nodes[node].until_streaming().await?;
        self.change(|roles| _ = roles.away.remove(&node));
        self.keep_synchronous().await
    }

    /// How much older than the writer's data that of its readers is: of the reader which is the furthest behind.
    pub(in crate::target::aurora) async fn replication_delay(&self) -> Result<Duration> {
        let roles = self.roles();
        // While nobody is writer, the readers are only behind what they have received.
        let written = match self.nodes[roles.writer].session().await {
            Ok(writer) => writer.position().await.ok(),
            Err(_) => None,
        };
        let delay = async |node: usize| {
            let session = self.nodes[node].session().await?;
            let ahead = match written {
                Some(written) => written,
                None => session.position().await?,
            };
            let behind = session.shown().await? < ahead;
            Ok::<_, Error>(if behind { session.age().await? } else { Duration::ZERO })
        };
        let mut error = None;
        let mut longest = None;
        for outcome in join_all(roles.readers(self.nodes.len()).into_iter().map(delay)).await {
            match outcome {
                Ok(delay) => longest = longest.max(Some(delay)),
                Err(refused) => error = Some(refused),
            }
        }
        longest
            .ok_or_else(|| error.unwrap_or_else(|| Error::new(format!("{} has no reader at present", self.target()))))
    }

    /// Who says that it is a writer, asked one by one. Servers that don't answer say nothing.
    pub(in crate::target::aurora) async fn writers(&self) -> Vec<usize> {
        let says = async |node: &Node| match node.session().await {
            Ok(session) => session.is_reader().await.is_ok_and(|reader| !reader),
            Err(_) => false,
        };
        let said = join_all(self.nodes.iter().map(says)).await;
        said.into_iter().enumerate().filter_map(|(node, writer)| writer.then_some(node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_endpoint_leads_to_the_readers_and_to_the_writer_if_there_are_none() {
        let roles = |writer, away: &[usize]| Roles { writer, away: away.iter().copied().collect() };
        assert_eq!(roles(0, &[]).read_from(3), [1, 2]);
        assert_eq!(roles(1, &[0]).read_from(3), [2]);
        assert_eq!(roles(1, &[0, 2]).read_from(3), [1]);
        assert_eq!(roles(0, &[]).read_from(1), [0]);
    }
}
