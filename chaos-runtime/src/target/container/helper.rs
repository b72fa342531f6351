//! Helpers: short-lived containers with tools of ours, beside a container that needs none for it.

use super::engine::Engine;
use super::exec::exec;
use super::handle::Container;
use super::label::{HELPER_KIND, HELPER_LIFE, HELPER_OF, OWNER};
use super::start::{forget, split};
use super::state::State;
use crate::rollback::{Beside, ContainerStep};
use crate::sys::Owner;
use crate::{Error, Result};
use std::collections::HashMap;
use std::fmt;
use testcontainers::bollard::models::HostConfig;
use testcontainers::bollard::query_parameters::ListContainersOptionsBuilder;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerRequest, GenericImage, ImageExt};
use tokio::sync::Mutex;

/// The image of helpers: a shell, iptables, tc, ip.
pub(crate) const IMAGE: (&str, &str) = ("nicolaka/netshoot", "v0.13");

/// Where a helper beside a container's memory keeps what fills it.
pub(crate) const FILLING: &str = "/chaos-filling";

/// The helpers of one experiment.
#[derive(Default)]
pub(super) struct Helpers(Mutex<HashMap<(String, Beside), Helper>>);

/// A container that shares namespaces with another one and waits for scripts.
#[derive(Clone)]
pub(crate) struct Helper {
    engine: Engine,
    id: String,
    /// The life of the container in whose namespaces it is.
    started_at: String,
    of: String,
    image: String,
    beside: Beside,
}

impl Helper {
    /// The helper beside a container, started if there is none in its present namespaces. Removed with the experiment.
    ///
    /// Fails if the container does not run: then it has no namespaces.
    pub(crate) async fn beside(container: &Container, beside: Beside) -> Result<Self> {
        let session = container.session();
        let state = container.living().await?;
        let mut helpers = session.helpers.0.lock().await;
        let key = (container.id().to_owned(), beside);
        // One that was left in the namespaces of an earlier life would obey, and do nothing.
        if let Some(helper) = helpers.get(&key).filter(|helper| helper.started_at == state.started_at)
            && State::of(&helper.engine, &helper.id).await?.is_some_and(|state| state.running)
        {
            return Ok(helper.clone());
        }
        let helper =
            Self::start(&session.engine, session.labels.all(), &state, beside, &session.tools).await.map_err(|error| {
                let (message, help) = (error.message().to_owned(), error.help_text().map(str::to_owned));
                let error = Error::new(format!("no helper beside {container}: {message}"));
                error.help(help.unwrap_or_else(|| format!("helpers need the image {}; another one with sh, iptables, tc and ip is named by CHAOS_IMAGE_NICOLAKA_NETSHOOT or [images] in chaos.toml", session.tools)))
            })?;
        helpers.insert(key, helper.clone());
        Ok(helper)
    }

    async fn start(
        engine: &Engine,
        labels: HashMap<String, String>,
        of: &State,
        beside: Beside,
        image: &str,
    ) -> Result<Self> {
        let target = format!("container:{}", of.id);
        let group = format!("/docker/{}", of.id);
        let own_name = format!("chaos-helper-{:016x}", fastrand::u64(..));
        let capabilities: &[&str] = match beside {
            Beside::Network => &["NET_ADMIN", "NET_RAW"],
            Beside::Files => &["SYS_PTRACE", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "KILL"],
            Beside::Memory => &["DAC_OVERRIDE"],
        };
        let request = request(image, labels, kind(beside), capabilities, move |host| match beside {
            Beside::Network => host.network_mode = Some(target.clone()),
            Beside::Files => host.pid_mode = Some(target.clone()),
            Beside::Memory => {
                host.pid_mode = Some(target.clone());
                host.cgroup_parent = Some(group.clone());
                host.tmpfs = Some(HashMap::from([(FILLING.to_owned(), "rw,size=100%".to_owned())]));
            }
        });
        let request = request
            .with_container_name(&own_name)
            .with_label(HELPER_OF, &of.id)
            .with_label(HELPER_LIFE, &of.started_at);
        let started = match request.start().await {
            Ok(started) => started,
            Err(error) => {
                // It may have been made: the container that it was to stand beside can end in between.
                let _ = super::removal::remove_container(engine, &own_name).await;
                return Err(Error::new("it did not start").caused_by(error));
            }
        };
        let id = started.id().to_owned();
        forget(started);
        let started_at = of.started_at.clone();
        Ok(Self { engine: engine.clone(), id, started_at, of: of.id.clone(), image: image.to_owned(), beside })
    }

    /// One beside nothing, in a network of its own in which rules can be tried. Whoever asks for it [removes](Self::remove) it.
    pub(crate) async fn alone(engine: &Engine, image: &str) -> Result<Self> {
        let labels = HashMap::from([(OWNER.to_owned(), Owner::current().to_string())]);
        let request = request(image, labels, "trial", &["NET_ADMIN", "NET_RAW"], |_| {});
        let started = request.start().await.map_err(|error| Error::new("no helper started").caused_by(error))?;
        let id = started.id().to_owned();
        forget(started);
        let started_at = String::new();
        let (engine, image) = (engine.clone(), image.to_owned());
        Ok(Self { engine, of: id.clone(), id, started_at, image, beside: Beside::Network })
    }

    /// Ends it.
    pub(crate) async fn remove(self) -> Result<()> {
        Ok(super::removal::remove_container(&self.engine, &self.id).await?)
    }

    /// A container with a volume, or a directory of the host, at `/volume`; gives its id. Whoever asks for it removes it.
    pub(super) async fn on_volume(image: &str, labels: HashMap<String, String>, source: &str) -> Result<String> {
        let bind = format!("{source}:/volume");
        let request = request(image, labels, "volume", &["DAC_OVERRIDE", "FOWNER"], move |host| {
            host.binds = Some(vec![bind.clone()]);
        });
        let started = request.start().await.map_err(|error| Error::new("no helper started").caused_by(error))?;
        let id = started.id().to_owned();
        forget(started);
        Ok(id)
    }

    /// Runs a shell script; gives its standard output. An exit status other than 0 is an error with what it wrote.
    pub(crate) async fn run(&self, script: &str) -> Result<String> {
        exec(&self.engine, &self.id, &shell(script)).await?.success()
    }

    /// The same script as the step of an undo, which takes another helper if need be.
    pub(crate) fn step(&self, script: impl Into<String>) -> ContainerStep {
        ContainerStep::Script {
            container: self.of.clone(),
            started_at: self.started_at.clone(),
            beside: self.beside,
            image: self.image.clone(),
            script: script.into(),
        }
    }

    /// Its image.
    pub(crate) fn image(&self) -> &str {
        &self.image
    }

    /// Whether the container has been started anew since, so that all that was done in its namespaces is gone.
    pub(crate) async fn is_outdated(&self) -> Result<bool> {
        let state = State::of(&self.engine, &self.of).await?;
        Ok(state.is_none_or(|state| !state.running || state.started_at != self.started_at))
    }
}

/// Runs a script beside a container for an undo: in a helper that is still there, else in a new one.
pub(super) async fn run_beside(engine: &Engine, of: &State, beside: Beside, image: &str, script: &str) -> Result<()> {
    let filters = HashMap::from([(
        "label",
        vec![
            format!("{HELPER_OF}={}", of.id),
            format!("{HELPER_KIND}={}", kind(beside)),
            // One of an earlier life is in namespaces that nobody else is in any more.
            format!("{HELPER_LIFE}={}", of.started_at),
        ],
    )]);
    let options = ListContainersOptionsBuilder::new().filters(&filters).build();
    let found = engine.call("list helpers", engine.docker().list_containers(Some(options))).await?;
    for helper in found {
        let Some(state) = State::of(engine, helper.id.as_deref().unwrap_or_default()).await? else { continue };
        if state.running && exec(engine, &state.id, &shell(script)).await.is_ok_and(|ended| ended.code == 0) {
            return Ok(());
        }
    }
    let labels = HashMap::from([(OWNER.to_owned(), Owner::current().to_string())]);
    let helper = Helper::start(engine, labels, of, beside, image).await?;
    let outcome = helper.run(script).await;
    super::removal::remove_container(engine, &helper.id).await?;
    outcome.map(drop)
}

/// A container that waits for scripts: with no more capabilities than these, without a network, with nothing published.
/// `more` may change that.
fn request(
    image: &str,
    labels: HashMap<String, String>,
    kind: &str,
    capabilities: &'static [&'static str],
    more: impl Fn(&mut HostConfig) + Send + Sync + 'static,
) -> ContainerRequest<GenericImage> {
    let (name, tag) = split(image);
    GenericImage::new(name, tag)
        .with_cmd(["sleep", "infinity"])
        .with_labels(labels)
        .with_label(HELPER_KIND, kind)
        .with_host_config_modifier(move |host| {
            host.network_mode = Some("none".to_owned());
            host.cap_drop = Some(vec!["ALL".to_owned()]);
            host.cap_add = Some(capabilities.iter().map(|name| (*name).to_owned()).collect());
            host.publish_all_ports = Some(false);
            host.port_bindings = None;
            more(host);
        })
}

fn shell(script: &str) -> Vec<String> {
    ["sh", "-c", script].map(str::to_owned).into()
}

fn kind(beside: Beside) -> &'static str {
    match beside {
        Beside::Network => "network",
        Beside::Files => "files",
        Beside::Memory => "memory",
    }
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").field("id", &self.id).field("of", &self.of).field("beside", &self.beside).finish()
    }
}
