//! The handle of a proxy, and how the faults of a proxy reach it.

use super::direction::Directions;
use super::faults::Faults;
use super::hits::{ConnectionId, Hits, plural};
use super::listener::Listener;
use super::plan::Effect;
use super::upstream::{ToUpstream, Upstream};
use crate::experiment::net::Net;
use crate::report::journal::EventKind;
use crate::rollback::Undo;
use crate::{Chaos, Error, Result, descriptors};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use tokio::runtime::Handle;

/// A TCP proxy in front of a service: the code under test connects to [`addr`](Self::addr) instead of the
/// service, and the faults made by this handle's methods happen in between.
///
/// Clones are handles of the same proxy. It ends with the experiment, not with its handles.
#[derive(Clone)]
pub struct Proxy(Arc<Shared>);

struct Shared {
    addr: SocketAddr,
    upstream: Upstream,
    faults: Arc<Faults>,
    /// Owned by the accepting task, so that the port is closed with the experiment.
    listener: Weak<Listener>,
    net: Handle,
}

impl Chaos {
    /// Starts a proxy in front of a service. It listens on a free port of the loopback interface.
    ///
    /// The service need not be up yet: each client's connection makes its own to the service, and is closed at
    /// once if that fails.
    ///
    /// # Errors
    /// If `upstream` is not an address, or no port can be had.
    pub async fn proxy(&self, upstream: impl ToUpstream) -> Result<Proxy> {
        let proxy = Proxy::before(upstream.to_upstream()?, &self.core.net).await?;
        self.core.events.note(EventKind::Target, format!("{proxy} listens in front of {}", proxy.0.upstream));
        Ok(proxy)
    }
}

impl Proxy {
    /// Whether connections can be refused on this platform, and the port kept.
    pub(crate) const CAN_REFUSE: bool = Listener::CAN_REFUSE;

    /// One on the experiment's thread.
    pub(crate) async fn before(upstream: Upstream, net: &Net) -> Result<Self> {
        net.run(Self::start(upstream, net.handle()?)).await?
    }

    /// Runs on `net`, where all its tasks live.
    pub(crate) async fn start(upstream: Upstream, net: Handle) -> Result<Self> {
        descriptors::raise();
        let ip = upstream.loopback();
        let listener = Listener::bind(ip).map_err(|error| {
            Error::new(format!("failed to listen on a free port of {ip} for a proxy")).caused_by(error)
        })?;
        let (listener, faults) = (Arc::new(listener), Arc::<Faults>::default());
        let (addr, weak) = (listener.addr(), Arc::downgrade(&listener));
        tokio::spawn(listener.serve(upstream.clone(), faults.clone()));
        Ok(Self(Arc::new(Shared { addr, upstream, faults, listener: weak, net })))
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// `http://127.0.0.1:4000/path`
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{}", self.0.addr, path.strip_prefix('/').unwrap_or(path))
    }

    /// Sets a fault. On return every connection obeys it: those it ends are closed.
    pub(crate) async fn set(&self, effect: Effect, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        self.on_net(async move {
            shared.faults.add(effect, &hits);
            shared.open_or_refuse()?;
            shared.settle().await
        })
        .await
        .unwrap_or_else(|| Err(self.ended()))
    }

    /// Sets a black hole for the connections that are open now; later ones are spared. On return all of them hang.
    #[cfg_attr(not(any(feature = "docker", test)), allow(dead_code))]
    pub(crate) async fn hang_open(&self, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        let hang = self.on_net(async move {
            let before = Some(shared.accept_waiting().await);
            shared.faults.add(Effect::BlackHole { directions: Directions::Both, close_after: None, before }, &hits);
            shared.settle().await
        });
        hang.await.unwrap_or_else(|| Err(self.ended()))
    }

    /// Resets every connection that is open now, once. On return all of them are reset.
    pub(crate) async fn reset_open(&self, seen_by: Directions, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        let reset = self.on_net(async move {
            let before = Some(shared.accept_waiting().await);
            shared.faults.add(Effect::Reset { seen_by, before }, &hits);
            let settled = shared.settle().await;
            shared.faults.remove(&hits);
            settled
        });
        reset.await.unwrap_or_else(|| Err(self.ended()))
    }

    /// Ends a fault; one that is not set is fine. On return every connection has been told.
    pub(crate) async fn unset(&self, hits: &Arc<Hits>) -> Result<()> {
        let (shared, fault) = (self.0.clone(), hits.clone());
        let told = self
            .on_net(async move {
                shared.faults.remove(&fault);
                shared.open_or_refuse()?;
                shared.settle().await
            })
            .await;
        // With the experiment's thread gone, so are the connections: nothing is left to be told.
        told.unwrap_or_else(|| {
            self.0.faults.remove(hits);
            Ok(())
        })
    }

    /// The undo of a fault of this proxy: [`unset`](Self::unset).
    pub(crate) fn undo(&self, what: String, hits: &Arc<Hits>) -> Undo {
        let (proxy, hits) = (self.clone(), hits.clone());
        Undo::in_process(what, move || {
            let (proxy, hits) = (proxy.clone(), hits.clone());
            async move { proxy.unset(&hits).await }
        })
    }

    /// Why a fault has hit nothing; `but` says what the connections lacked: `none carried data`.
    pub(crate) fn silence(&self, hits: &Hits, but: &str) -> String {
        let addr = self.0.addr;
        match hits.chances(self.0.faults.accepted()) {
            0 => format!(
                "no connection came through the proxy {addr} since the fault was set: does the code under test connect to {addr}?"
            ),
            n => {
                format!("{} came through the proxy {addr} since the fault was set, but {but}", plural(n, "connection"))
            }
        }
    }

    fn ended(&self) -> Error {
        Error::new(format!("proxy {} has ended with its experiment", self.0.addr))
    }

    /// Runs a future on the proxy's thread, where it is atomic towards connections between two awaits.
    /// `None` if the thread has ended.
    async fn on_net<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        match self.0.net.spawn(future).await {
            Ok(value) => Some(value),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => None,
        }
    }
}

impl Shared {
    fn open_or_refuse(&self) -> Result<()> {
        let Some(listener) = self.listener.upgrade() else { return Ok(()) };
        let refuses = self.faults.current().1.refuses;
        listener
            .refuse(refuses)
            .map_err(|error| Error::new(format!("failed to listen on {} again", self.addr)).caused_by(error))
    }

    /// Accepts who has connected already; the number of the first connection after that.
    async fn accept_waiting(&self) -> ConnectionId {
        // Each turn lets the thread look at its sockets.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.faults.accepted()
    }

    async fn settle(&self) -> Result<()> {
        if self.faults.settled().await {
            return Ok(());
        }
        Err(Error::new(format!("proxy {}: a connection did not take up a change of faults in time", self.addr))
            .help("the machine is overloaded; give the experiment fewer connections or more cores"))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy {}", self.0.addr)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("addr", &self.0.addr).field("upstream", &self.0.upstream).finish()
    }
}
