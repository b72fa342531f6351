//! What the engine says of a container.

use super::engine::{Engine, EngineError};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use testcontainers::bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum as Status};
use testcontainers::bollard::query_parameters::InspectContainerOptions;

/// A container at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) running: bool,
    pub(crate) paused: bool,
    pub(crate) oom_killed: bool,
    pub(crate) exit_code: i64,
    pub(crate) pid: i64,
    /// When its present or last life began: tells one life from the next.
    pub(crate) started_at: String,
    status: String,
    /// The host's ports, by the container's: `6379/tcp`.
    ports: BTreeMap<String, u16>,
    /// All its addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// All that the engine said.
    pub(crate) inspected: Box<ContainerInspectResponse>,
}

impl State {
    /// Asks the engine; `None` if there is no such container.
    pub(crate) async fn of(engine: &Engine, id: &str) -> Result<Option<Self>, EngineError> {
        let inspect = engine.docker().inspect_container(id, None::<InspectContainerOptions>);
        match engine.call(format!("inspect container {id}"), inspect).await {
            Ok(inspected) => Ok(Some(Self::from(inspected))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The host's port for one of the container's TCP ports.
    pub(crate) fn published(&self, port: u16) -> Option<u16> {
        self.ports.get(&format!("{port}/tcp")).copied()
    }

    /// The container's ports that are reached from the host, in words.
    pub(crate) fn all_published(&self) -> String {
        let ports: Vec<&str> = self.ports.keys().map(String::as_str).collect();
        if ports.is_empty() { "none".to_owned() } else { ports.join(", ") }
    }
}

impl From<ContainerInspectResponse> for State {
    fn from(inspected: ContainerInspectResponse) -> Self {
        let state = inspected.state.clone().unwrap_or_default();
        let settings = inspected.network_settings.clone().unwrap_or_default();
        let ports = settings.ports.unwrap_or_default().into_iter().filter_map(|(port, bindings)| {
            let bindings = bindings?;
            Some((port, bindings.iter().find_map(|binding| binding.host_port.as_ref()?.parse().ok())?))
        });
        let networks = settings.networks.unwrap_or_default();
        let addresses = networks.values().flat_map(|endpoint| [&endpoint.ip_address, &endpoint.global_ipv6_address]);
        let mut addresses: Vec<IpAddr> = addresses.filter_map(|address| address.as_ref()?.parse().ok()).collect();
        addresses.sort();
        Self {
            id: inspected.id.clone().unwrap_or_default(),
            name: inspected.name.as_deref().unwrap_or_default().trim_start_matches('/').to_owned(),
            running: state.running.unwrap_or_default(),
            paused: state.paused.unwrap_or_default(),
            oom_killed: state.oom_killed.unwrap_or_default(),
            exit_code: state.exit_code.unwrap_or_default(),
            pid: state.pid.unwrap_or_default(),
            started_at: state.started_at.unwrap_or_default(),
            status: state.status.unwrap_or(Status::EMPTY).to_string(),
            ports: ports.collect(),
            addresses,
            inspected: Box::new(inspected),
        }
    }
}

impl fmt::Display for State {
    /// `running`, `paused`, `exited with code 137`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.running, self.oom_killed) {
            (true, _) => f.write_str(&self.status),
            (false, true) => write!(f, "{} with code {} (killed for want of memory)", self.status, self.exit_code),
            (false, false) => write!(f, "{} with code {}", self.status, self.exit_code),
        }
    }
}
