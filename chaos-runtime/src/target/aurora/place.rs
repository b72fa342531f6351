//! Where a cluster is.

#[cfg(feature = "docker")]
use super::local;
#[cfg(feature = "aws")]
use super::rds;
#[cfg(feature = "aws")]
use crate::Error;
use std::sync::Arc;
use std::time::Duration;

/// Where a cluster is. All that differs between the two is behind it.
#[derive(Clone)]
pub(super) enum Place {
    /// In containers of this experiment.
    #[cfg(feature = "docker")]
    Local(Arc<local::Cluster>),
    /// In an AWS account, reached through the RDS API.
    #[cfg(feature = "aws")]
    Rds(Arc<rds::Cluster>),
}

impl Place {
    /// The name by which it was asked for.
    pub(super) fn name(&self) -> &str {
        match self {
            #[cfg(feature = "docker")]
            Self::Local(cluster) => &cluster.name,
            #[cfg(feature = "aws")]
            Self::Rds(cluster) => cluster.name(),
        }
    }

    /// In reports: `aurora payments`, with the name that it has in the account.
    pub(super) fn target(&self) -> String {
        match self {
            #[cfg(feature = "docker")]
            Self::Local(cluster) => cluster.target(),
            #[cfg(feature = "aws")]
            Self::Rds(cluster) => cluster.target(),
        }
    }

    /// Whether it is one of containers.
    pub(super) fn is_local(&self) -> bool {
        match self {
            #[cfg(feature = "docker")]
            Self::Local(_) => true,
            #[cfg(feature = "aws")]
            Self::Rds(_) => false,
        }
    }

    /// How long there is no writer in a failover at least, unless it says otherwise itself.
    pub(super) fn promotion_time(&self) -> Duration {
        match self {
            #[cfg(feature = "docker")]
            Self::Local(cluster) => cluster.settings.promotion_time.unwrap_or_default(),
            #[cfg(feature = "aws")]
            Self::Rds(_) => Duration::ZERO,
        }
    }

    /// How long it may take until a fault shows, if it is long.
    pub(super) fn confirm_within(&self) -> Option<Duration> {
        match self {
            #[cfg(feature = "docker")]
            Self::Local(_) => None,
            #[cfg(feature = "aws")]
            Self::Rds(_) => Some(rds::CONFIRM_WITHIN),
        }
    }

    /// What can't be had of a real cluster.
    #[cfg(feature = "aws")]
    pub(super) fn not_here(&self, what: &str, way_out: &str) -> Error {
        Error::new(format!("{} is a real cluster: {what}", self.target())).help(way_out)
    }
}
