//! Containers that run already: found by name, label or compose project.

use super::handle::Container;
use super::select::Containers;
use crate::report::journal::EventKind;
use crate::{Chaos, Error, Result};
use std::collections::HashMap;
use std::fmt;
use testcontainers::bollard::models::ContainerSummary;
use testcontainers::bollard::query_parameters::ListContainersOptionsBuilder;

/// Which containers are meant. Made by [`name`], [`label`] and [`compose`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Selector {
    name: Option<String>,
    labels: Vec<String>,
}

/// The container of this name.
pub fn name(name: impl Into<String>) -> Selector {
    Selector { name: Some(name.into()), labels: Vec::new() }
}

/// Containers with this label: `"app"` for any value, `"app=shop"` for one.
pub fn label(label: impl Into<String>) -> Selector {
    Selector { name: None, labels: vec![label.into()] }
}

/// The containers of a compose project; narrow it with [`Selector::service`].
pub fn compose(project: impl Into<String>) -> Selector {
    label(format!("com.docker.compose.project={}", project.into()))
}

impl Selector {
    /// Only those with this label too.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// Only those of this service of the compose project.
    pub fn service(self, service: impl Into<String>) -> Self {
        self.label(format!("com.docker.compose.service={}", service.into()))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.iter().map(|name| format!("name {name}"));
        let parts: Vec<String> = name.chain(self.labels.iter().map(|label| format!("label {label}"))).collect();
        f.write_str(&parts.join(", "))
    }
}

impl Chaos {
    /// The running containers that a selector means, in the order of their names. They were there before the experiment
    /// and stay: what it does to them is undone, they are not removed.
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// use chaos_runtime::target::container::compose;
    ///
    /// let workers = chaos.containers(compose("shop").service("worker")).await?;
    /// chaos.inject(workers.any(2)?.kill(Signal::Kill)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When the engine can't be reached, or no running container is meant.
    pub async fn containers(&self, selector: Selector) -> Result<Containers> {
        let core = &self.core;
        let session = core.containers.session(core).await?;
        let filters: HashMap<&str, Vec<String>> = match &selector.name {
            // The engine matches any part of a name.
            Some(name) => HashMap::from([("name", vec![name.clone()]), ("label", selector.labels.clone())]),
            None => HashMap::from([("label", selector.labels.clone())]),
        };
        let options = ListContainersOptionsBuilder::new().filters(&filters).build();
        let docker = session.engine.docker();
        let listed = session.engine.call("list containers", docker.list_containers(Some(options))).await?;
        let mut found: Vec<(String, String)> = listed
            .into_iter()
            .filter_map(|container| Some((name_of(&container)?, container.id?)))
            .filter(|(name, _)| selector.name.as_ref().is_none_or(|asked| asked == name))
            .collect();
        if found.is_empty() {
            return Err(Error::new(format!("no running container has {selector}"))
                .help("`docker ps` shows what runs, with `--format '{{.Names}} {{.Labels}}'` its labels"));
        }
        found.sort();
        let mut containers = Vec::new();
        for (name, id) in found {
            let container = match core.containers.known(&id) {
                Some(container) => container,
                None => {
                    let target = session.free_name(&name);
                    core.events.note(EventKind::Target, format!("{target} is adopted"));
                    let container = Container::attach(core, session.clone(), &id, &target, true).await?;
                    core.containers.remember(&container);
                    container
                }
            };
            containers.push(container);
        }
        Ok(Containers::new(containers, core.draw_seed()))
    }
}

fn name_of(container: &ContainerSummary) -> Option<String> {
    let is_helper = container.labels.as_ref().is_some_and(|labels| labels.contains_key(super::label::HELPER_OF));
    let name = container.names.as_ref()?.first()?.trim_start_matches('/').to_owned();
    (!is_helper).then_some(name)
}
