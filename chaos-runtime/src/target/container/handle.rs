//! A container as the experiment's body sees it.

use super::address::Addresses;
use super::engine::Engine;
use super::session::Session;
use super::state::State;
use super::watch::Watched;
use crate::experiment::core::Core;
use crate::experiment::net::Net;
use crate::proxy::Proxy;
use crate::{Error, Result};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// A container. Clones speak of the same one. One that the experiment started is removed when it ends; one that was
/// adopted stays as it was found.
///
/// What can be done to it is in [`ContainerFaults`](crate::fault::container::ContainerFaults).
#[derive(Clone)]
pub struct Container(Arc<Shared>);

struct Shared {
    id: String,
    session: Arc<Session>,
    watched: Arc<Watched>,
    addresses: Addresses,
    net: Net,
    adopted: bool,
}

impl Container {
    /// The handle of a container that exists.
    pub(super) async fn attach(
        core: &Core,
        session: Arc<Session>,
        id: &str,
        target: &str,
        adopted: bool,
    ) -> Result<Self> {
        let watched = session.watch.of(id, target).await?;
        let source = watched.clone();
        let clock = core.clock;
        core.outputs.register(move || source.tail.record(&source.target, clock));
        let shared = Shared {
            id: id.to_owned(),
            session,
            watched,
            addresses: Addresses::default(),
            net: core.net.clone(),
            adopted,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// The address of one of its TCP ports, by our proxy in front: it stays the same through restarts, reconnections
    /// and changed ports. While the container is down, connections are accepted and closed at once.
    ///
    /// # Errors
    /// If the container does not publish that port.
    pub async fn addr(&self, port: u16) -> Result<SocketAddr> {
        self.proxy(port).await.map(|proxy| proxy.addr())
    }

    /// A URL on one of its ports: `url(80, "/health")` is `http://127.0.0.1:4000/health`.
    ///
    /// # Errors
    /// If the container does not publish that port.
    pub async fn url(&self, port: u16, path: &str) -> Result<String> {
        self.proxy(port).await.map(|proxy| proxy.url(path))
    }

    /// The proxy in front of one of its ports, for faults on connections: latency, resets, black holes.
    ///
    /// # Errors
    /// If the container does not publish that port.
    pub async fn proxy(&self, port: u16) -> Result<Proxy> {
        self.0.addresses.of(port, self.engine(), &self.0.watched, &self.0.net).await
    }

    /// The proxies in front of it that were asked for so far.
    pub(crate) async fn proxies(&self) -> Vec<Proxy> {
        self.0.addresses.all().await
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its name in reports: `container redis`.
    pub fn target(&self) -> &str {
        &self.0.watched.target
    }

    /// Whether it was running before the experiment, and stays when it ends.
    pub fn is_adopted(&self) -> bool {
        self.0.adopted
    }

    /// The last lines that it wrote to standard output and standard error, 200 at most, oldest first; those of earlier
    /// lives included.
    pub fn output(&self) -> Vec<String> {
        self.0.watched.tail.lines()
    }

    /// Whether it runs; a paused one does.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub async fn is_running(&self) -> Result<bool> {
        Ok(self.state().await?.is_some_and(|state| state.running))
    }

    /// Runs a command in it and waits for its end; gives what it wrote to standard output.
    ///
    /// # Errors
    /// If the container does not run, the program is not there, or its exit status is not 0: with what it wrote.
    pub async fn exec<A: Into<String>>(&self, command: impl IntoIterator<Item = A>) -> Result<String> {
        let command: Vec<String> = command.into_iter().map(Into::into).collect();
        super::exec::exec(self.engine(), self.id(), &command).await?.success()
    }

    /// Where one of its ports is reached now, past the proxy.
    pub(crate) async fn reached(&self, port: u16) -> Result<(String, u16)> {
        let state = self.living().await?;
        let reached = super::address::reached(self.engine(), &state, port);
        reached.ok_or_else(|| Error::new(format!("{} does not publish port {port}/tcp", self.target())))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.session.engine
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.0.session
    }

    pub(crate) fn net(&self) -> &Net {
        &self.0.net
    }

    /// As the engine has it now; `None` if it was removed.
    pub(crate) async fn state(&self) -> Result<Option<State>> {
        Ok(State::of(self.engine(), self.id()).await?)
    }

    /// As it is now, provided it runs.
    pub(crate) async fn living(&self) -> Result<State> {
        match self.state().await? {
            Some(state) if state.running => Ok(state),
            Some(state) => Err(Error::new(format!("{} does not run: it {state}", self.target()))),
            None => Err(Error::new(format!("{} was removed", self.target()))),
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.target())
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("target", &self.target()).field("id", &self.0.id).finish()
    }
}
