//! Where a container is reached: an address that changes with its lives, and a proxy in front that does not.

use super::engine::Engine;
use super::state::State;
use super::watch::Watched;
use crate::experiment::net::Net;
use crate::proxy::{Proxy, Upstream};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// The proxies of one container, by its ports.
#[derive(Default)]
pub(super) struct Addresses(Mutex<BTreeMap<u16, Proxy>>);

impl Addresses {
    /// All proxies that were asked for so far.
    pub(super) async fn all(&self) -> Vec<Proxy> {
        self.0.lock().await.values().cloned().collect()
    }

    /// The proxy in front of a port, started at the first call.
    pub(super) async fn of(&self, port: u16, engine: &Engine, watched: &Arc<Watched>, net: &Net) -> Result<Proxy> {
        let mut proxies = self.0.lock().await;
        if let Some(proxy) = proxies.get(&port) {
            return Ok(proxy.clone());
        }
        let mut states = watched.state.subscribe();
        if let Some(state) =
            states.borrow().as_ref().filter(|state| state.running && reached(engine, state, port).is_none())
        {
            return Err(Error::new(format!(
                "{} does not publish port {port}/tcp; it publishes {}",
                watched.target,
                state.all_published()
            ))
            .help(format!("ask testcontainers to: `image.with_exposed_port({port}.tcp())`")));
        }
        let engine = engine.clone();
        let (sender, receiver) = watch::channel(None);
        let place = move |state: &Option<State>| state.as_ref().and_then(|state| reached(&engine, state, port));
        let first = place(&states.borrow_and_update());
        sender.send_replace(first);
        net.handle()?.spawn(async move {
            while states.changed().await.is_ok() {
                let now = place(&states.borrow_and_update());
                sender.send_replace(now);
            }
        });
        let proxy = Proxy::before(Upstream::changing(receiver), net).await?;
        proxies.insert(port, proxy.clone());
        Ok(proxy)
    }
}

/// The host and port of a container's port, as long as it runs.
pub(super) fn reached(engine: &Engine, state: &State, port: u16) -> Option<(String, u16)> {
    if !state.running {
        return None;
    }
    let published = state.published(port).map(|port| (engine.published_on(), port));
    // Its own address serves where nothing is published: on this machine all are reached.
    let own = || state.addresses.first().filter(|_| engine.is_local()).map(|address| (address.to_string(), port));
    published.or_else(own)
}
