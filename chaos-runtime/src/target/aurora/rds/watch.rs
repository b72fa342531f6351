//! Looking at a cluster again and again while a change goes on.

use super::PAUSE;
use super::cluster::Cluster;
use super::events::Told;
use super::order::Call;
use super::progress::Progress;
use super::seen::Seen;
use crate::Result;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Every how many looks RDS is asked for events.
const LOOKS_PER_LISTENING: u32 = 4;

/// The looking. It ends when it is dropped.
pub(super) struct Watch {
    pub(super) progress: watch::Receiver<Progress>,
    told: Arc<Mutex<Told>>,
    task: AbortHandle,
}

impl Watch {
    /// Begins to look. `told` has listened since before the order.
    pub(super) fn begin(cluster: &Arc<Cluster>, call: Call, writer: String, told: Told) -> Result<Self> {
        let (sender, progress) = watch::channel(Progress::default());
        let told = Arc::new(Mutex::new(told));
        let (cluster, listening) = (cluster.clone(), told.clone());
        let task = cluster.net.clone().handle()?.spawn(async move {
            for look in 0_u32.. {
                if look % LOOKS_PER_LISTENING == 0 {
                    let mut told = listening.lock().await;
                    for message in told.listen(&cluster, &call, &writer).await {
                        sender.send_modify(|progress| progress.told(&call, &message));
                    }
                }
                look_once(&cluster, &call, &writer, &sender).await;
                sleep(PAUSE).await;
            }
        });
        Ok(Self { progress, told, task: task.abort_handle() })
    }

    /// What RDS said of the end, asked for once more.
    pub(super) async fn of_the_end(&self, cluster: &Cluster, call: &Call, writer: &str) -> Option<String> {
        let mut told = self.told.lock().await;
        told.listen(cluster, call, writer).await;
        told.of_the_end().map(str::to_owned)
    }
}

async fn look_once(cluster: &Cluster, call: &Call, writer: &str, sender: &watch::Sender<Progress>) {
    let looked = async {
        let seen = Seen::of(&cluster.api.cluster().await?);
        let statuses = match call {
            Call::Failover { .. } => None,
            Call::Reboot { .. } => Some(cluster.api.statuses().await?),
        };
        Ok::<_, crate::Error>((seen, statuses))
    };
    match looked.await {
        Ok((seen, statuses)) => {
            let instance = statuses.map(|statuses| statuses.get(writer).cloned().unwrap_or_else(|| "gone".to_owned()));
            let now = cluster.clock.now();
            sender.send_modify(|progress| progress.take(call, writer, &seen, instance.as_deref(), now));
        }
        // The next look may go better; there is a limit to all of them.
        Err(error) => sender.send_modify(|progress| progress.last = error.without_help()),
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
