//! Taking a container off its networks.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::target::container::State;
use crate::{Error, Result};
use testcontainers::bollard::models::{EndpointIpamConfig, EndpointSettings, NetworkDisconnectRequest};

/// See [`ContainerFaults::disconnect`](super::ContainerFaults::disconnect).
#[derive(Debug, Clone)]
pub struct Disconnect {
    /// Only this one, by name or id.
    network: Option<String>,
    /// Name, id and how it was connected.
    endpoints: Vec<(String, String, EndpointSettings)>,
}

impl Disconnect {
    pub(super) fn new() -> Self {
        Self { network: None, endpoints: Vec::new() }
    }
}

impl OnContainers<Disconnect> {
    /// Only from this network, by its name or id.
    pub fn from_network(self, network: impl Into<String>) -> Self {
        let network = network.into();
        self.with(|disconnect| disconnect.network = Some(network.clone()))
    }
}

impl Harm for Disconnect {
    fn describe(&self) -> String {
        match &self.network {
            Some(network) => format!("disconnect from network {network}"),
            None => "disconnect".to_owned(),
        }
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let state = container.own_network().await?;
        let meant = |name: &str, id: &str| self.network.as_deref().is_none_or(|asked| asked == name || asked == id);
        let endpoints: Vec<_> = connected(&state).into_iter().filter(|(name, id, _)| meant(name, id)).collect();
        if endpoints.is_empty() {
            let named = self.network.as_ref().map_or("any network".to_owned(), |name| format!("network {name}"));
            let on = connected(&state).into_iter().map(|(name, ..)| name).collect::<Vec<_>>().join(", ");
            let error = Error::new(format!("{container} is not connected to {named}"));
            return Err(if on.is_empty() { error } else { error.help(format!("it is connected to {on}")) });
        }
        self.endpoints = endpoints;
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let steps = self.endpoints.iter().map(|(_, id, endpoint)| ContainerStep::Connect {
            container: container.id().to_owned(),
            network: id.clone(),
            endpoint: serde_json::to_value(as_asked(endpoint)).unwrap_or_default(),
        });
        steps.collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let engine = container.engine();
        for (name, id, _) in &self.endpoints {
            let request = NetworkDisconnectRequest { container: container.id().to_owned(), force: Some(true) };
            let disconnect = engine.docker().disconnect_network(id, request);
            engine.call(format!("disconnect {container} from network {name}"), disconnect).await?;
        }
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(state) = container.state().await? else {
            return Ok(Evidence::none(format!("{container} was removed")));
        };
        let now = connected(&state);
        let still = self.endpoints.iter().find(|(_, id, _)| now.iter().any(|(_, now, _)| now == id));
        Ok(match still {
            Some((name, ..)) => Evidence::none(format!("{container} is connected to network {name}")),
            None => {
                let names: Vec<&str> = self.endpoints.iter().map(|(name, ..)| &**name).collect();
                Evidence::seen(format!("{container} is off network {}", names.join(", ")))
            }
        })
    }
}

impl Held for OnContainers<Disconnect> {}

/// The networks that a running container is really on.
fn connected(state: &State) -> Vec<(String, String, EndpointSettings)> {
    let networks = state.inspected.network_settings.clone().and_then(|settings| settings.networks).unwrap_or_default();
    let mut endpoints: Vec<_> = networks
        .into_iter()
        .filter(|(_, endpoint)| endpoint.endpoint_id.as_ref().is_some_and(|id| !id.is_empty()))
        .filter_map(|(name, endpoint)| Some((name, endpoint.network_id.clone()?, endpoint)))
        .collect();
    endpoints.sort_by(|a, b| a.0.cmp(&b.0));
    endpoints
}

/// What is asked for so that the endpoint comes back as it was: the address too, even if it was the engine's choice.
fn as_asked(endpoint: &EndpointSettings) -> EndpointSettings {
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let ipam = EndpointIpamConfig {
        ipv4_address: some(&endpoint.ip_address),
        ipv6_address: some(&endpoint.global_ipv6_address),
        link_local_ips: None,
    };
    EndpointSettings {
        ipam_config: Some(ipam),
        aliases: endpoint.aliases.clone(),
        links: endpoint.links.clone(),
        driver_opts: endpoint.driver_opts.clone(),
        mac_address: some(&endpoint.mac_address),
        ..EndpointSettings::default()
    }
}
