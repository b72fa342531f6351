//! What came of a failover.

use super::cluster::Cluster;
use crate::Result;
use crate::claim::display;
use crate::fault::Evidence;
use std::fmt;
use std::time::Duration;

/// How a failover went, before anybody has checked it.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) fenced: bool,
    pub(super) old_timeline: i64,
    /// From the order to the promotion.
    pub(super) without_writer: Duration,
    /// From the order until the cluster endpoint leads to the new writer for good.
    pub(super) took: Duration,
    /// How many connections hang, where they were to.
    pub(super) hung: Option<u64>,
    pub(super) lost: Option<Lost>,
}

/// What went with a writer that crashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost {
    /// The number of the first transaction that no reader has.
    pub(super) from: i64,
    pub(super) synchronous: bool,
    /// Committed and on no reader; in a synchronous cluster: waiting for one.
    pub(super) transactions: u64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failover took {}", display::duration(self.took))?;
        if self.took > self.without_writer + Duration::from_millis(50) {
            write!(f, ", {} of it without a writer", display::duration(self.without_writer))?;
        }
        if let Some(hung) = self.hung {
            write!(f, "; {hung} connections hang")?;
        }
        match self.lost {
            None => Ok(()),
            Some(Lost { synchronous: false, transactions, .. }) => {
                write!(f, "; lost {transactions} committed transactions that no reader had")
            }
            Some(Lost { synchronous: true, transactions, .. }) => {
                write!(f, "; {transactions} transactions were waiting for a reader, none was acknowledged")
            }
        }
    }
}

impl Outcome {
    /// Whether the writer really moved, as the servers have it.
    pub(super) async fn verify(&self, cluster: &Cluster) -> Result<Evidence> {
        let (old, new) = (&cluster.nodes[self.old], &cluster.nodes[self.new]);
        let session = new.session().await?;
        if !session.takes_writes().await? {
            return Ok(Evidence::none(format!("{} takes no writes", new.name)));
        }
        let timeline = session.timeline().await?;
        if timeline <= self.old_timeline {
            return Ok(Evidence::none(format!("{} is still on timeline {timeline}", new.name)));
        }
        let old_is = if self.fenced {
            match old.container.is_running().await? {
                false => "is fenced",
                true => return Ok(Evidence::none(format!("{} runs, and was to be fenced", old.name))),
            }
        } else {
            match old.session().await?.takes_writes().await? {
                false => "is a reader",
                true => return Ok(Evidence::none(format!("{} still takes writes", old.name))),
            }
        };
        if !cluster.writer_endpoint_leads_to(self.new) {
            return Ok(Evidence::none(format!("the cluster endpoint does not lead to {}", new.name)));
        }
        Ok(Evidence::seen(format!(
            "writer moved from {} to {} (timeline {} → {timeline}), {} {old_is}; {self}",
            old.name, new.name, self.old_timeline, old.name
        )))
    }
}
