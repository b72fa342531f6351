//! Containers and networks of tests that have ended.

use super::engine::Engine;
use super::label::{OWNER, TEST};
use super::removal;
use crate::Result;
use crate::sys::Owner;
use std::collections::HashMap;
use std::fmt;
use testcontainers::bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder};

/// A container or network that a chaos test has made and left: the process that answers for it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Orphan {
    /// What it is.
    pub kind: OrphanKind,
    /// The engine's id.
    pub id: String,
    /// The engine's name.
    pub name: String,
    /// The test that has made it, if its label says so.
    pub test: Option<String>,
}

/// What may be left with an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrphanKind {
    /// A container, with its anonymous volumes.
    Container,
    /// A network.
    Network,
}

/// What chaos tests have left with the container engine of this machine: told by its labels, whatever has become of the
/// ledgers. What belongs to a process that lives, or to another machine, is not among it. Needs a tokio runtime.
///
/// # Errors
/// When the engine can't be reached.
pub async fn orphans() -> Result<Vec<Orphan>> {
    found(&Engine::connect(None).await?).await
}

/// Removes one, whatever it is doing. One that is gone is fine. Needs a tokio runtime.
///
/// # Errors
/// When the engine can't be reached, or refuses.
pub async fn remove_orphan(orphan: &Orphan) -> Result<()> {
    orphan.remove(&Engine::connect(None).await?).await
}

pub(super) async fn found(engine: &Engine) -> Result<Vec<Orphan>> {
    let filters = HashMap::from([("label", vec![OWNER])]);
    let mut orphans = Vec::new();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    for container in engine.call("list containers", engine.docker().list_containers(Some(options))).await? {
        let name = container.names.unwrap_or_default().join(", ");
        let name = name.trim_start_matches('/').to_owned();
        orphans.extend(orphan(OrphanKind::Container, container.id, name, container.labels.as_ref()));
    }
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    for network in engine.call("list networks", engine.docker().list_networks(Some(options))).await? {
        let name = network.name.unwrap_or_default();
        orphans.extend(orphan(OrphanKind::Network, network.id, name, network.labels.as_ref()));
    }
    Ok(orphans)
}

fn orphan(
    kind: OrphanKind,
    id: Option<String>,
    name: String,
    labels: Option<&HashMap<String, String>>,
) -> Option<Orphan> {
    let labels = labels?;
    let owner = Owner::parse(labels.get(OWNER)?)?;
    owner.is_dead().then_some(())?;
    Some(Orphan { kind, id: id?, name, test: labels.get(TEST).cloned() })
}

impl Orphan {
    pub(super) async fn remove(&self, engine: &Engine) -> Result<()> {
        match self.kind {
            OrphanKind::Container => removal::remove_container(engine, &self.id).await?,
            OrphanKind::Network => removal::remove_network(engine, &self.id).await?,
        }
        Ok(())
    }

    /// The command that removes it.
    pub fn by_hand(&self) -> String {
        match self.kind {
            OrphanKind::Container => format!("docker rm -f -v {}", self.name),
            OrphanKind::Network => format!("docker network rm {}", self.name),
        }
    }
}

impl fmt::Display for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            OrphanKind::Container => "container",
            OrphanKind::Network => "network",
        };
        write!(f, "{kind} {}", self.name)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_dead_process_of_this_machine_made_is_an_orphan() {
        let of = |owner: &str| {
            let labels = HashMap::from([(OWNER.to_owned(), owner.to_owned()), (TEST.to_owned(), "t".to_owned())]);
            orphan(OrphanKind::Container, Some("1".into()), "redis".into(), Some(&labels))
        };
        let own = Owner::current().to_string();
        assert_eq!(of(&own), None, "it lives");
        assert_eq!(of("elsewhere/1/2"), None, "who knows");
        assert_eq!(of("nonsense"), None);
        let (place, _) = own.rsplit_once('/').unwrap();
        let dead = of(&format!("{place}/another start")).unwrap();
        assert_eq!((dead.by_hand().as_str(), dead.test.as_deref()), ("docker rm -f -v redis", Some("t")));
        assert_eq!(orphan(OrphanKind::Network, Some("1".into()), "n".into(), None), None);
    }
}
