//! Readers that show commits late.

use super::handle::Aurora;
use super::place::Place;
use super::work::Prepared;
use crate::claim::display;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::time::Duration;

/// See [`Aurora::replication_lag`].
#[must_use = "a fault does nothing until it is injected"]
pub struct ReplicationLag {
    aurora: Aurora,
    delay: Duration,
    prepared: Prepared,
}

impl Aurora {
    /// A fault: all readers show each commit this long after the writer made it. A held fault, for clusters in
    /// containers.
    ///
    /// They receive the log as before, so that nothing is lost by it; a failover meanwhile ends the lag of the reader
    /// that becomes the writer.
    pub fn replication_lag(&self, delay: Duration) -> ReplicationLag {
        ReplicationLag { aurora: self.clone(), delay, prepared: Prepared::default() }
    }
}

impl Fault for ReplicationLag {
    fn describe(&self) -> String {
        format!("replication lag {}", display::duration(self.delay))
    }

    fn target(&self) -> String {
        self.aurora.place().target()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.delay < Duration::from_millis(1) {
            return Err(
                Error::new("a replication lag of less than 1 ms is none").help("write replication_lag(secs(2))")
            );
        }
        match self.aurora.place() {
            #[cfg(feature = "docker")]
            Place::Local(cluster) => {
                self.prepared.set(super::local::Lag::prepare(cluster, self.delay)?);
                Ok(())
            }
            #[cfg(feature = "aws")]
            place @ Place::Rds(_) => {
                let way_out = "watch the lag that it has, by the metric AuroraReplicaLag of CloudWatch; in profile \
                               `local` readers can be made to lag";
                Err(place.not_here("nobody outside it can make its readers lag", way_out))
            }
        }
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
}

impl Held for ReplicationLag {}

impl std::fmt::Debug for ReplicationLag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplicationLag")
            .field("target", &self.target())
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}
