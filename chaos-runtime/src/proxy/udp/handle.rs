//! The handle of a UDP proxy, and how its faults reach it.

use super::faults::Faults;
use super::plan::Effect;
use super::relay::Relay;
use super::tally::Tally;
use crate::experiment::net::Net;
use crate::figure;
use crate::proxy::upstream::{ToUpstream, Upstream};
use crate::report::journal::EventKind;
use crate::rollback::Undo;
use crate::{Chaos, Error, Result, descriptors};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use tokio::runtime::Handle;

/// A UDP proxy in front of a service: the code under test sends to [`addr`](Self::addr) instead of the service, and the
/// faults made by this handle's methods happen in between.
///
/// The service sees one address for each client, as behind a router; a client that is silent for two to four minutes
/// gets a new one. Of 4,096 clients at once each has its own; one more takes the place of one that is idle. Should the
/// service's port be closed, clients are not told by an ICMP message, as they would be without a proxy.
///
/// Clones are handles of the same proxy. It ends with the experiment, not with its handles.
#[derive(Clone)]
pub struct UdpProxy(Arc<Shared>);

struct Shared {
    addr: SocketAddr,
    upstream: Upstream,
    faults: Arc<Faults>,
    received: Arc<AtomicU64>,
    /// Owned by its tasks, so that the port is closed with the experiment.
    relay: Weak<Relay>,
    net: Handle,
}

impl Chaos {
    /// Starts a UDP proxy in front of a service. It listens on a free port of the loopback interface.
    ///
    /// The service need not be up yet. A name is resolved when a client sends its first datagram.
    ///
    /// # Errors
    /// If `upstream` is not an address, or no port can be had.
    pub async fn udp_proxy(&self, upstream: impl ToUpstream) -> Result<UdpProxy> {
        let upstream = upstream.to_upstream()?;
        #[cfg(unix)]
        if upstream.path().is_some() {
            return Err(Error::new(format!("{upstream} is a Unix socket, which takes no datagrams of UDP"))
                .help("give the host and port of the service; chaos.proxy(…) stands before Unix sockets of streams"));
        }
        let proxy = UdpProxy::on(upstream, &self.core.net).await?;
        self.core.events.note(EventKind::Target, format!("{proxy} listens in front of {}", proxy.0.upstream));
        Ok(proxy)
    }
}

impl UdpProxy {
    /// One on the experiment's thread.
    pub(crate) async fn on(upstream: Upstream, net: &Net) -> Result<Self> {
        Self::limited(upstream, net, |relay| relay).await
    }

    /// One whose limits may be others.
    pub(super) async fn limited(
        upstream: Upstream,
        net: &Net,
        limit: impl FnOnce(Relay) -> Relay + Send + 'static,
    ) -> Result<Self> {
        let handle = net.handle()?;
        net.run(async move {
            descriptors::raise();
            let (faults, received) = (Arc::<Faults>::default(), Arc::<AtomicU64>::default());
            let ip = upstream.loopback();
            let listen = async {
                let relay = Relay::bind(ip, upstream.clone(), faults.clone(), received.clone()).await?;
                Ok((relay.addr()?, relay))
            };
            let (addr, relay) = listen.await.map_err(|error: std::io::Error| {
                Error::new(format!("failed to bind to a free UDP port of {ip} for a proxy")).caused_by(error)
            })?;
            let relay = Arc::new(limit(relay));
            let weak = Arc::downgrade(&relay);
            tokio::spawn(relay.clone().send_late());
            tokio::spawn(relay.serve());
            Ok(Self(Arc::new(Shared { addr, upstream, faults, received, relay: weak, net: handle })))
        })
        .await?
    }

    /// Where clients send.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Sets a fault. Every datagram that the proxy reads after the return meets it.
    pub(crate) async fn set(&self, effect: Effect, tally: &Arc<Tally>) -> Result<()> {
        let (relay, tally) = (self.0.relay.clone(), tally.clone());
        let set = self.on_net(async move { relay.upgrade().map(|relay| relay.set(effect, &tally)) });
        set.await.flatten().ok_or_else(|| Error::new(format!("{self} has ended with its experiment")))
    }

    /// Ends a fault; one that is not set is fine. On return no datagram meets it any more, and those that waited for it
    /// are on their way.
    pub(crate) async fn unset(&self, tally: &Arc<Tally>) -> Result<()> {
        let (relay, fault) = (self.0.relay.clone(), tally.clone());
        let unset = self.on_net(async move { relay.upgrade().map(|relay| relay.unset(&fault)) });
        if unset.await.flatten().is_none() {
            // The experiment's thread has gone, and all datagrams with it.
            self.0.faults.remove(tally);
        }
        Ok(())
    }

    /// The undo of a fault of this proxy: [`unset`](Self::unset).
    pub(crate) fn undo(&self, what: String, tally: &Arc<Tally>) -> Undo {
        let (proxy, tally) = (self.clone(), tally.clone());
        Undo::in_process(what, move || {
            let (proxy, tally) = (proxy.clone(), tally.clone());
            async move { proxy.unset(&tally).await }
        })
    }

    /// Datagrams that clients have sent so far.
    pub(crate) fn received(&self) -> u64 {
        self.0.received.load(Relaxed)
    }

    /// Why a fault has hit nothing; `received` is what clients had sent when it was set.
    pub(crate) fn silence(&self, received: u64, tally: &Tally, directions: impl fmt::Display) -> String {
        let addr = self.0.addr;
        match (self.received().saturating_sub(received), tally.seen()) {
            (0, 0) => format!(
                "no client sent a datagram to {self} since the fault was set: does the code under test send to {addr}?"
            ),
            (n, 0) => {
                format!("clients sent {} to {self}, but none passed {directions}", figure::counted(n, "datagram"))
            }
            (_, seen) => {
                format!("{} came to the fault, but chance spared all of them", figure::counted(seen, "datagram"))
            }
        }
    }

    /// Runs a future on the proxy's thread. `None` if the thread has ended.
    async fn on_net<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        match self.0.net.spawn(future).await {
            Ok(value) => Some(value),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.0.relay.upgrade().map_or(0, |relay| relay.line().size())
    }
}

impl fmt::Display for UdpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UDP proxy {}", self.0.addr)
    }
}

impl fmt::Debug for UdpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpProxy").field("addr", &self.0.addr).field("upstream", &self.0.upstream).finish()
    }
}
