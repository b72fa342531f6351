//! What a crash of the writer takes with it: commits that no reader has.

use super::cluster::Cluster;
use super::outcome::Lost;
use super::session::Session;
use crate::{Error, Result};
use futures_util::future::try_join_all;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the writer works alone at least.
const ALONE: Duration = Duration::from_millis(250);

/// How long a commit is waited for. Less than a fault may take to be confirmed.
const PATIENCE: Duration = Duration::from_secs(3);

const PAUSE: Duration = Duration::from_millis(20);

/// Lets replication stand still until the writer has committed something that no reader has, or, in a synchronous
/// cluster, until a commit waits for a reader.
///
/// Fails, with everything as it was, if nobody writes.
pub(super) async fn stand_still(cluster: &Cluster, writer: usize, readers: &[usize]) -> Result<Lost> {
    let unplug = async |reader: &usize| {
        let node = &cluster.nodes[*reader];
        node.session().await?.follow("").await?;
        node.until("let go of its writer", async |session| session.is_unplugged().await).await
    };
    let alone = async {
        try_join_all(readers.iter().map(unplug)).await?;
        let session = cluster.nodes[writer].session().await?;
        wait_for_loss(&session, cluster.settings.synchronous).await
    };
    let alone = alone.await;
    if alone.is_err() {
        let primary = cluster.nodes[writer].as_primary();
        for reader in readers {
            cluster.nodes[*reader].session().await?.follow(&primary).await?;
        }
    }
    alone
}

async fn wait_for_loss(writer: &Session, synchronous: bool) -> Result<Lost> {
    let from = writer.next_transaction().await?;
    let begun = Instant::now();
    loop {
        sleep(PAUSE).await;
        let lost = Lost { from, synchronous, transactions: 0 }.counted(writer).await?;
        if begun.elapsed() >= ALONE && lost.transactions > 0 {
            return Ok(lost);
        }
        if begun.elapsed() >= PATIENCE {
            return Err(Error::new(format!(
                "nothing was written within {} s, so a crash would lose nothing",
                PATIENCE.as_secs()
            ))
            .help("start a load that writes, and then crash the writer"));
        }
    }
}

impl Lost {
    /// Counts again what would be lost now.
    pub(super) async fn counted(self, writer: &Session) -> Result<Self> {
        let transactions = match self.synchronous {
            true => writer.waiting_for_readers().await?,
            false => writer.committed_since(self.from).await?,
        };
        Ok(Self { transactions, ..self })
    }
}
