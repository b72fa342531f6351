//! Starting a container.

use super::handle::Container;
use super::label::TARGET;
use super::network::Network;
use super::reuse::Reuse;
use super::session::Session;
use crate::report::journal::EventKind;
use crate::{Chaos, Error, Result};
use futures_util::future::BoxFuture;
use std::future::IntoFuture;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use testcontainers::bollard::query_parameters::InspectNetworkOptions;
use testcontainers::core::error::TestcontainersError;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, Image, ImageExt};

/// A container that is about to be started. Await it.
#[must_use = "a container is started by `.await`"]
pub struct StartContainer<'a, I: Image> {
    chaos: &'a Chaos,
    request: ContainerRequest<I>,
    name: Option<String>,
    reuse: bool,
}

impl Chaos {
    /// Starts a container of any image that testcontainers can start, waits until it is ready as the image says, and
    /// removes it when the experiment ends, however that ends.
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// use chaos_runtime::testcontainers::{GenericImage, core::WaitFor};
    ///
    /// let redis = GenericImage::new("redis", "7").with_wait_for(WaitFor::message_on_stdout("Ready to accept"));
    /// let cache = chaos.container(redis).named("cache").await?;
    /// # let _ = cache; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When there is no engine or no such image, or the container is not ready in time: with its last lines.
    pub fn container<I: Image>(&self, image: impl Into<ContainerRequest<I>>) -> StartContainer<'_, I> {
        StartContainer { chaos: self, request: image.into(), name: None, reuse: false }
    }
}

impl<I: Image> StartContainer<'_, I> {
    /// Its name in reports; by default the image's.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The first test of the run that asks for this very container starts it, the next ones find it again, as the last
    /// one has left it: faults are undone, data stays. It is removed when the run ends: with cargo or nextest, else with
    /// this process (elsewhere than on Linux by the next chaos test).
    pub fn reuse(mut self) -> Self {
        self.reuse = true;
        self
    }
}

impl<'a, I: Image + 'a> IntoFuture for StartContainer<'a, I> {
    type Output = Result<Container>;
    type IntoFuture = BoxFuture<'a, Result<Container>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

impl<I: Image> StartContainer<'_, I> {
    async fn start(self) -> Result<Container> {
        let core = &self.chaos.core;
        core.still_on()?;
        let session = core.containers.session(core).await?;
        let (name, tag) = split(&self.request.descriptor());
        let target = session.free_name(&self.name.unwrap_or_else(|| last_part(&name).to_owned()));
        let image = core.settings.config.image(&name, &tag)?;
        let (name, tag) = split(&image);
        if let Some(network) = self.request.network() {
            ensure_network(&session, network).await?;
        }
        let request = self.request.with_name(name).with_tag(tag);
        // Held until the start is over.
        let reuse = match self.reuse {
            true => Some(Reuse::of(&request, &target).await?),
            false => None,
        };
        if let Some(reuse) = &reuse
            && let Some(found) = reuse.find(&session).await?
        {
            core.events.note(EventKind::Target, format!("{target} is one that an earlier test of the run has started"));
            return Container::attach(core, session, &found.id, &target, true).await;
        }
        let labels = match &reuse {
            Some(reuse) => reuse.labels(&session, &target),
            None => session.labels.all(),
        };
        let request = request.with_labels(labels).with_label(TARGET, &target);
        // A rollback meanwhile waits for the creation, lest it looks before there is something to remove.
        let creating = core.ledger.injecting(session.removal);
        let started = request.start().await;
        drop(creating);
        let started = started.map_err(|error| explain(&session, &target, &image, error))?;
        let id = started.id().to_owned();
        forget(started);
        core.events.note(EventKind::Target, format!("{target} runs {image}"));
        Container::attach(core, session, &id, &target, self.reuse).await
    }
}

/// testcontainers removes a container when its handle is dropped, wherever that happens; here the rollback does.
pub(super) fn forget<I: Image>(container: ContainerAsync<I>) {
    let _ = ManuallyDrop::new(container);
}

/// A network that the request names and nobody has made is ours, and removed with the rest.
async fn ensure_network(session: &Arc<Session>, name: &str) -> Result<()> {
    if name.starts_with("container:") || ["host", "none", "bridge"].contains(&name) {
        return Ok(());
    }
    let inspect = session.engine.docker().inspect_network(name, None::<InspectNetworkOptions>);
    match session.engine.call(format!("inspect network {name}"), inspect).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_missing() => Network::create(session, name.to_owned()).await.map(drop),
        Err(error) => Err(error.into()),
    }
}

fn explain(session: &Session, target: &str, image: &str, error: TestcontainersError) -> Error {
    let (what, help) = match &error {
        TestcontainersError::WaitContainer(_) => (
            format!("{target} ({image}) did not become ready{}", session.watch.output_of(target).block()),
            "compare its lines with the image's wait condition; allow more time with `.with_startup_timeout(…)`",
        ),
        _ => (
            format!("failed to start {target} ({image})"),
            "is the image's name right, and can this machine pull it? [images] in chaos.toml, or CHAOS_IMAGE_…, names another one",
        ),
    };
    Error::new(what).help(help).caused_by(error)
}

/// `name` and `tag` of a reference; a digest counts as a tag, since the two are put together with a colon again.
pub(super) fn split(reference: &str) -> (String, String) {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name.to_owned(), tag.to_owned()),
        _ => (reference.to_owned(), "latest".to_owned()),
    }
}

fn last_part(name: &str) -> &str {
    let name = name.split('@').next().unwrap_or(name);
    name.rsplit('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart_where_testcontainers_puts_them_together() {
        for (reference, name, tag) in [
            ("redis:7", "redis", "7"),
            ("redis", "redis", "latest"),
            ("registry:5000/library/redis", "registry:5000/library/redis", "latest"),
            ("registry:5000/library/redis:7.2", "registry:5000/library/redis", "7.2"),
            ("redis@sha256:abc", "redis@sha256", "abc"),
        ] {
            assert_eq!(split(reference), (name.to_owned(), tag.to_owned()), "{reference}");
        }
        assert_eq!(last_part("registry:5000/library/redis"), "redis");
        assert_eq!(last_part("library/redis@sha256"), "redis");
    }
}
