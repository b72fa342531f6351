//! Undoing what was done to containers: the steps as data. What carries them out is with the containers themselves.

use super::run::Remark;
use crate::Result;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One step of an undo on containers. Each may be taken again, and is content with a container that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContainerStep {
    /// Remove all containers, networks and volumes that carry a label.
    Remove {
        /// `name=value`
        label: String,
    },
    /// Let a paused container go on.
    Unpause {
        /// Its id.
        container: String,
    },
    /// Start a container that does not run.
    Start {
        /// Its id.
        container: String,
        /// When the life had begun that is to end, if one is: it may be about to.
        #[serde(default)]
        ending: Option<String>,
        /// How long its end is waited for, in milliseconds.
        #[serde(default)]
        patience_ms: u64,
    },
    /// Connect a container to a network that it was taken off.
    Connect {
        /// Its id.
        container: String,
        /// The network's id or name.
        network: String,
        /// Its endpoint there as it was: an `EndpointSettings` of the engine's API.
        endpoint: serde_json::Value,
    },
    /// Set limits to what they were.
    Update {
        /// Its id.
        container: String,
        /// The body of the engine's `update` call.
        limits: serde_json::Value,
    },
    /// Run a shell script beside a container: in some of its namespaces, with tools of our own.
    Script {
        /// Its id.
        container: String,
        /// When it had been started: after a restart its namespaces are new ones.
        started_at: String,
        /// Which of its namespaces are shared.
        beside: Beside,
        /// The image with the tools.
        image: String,
        /// For `sh -c`; exit status 0 means undone.
        script: String,
    },
    /// Remove a file of a container, whether it runs, has ended or was removed.
    RemoveFile {
        /// Its id.
        container: String,
        /// The file's absolute path in it.
        path: String,
        /// The file system that it is on.
        on: FileSystem,
        /// The image with the tools.
        image: String,
    },
    /// Write a small text file in a container, whether it runs or not.
    WriteFile {
        /// Its id.
        container: String,
        /// The file's absolute path in it.
        path: String,
        /// What it is to contain.
        text: String,
    },
    /// Run a command in a container.
    Exec {
        /// Its id.
        container: String,
        /// When it had been started.
        started_at: String,
        /// Program and arguments; exit status 0 means undone.
        command: Vec<String>,
    },
}

/// What a container's path is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileSystem {
    /// The container's own layer: it stays until the container is removed.
    Layer,
    /// Memory: it ends with the container.
    Memory,
    /// A volume, by name, or a directory of the host, mounted at that path: it may outlive the container.
    Volume {
        /// Name or path.
        source: String,
        /// Where it is mounted.
        at: String,
    },
}

/// What a helper shares with a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Beside {
    /// Its network: interfaces, addresses, rules.
    Network,
    /// Its processes, and through them its files: they lie under `/proc/1/root`.
    Files,
    /// Its memory: what is written there counts to its limit, and its processes are seen.
    Memory,
}

impl fmt::Display for ContainerStep {
    /// What to do by hand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remove { label } => write!(
                f,
                "docker rm -fv $(docker ps -aq --filter label={label}); docker network prune -f --filter label={label}"
            ),
            Self::Unpause { container } => write!(f, "docker unpause {}", short(container)),
            Self::Start { container, .. } => write!(f, "docker start {}", short(container)),
            Self::Connect { container, network, .. } => {
                write!(f, "docker network connect {} {}", short(network), short(container))
            }
            Self::Update { container, limits } => {
                write!(f, "POST {limits} to /containers/{}/update of the engine's API", short(container))
            }
            Self::Script { container, beside, image, script, .. } => {
                let share = match beside {
                    Beside::Network => "--network",
                    Beside::Files | Beside::Memory => "--pid",
                };
                let quoted = script.replace('\'', r"'\''");
                write!(
                    f,
                    "docker run --rm --privileged {share} container:{} {image} sh -c '{quoted}'",
                    short(container)
                )
            }
            Self::RemoveFile { container, path, .. } => write!(f, "remove {path} in container {}", short(container)),
            Self::WriteFile { container, path, text } => {
                write!(f, "write `{text}` to {path} in container {}", short(container))
            }
            Self::Exec { container, command, .. } => {
                write!(f, "docker exec {} {}", short(container), command.join(" "))
            }
        }
    }
}

fn short(id: &str) -> &str {
    if id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) { &id[..12] } else { id }
}

/// Takes all steps at the same time; fails with all that failed.
#[cfg(feature = "docker")]
pub(super) async fn run(engine: Option<&str>, steps: &[ContainerStep]) -> Result<Remark> {
    crate::target::container::undo(engine, steps).await
}

/// Left to a test binary that can.
#[cfg(not(feature = "docker"))]
pub(super) async fn run(_: Option<&str>, _: &[ContainerStep]) -> Result<Remark> {
    Err(crate::Error::new("a fault on containers can be undone by a binary with the feature `docker` only")
        .help("run a chaos test of the package that has it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_they_are_commands_of_the_docker_client() {
        let container = "0123456789ab".repeat(5) + "cdef";
        let unpause = ContainerStep::Unpause { container: container.clone() };
        assert_eq!(unpause.to_string(), "docker unpause 0123456789ab");
        let script = ContainerStep::Script {
            container: "db".into(),
            started_at: String::new(),
            beside: Beside::Network,
            image: "tools".into(),
            script: "echo 'x'".into(),
        };
        let shown = r"docker run --rm --privileged --network container:db tools sh -c 'echo '\''x'\'''";
        assert_eq!(script.to_string(), shown);
    }

    #[test]
    fn they_read_back_as_they_were_written() {
        let step = ContainerStep::Connect {
            container: "a".into(),
            network: "n".into(),
            endpoint: serde_json::json!({"Aliases": ["db"]}),
        };
        let json = serde_json::to_string(&step).unwrap();
        assert_eq!(serde_json::from_str::<ContainerStep>(&json).unwrap(), step);
    }
}
