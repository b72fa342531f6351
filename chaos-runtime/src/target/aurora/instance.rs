//! One instance of a cluster.

#[cfg(feature = "docker")]
use super::local;
#[cfg(feature = "aws")]
use super::rds;
#[cfg(feature = "docker")]
use crate::target::container::Container;
use std::fmt;
use std::sync::Arc;

/// One server of an [`Aurora`](super::Aurora), which is its writer or a reader. From
/// [`Aurora::instances`](super::Aurora::instances).
#[derive(Clone)]
pub struct Instance(Member);

#[derive(Clone)]
enum Member {
    /// A node, by its place in its cluster.
    #[cfg(feature = "docker")]
    Node(Arc<local::Cluster>, usize),
    /// An instance of the account.
    #[cfg(feature = "aws")]
    Rds(Arc<rds::Member>),
}

impl Instance {
    #[cfg(feature = "docker")]
    pub(super) fn node(cluster: &Arc<local::Cluster>, node: usize) -> Self {
        Self(Member::Node(cluster.clone(), node))
    }

    #[cfg(feature = "aws")]
    pub(super) fn rds(member: Arc<rds::Member>) -> Self {
        Self(Member::Rds(member))
    }

    /// `payments-1`, or its identifier in the account. It stays when the instance becomes writer or reader.
    pub fn name(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "docker")]
            Member::Node(cluster, node) => &cluster.nodes[*node].name,
            #[cfg(feature = "aws")]
            Member::Rds(member) => &member.name,
        }
    }

    /// The URL of the instance endpoint: `postgres://user:password@127.0.0.1:4000/database`. It leads to this server,
    /// whatever it is at the time.
    pub fn url(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "docker")]
            Member::Node(cluster, node) => &cluster.nodes[*node].url,
            #[cfg(feature = "aws")]
            Member::Rds(member) => &member.url,
        }
    }

    /// The container that it runs in; `None` for an instance in an account.
    ///
    /// Harm that is done there does not change who is writer: that takes [`Aurora::failover`](super::Aurora::failover).
    #[cfg(feature = "docker")]
    pub fn container(&self) -> Option<&Container> {
        match &self.0 {
            Member::Node(cluster, node) => Some(&cluster.nodes[*node].container),
            #[cfg(feature = "aws")]
            Member::Rds(_) => None,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Instance {
    /// Without the URL, which has the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl PartialEq for Instance {
    /// The same server of the same cluster.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            #[cfg(feature = "docker")]
            (Member::Node(cluster, node), Member::Node(others, other)) => Arc::ptr_eq(cluster, others) && node == other,
            #[cfg(feature = "aws")]
            (Member::Rds(one), Member::Rds(other)) => one.arn == other.arn,
            #[cfg(all(feature = "docker", feature = "aws"))]
            _ => false,
        }
    }
}

impl Eq for Instance {}
