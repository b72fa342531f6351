//! A Redis primary with replicas, whose writes count when a replica has them too.

use chaos_runtime::prelude::*;
use chaos_runtime::target::Container;
use chaos_runtime::testcontainers::core::WaitFor;
use chaos_runtime::testcontainers::{GenericImage, ImageExt};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use std::io;
use std::ops::Index;
use std::time::Duration;

/// How long a write waits for a replica.
const REPLICA_LIMIT: Duration = Duration::from_millis(500);

/// Node 0 takes the writes, the others replicate it.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Container>,
    primary: ConnectionManager,
}

impl Cluster {
    /// Starts `n` nodes on a network of their own, and waits until all replicate.
    pub async fn start(chaos: &Chaos, n: usize) -> chaos::Result<Self> {
        let network = chaos.network().await?;
        let name = |index: usize| format!("{network}-node-{index}");
        let mut nodes = Vec::new();
        for index in 0..n {
            let mut command: Vec<String> =
                ["redis-server", "--protected-mode", "no", "--bind", "0.0.0.0", "--repl-timeout", "3", "--save", ""]
                    .map(str::to_owned)
                    .into();
            let mut ready = "Ready to accept connections";
            if index > 0 {
                command.extend(["--replicaof".to_owned(), name(0), "6379".to_owned()]);
                ready = "MASTER <-> REPLICA sync: Finished with success";
            }
            let image = GenericImage::new("redis", "7")
                .with_wait_for(WaitFor::message_on_stdout(ready))
                .with_cmd(command)
                .with_container_name(name(index))
                .with_network(network.name());
            nodes.push(chaos.container(image).named(format!("node {index}")).await?);
        }
        let client = redis::Client::open(format!("redis://{}", nodes[0].addr(6379).await?))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(REPLICA_LIMIT))
            .set_response_timeout(Some(REPLICA_LIMIT * 3))
            .set_max_delay(Duration::from_millis(200));
        Ok(Self { nodes, primary: client.get_connection_manager_with_config(config).await? })
    }

    /// Writes that are acknowledged by the primary and by one replica at least.
    pub fn writes(&self) -> impl Operation + use<> {
        let primary = self.primary.clone();
        op(move |id: OpId| {
            let mut primary = primary.clone();
            async move {
                let mut write = redis::pipe();
                write.cmd("SET").arg(id.to_string()).arg("written").ignore();
                write.cmd("WAIT").arg(1).arg(REPLICA_LIMIT.as_millis().to_string());
                let (replicas,): (u32,) = write.query_async(&mut primary).await.map_err(io::Error::other)?;
                if replicas == 0 { Err(io::Error::other("no replica has it")) } else { Ok(()) }
            }
        })
    }
}

impl Index<usize> for Cluster {
    type Output = Container;

    fn index(&self, node: usize) -> &Container {
        &self.nodes[node]
    }
}
