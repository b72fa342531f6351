//! Removing containers, networks and volumes.

use super::engine::{Engine, EngineError};
use std::collections::HashMap;
use std::time::Duration;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptions,
};

/// How many looks find what others still remove, and the pause between two.
const LOOKS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(100);

/// Removes a container with its anonymous volumes, whatever it is doing. One that is gone is fine.
pub(super) async fn remove_container(engine: &Engine, id: &str) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = engine.call(format!("remove container {id}"), engine.docker().remove_container(id, Some(options)));
    gone(removed.await)
}

/// Removes a network on which no container is left. One that is gone is fine.
pub(super) async fn remove_network(engine: &Engine, id: &str) -> Result<(), EngineError> {
    gone(engine.call(format!("remove network {id}"), engine.docker().remove_network(id)).await)
}

/// Removes everything that carries the label.
///
/// Looks again until nothing is there: a container whose creation was under way when its test was killed comes late.
pub(super) async fn remove_labelled(engine: &Engine, label: &str) -> Result<(), EngineError> {
    let filters = HashMap::from([("label", vec![label])]);
    let docker = engine.docker();
    let mut clean = 0;
    for _ in 0..LOOKS {
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = engine.call("list containers", docker.list_containers(Some(options))).await?;
        let ids: Vec<String> = containers.into_iter().filter_map(|container| container.id).collect();
        clean = if ids.is_empty() { clean + 1 } else { 0 };
        let removed = futures_util::future::join_all(ids.iter().map(|id| remove_container(engine, id))).await;
        removed.into_iter().collect::<Result<(), _>>()?;
        if clean == 2 {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    for network in engine.call("list networks", docker.list_networks(Some(options))).await? {
        remove_network(engine, &network.id.unwrap_or_default()).await?;
    }
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = engine.call("list volumes", docker.list_volumes(Some(options))).await?;
    for volume in volumes.volumes.unwrap_or_default() {
        let name = volume.name;
        let removed = docker.remove_volume(&name, None::<RemoveVolumeOptions>);
        gone(engine.call(format!("remove volume {name}"), removed).await)?;
    }
    Ok(())
}

/// What is gone already, or is being removed by somebody else, is as wished.
fn gone(removed: Result<(), EngineError>) -> Result<(), EngineError> {
    match removed {
        Err(error) if error.is_missing() => Ok(()),
        Err(error) if error.is_conflict() && error.said().contains("already in progress") => Ok(()),
        removed => removed,
    }
}
