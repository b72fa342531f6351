//! A cluster as the experiment's body sees it.

use super::instance::Instance;
use super::place::Place;
use crate::{Error, Result};
use std::fmt;
use std::time::Duration;

/// A database cluster with a writer and readers, from [`Chaos::aurora`](crate::Chaos::aurora). Clones speak of the same
/// one.
///
/// Its faults: [`failover`](Self::failover), [`reboot_writer`](Self::reboot_writer); in containers also
/// [`crash_writer`](Self::crash_writer), [`replication_lag`](Self::replication_lag), [`lose_reader`](Self::lose_reader).
#[derive(Clone)]
pub struct Aurora(Place);

impl Aurora {
    pub(super) fn at(place: Place) -> Self {
        Self(place)
    }

    pub(super) fn place(&self) -> &Place {
        &self.0
    }

    /// The name by which it was asked for.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The URL of the cluster endpoint, which leads to the writer: `postgres://user:password@127.0.0.1:4000/database`.
    ///
    /// The address stays. As with Aurora's name in DNS, connections that are open stay where they were made to, and new
    /// ones go to whom the endpoint points at.
    pub fn writer_url(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => &cluster.writer_endpoint.url,
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => cluster.writer_url(),
        }
    }

    /// The URL of the reader endpoint, which leads to the readers by turns; to the writer while there is none.
    pub fn reader_url(&self) -> &str {
        match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => &cluster.reader_endpoint.url,
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => cluster.reader_url(),
        }
    }

    /// All instances, whatever they are at present; those of an account as they were when the cluster was asked for.
    pub fn instances(&self) -> Vec<Instance> {
        match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => (0..cluster.nodes.len()).map(|node| Instance::node(cluster, node)).collect(),
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => cluster.members().iter().cloned().map(Instance::rds).collect(),
        }
    }

    /// The instance that is the writer, as the servers themselves say, or RDS.
    ///
    /// # Errors
    /// When none of them says so, as in the middle of a failover.
    pub async fn writer(&self) -> Result<Instance> {
        let writer = match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => cluster.writers().await.first().map(|node| Instance::node(cluster, *node)),
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => cluster.by_role(true).await?.into_iter().next().map(Instance::rds),
        };
        writer.ok_or_else(|| {
            Error::new(format!("{} has no writer at present", self.0.target()))
                .help("a failover may be under way: ask again when it is over")
        })
    }

    /// The instances that are readers, and not away.
    ///
    /// # Errors
    /// When RDS does not say.
    pub async fn readers(&self) -> Result<Vec<Instance>> {
        match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => {
                let readers = cluster.roles().readers(cluster.nodes.len());
                Ok(readers.into_iter().map(|node| Instance::node(cluster, node)).collect())
            }
            #[cfg(feature = "aws")]
            Place::Rds(cluster) => Ok(cluster.by_role(false).await?.into_iter().map(Instance::rds).collect()),
        }
    }

    /// How much older than the writer's data the data of its readers is at this moment: that of the reader which is the
    /// furthest behind. For a probe:
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// let aurora = chaos.aurora("payments").await?;
    /// let lagging = aurora.clone();
    /// chaos.probe("replication delay", probe::every(millis(500), move || {
    ///     let aurora = lagging.clone();
    ///     async move { aurora.replication_delay().await }
    /// }));
    /// # Ok(()) }
    /// ```
    ///
    /// A reader that shows all that the writer had when it was asked is not behind at all; another one is as old as the
    /// last commit that it shows.
    ///
    /// # Errors
    /// When there is no reader, or none of them answers; and on a real cluster, of which CloudWatch tells it.
    pub async fn replication_delay(&self) -> Result<Duration> {
        match &self.0 {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => cluster.replication_delay().await,
            #[cfg(feature = "aws")]
            place @ Place::Rds(_) => Err(place.not_here(
                "its readers are not asked directly",
                "take CloudWatch's metric AuroraReplicaLag (AWS/RDS, milliseconds) as the probe",
            )),
        }
    }
}

impl fmt::Display for Aurora {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.target())
    }
}

impl fmt::Debug for Aurora {
    /// Without the URLs, which have the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aurora").field("name", &self.name()).field("instances", &self.instances()).finish()
    }
}
