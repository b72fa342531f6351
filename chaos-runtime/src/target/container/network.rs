//! Networks of an experiment's own.

use super::session::Session;
use crate::{Chaos, Error, Result};
use std::fmt;
use std::sync::Arc;
use testcontainers::bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};
use testcontainers::bollard::query_parameters::InspectNetworkOptions;

/// Tries to get a subnet of the network's own before somebody else takes it.
const TRIES: u32 = 5;

/// A network that ends with the experiment; containers join it by its [name](Self::name).
#[derive(Clone)]
pub struct Network {
    id: String,
    name: String,
}

impl Chaos {
    /// Makes a bridge network on which containers find each other by name, for `image.with_network(network.name())`.
    ///
    /// It has a subnet of its own, so that a container that was disconnected gets its address back.
    ///
    /// # Errors
    /// If the engine can't be reached, or has no subnet left.
    pub async fn network(&self) -> Result<Network> {
        let session = self.core.containers.session(&self.core).await?;
        let name = format!("chaos-{}-{:08x}", &session.labels.token()[..8], fastrand::u32(..));
        Network::create(&session, name).await
    }
}

impl Network {
    /// Makes a network of that name.
    pub(super) async fn create(session: &Arc<Session>, name: String) -> Result<Self> {
        let mut last = None;
        for _ in 0..TRIES {
            // The engine finds a free subnet, but lets addresses be asked for only where it was told the subnet.
            let found = make(session, &name, None).await?;
            let docker = session.engine.docker();
            let inspect = docker.inspect_network(&found, None::<InspectNetworkOptions>);
            let inspected = session.engine.call("inspect a network", inspect).await?;
            let subnet = inspected.ipam.and_then(|ipam| ipam.config?.into_iter().find_map(|config| config.subnet));
            session.engine.call("remove a network", docker.remove_network(&found)).await?;
            match make(session, &name, subnet).await {
                Ok(id) => return Ok(Self { id, name }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::new("no network could be made")))
    }

    /// Its name, for testcontainers' `with_network`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

async fn make(session: &Session, name: &str, subnet: Option<String>) -> Result<String> {
    let config = IpamConfig { subnet, ..IpamConfig::default() };
    let has_subnet = config.subnet.is_some();
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        ipam: has_subnet.then(|| Ipam { config: Some(vec![config]), ..Ipam::default() }),
        labels: Some(session.labels.all()),
        ..NetworkCreateRequest::default()
    };
    let made =
        session.engine.call(format!("make network {name}"), session.engine.docker().create_network(request)).await?;
    Ok(made.id)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("name", &self.name).field("id", &self.id).finish()
    }
}
