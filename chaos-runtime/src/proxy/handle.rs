//! The handle of a proxy, and how the faults of a proxy reach it.

use super::direction::Directions;
use super::effect::Effect;
use super::faults::Faults;
use super::hits::{ConnectionId, Hits};
use super::http::HttpFaults;
use super::listener::Listener;
use super::scope::{Scope, Share};
#[cfg(unix)]
use super::unix_listener::UnixListener;
use super::upstream::{ToUpstream, Upstream};
#[cfg(any(feature = "docker", feature = "bench"))]
use crate::experiment::net::Net;
use crate::figure;
use crate::report::journal::EventKind;
use crate::rollback::Undo;
use crate::{Chaos, Error, Result, descriptors};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
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
    #[cfg(unix)]
    unix: Option<(PathBuf, Weak<UnixListener>)>,
    net: Handle,
}

impl Chaos {
    /// Starts a proxy in front of a service. It listens on a free port of the loopback interface; in front of a Unix
    /// socket (`"unix:/run/postgresql/.s.PGSQL.5432"`) also on one of its own, see [`Proxy::path`].
    ///
    /// The service need not be up yet: each client's connection makes its own to the service, and is closed at
    /// once if that fails.
    ///
    /// # Errors
    /// If `upstream` is not an address, or no port can be had.
    pub async fn proxy(&self, upstream: impl ToUpstream) -> Result<Proxy> {
        self.start_proxy(upstream, None).await
    }

    /// One that understands HTTP, if it is given the faults of requests.
    pub(super) async fn start_proxy(&self, upstream: impl ToUpstream, http: Option<Arc<HttpFaults>>) -> Result<Proxy> {
        let (upstream, net) = (upstream.to_upstream()?, &self.core.net);
        #[cfg(unix)]
        let proxy = match upstream.path() {
            Some(_) => self.proxy_with_path(upstream, http).await?,
            None => net.run(Proxy::start_with(upstream, http, net.handle()?)).await??,
        };
        #[cfg(not(unix))]
        let proxy = net.run(Proxy::start_with(upstream, http, net.handle()?)).await??;
        self.core.events.note(EventKind::Target, format!("{proxy} listens in front of {}", proxy.0.upstream));
        Ok(proxy)
    }

    /// One that listens on a Unix socket, too; its directory is removed at the end, whatever happens.
    #[cfg(unix)]
    async fn proxy_with_path(&self, upstream: Upstream, http: Option<Arc<HttpFaults>>) -> Result<Proxy> {
        let dir = UnixListener::new_directory();
        let shown = dir.display().to_string();
        self.core.ledger.record(&format!("remove {shown}"), &shown, Undo::remove(&dir))?;
        self.core.net.run(Proxy::start_in(upstream, http, self.core.net.handle()?, dir)).await?
    }
}

impl Proxy {
    /// Whether connections can be refused on this platform, and the port kept.
    pub(crate) const CAN_REFUSE: bool = Listener::CAN_REFUSE;

    /// One on the experiment's thread.
    #[cfg(any(feature = "docker", feature = "bench"))]
    pub(crate) async fn before(upstream: Upstream, net: &Net) -> Result<Self> {
        net.run(Self::start(upstream, net.handle()?)).await?
    }

    /// Runs on `net`, where all its tasks live.
    #[cfg(any(feature = "docker", feature = "bench"))]
    pub(crate) async fn start(upstream: Upstream, net: Handle) -> Result<Self> {
        Self::start_with(upstream, None, net).await
    }

    /// Understands HTTP, if it is given the faults of requests. Runs on `net`, where all its tasks live.
    pub(super) async fn start_with(upstream: Upstream, http: Option<Arc<HttpFaults>>, net: Handle) -> Result<Self> {
        Ok(Self(Arc::new(Shared::listen(upstream, http, net)?)))
    }

    /// The same, listening on a Unix socket in a directory, too.
    #[cfg(unix)]
    async fn start_in(upstream: Upstream, http: Option<Arc<HttpFaults>>, net: Handle, dir: PathBuf) -> Result<Self> {
        let mut shared = Shared::listen(upstream, http, net)?;
        let service = shared.upstream.path().unwrap_or(&dir);
        let listener = UnixListener::bind(&dir, service).map_err(|error| {
            Error::new(format!("failed to listen on a Unix socket in {}", dir.display())).caused_by(error)
        })?;
        let listener = Arc::new(listener);
        shared.unix = Some((listener.path().to_owned(), Arc::downgrade(&listener)));
        tokio::spawn(listener.serve(shared.upstream.clone(), shared.faults.clone()));
        Ok(Self(Arc::new(shared)))
    }

    /// Where the service is.
    pub(crate) fn upstream(&self) -> &Upstream {
        &self.0.upstream
    }

    /// Where clients connect.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Where clients connect by a Unix socket, if the service is on one: a file in a directory of its own, named as the
    /// service's, so that clients that only take a directory (`psql -h DIR`) find it.
    #[cfg(unix)]
    pub fn path(&self) -> Option<&Path> {
        self.0.unix.as_ref().map(|(path, _)| path.as_path())
    }

    /// `http://127.0.0.1:4000/path`
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{}", self.0.addr, path.strip_prefix('/').unwrap_or(path))
    }

    /// Whether this platform can leave those who connect without an answer.
    pub(crate) const CAN_BE_DEAF: bool = Listener::CAN_BE_DEAF;

    /// Sets a fault. On return every connection obeys it: those it ends are closed.
    pub(crate) async fn set(&self, effect: Effect, scope: Scope, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        self.on_net(async move {
            shared.faults.add(effect, scope, &hits);
            shared.open_or_not().await?;
            shared.settle().await
        })
        .await
        .unwrap_or_else(|| Err(self.ended()))
    }

    /// Puts another effect in the place of that of a fault that is set; its counters go on.
    pub(crate) async fn change(&self, effect: Effect, scope: Scope, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        self.on_net(async move {
            shared.faults.replace(effect, scope, &hits);
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
            let scope = Scope { before, ..Scope::whole(Directions::Both) };
            shared.faults.add(Effect::BlackHole { close_after: None, deaf: false }, scope, &hits);
            shared.settle().await
        });
        hang.await.unwrap_or_else(|| Err(self.ended()))
    }

    /// Resets every connection in the scope that is open now, once. On return all of them are reset.
    pub(crate) async fn reset_open(&self, scope: Scope, hits: &Arc<Hits>) -> Result<()> {
        let (shared, hits) = (self.0.clone(), hits.clone());
        let reset = self.on_net(async move {
            let before = Some(shared.accept_waiting().await);
            shared.faults.add(Effect::Reset, Scope { before, ..scope }, &hits);
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
                shared.open_or_not().await?;
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
    pub(crate) fn silence(&self, hits: &Hits, scope: &Scope, but: &str) -> String {
        let addr = self.0.addr;
        let but = match (&scope.server_name, scope.share) {
            (Some(name), _) => {
                format!("none of a TLS client that asked for {name}, of which it could be said that {but}")
            }
            (None, Share::Connections(_)) => format!("of those that the share picked {but}"),
            _ => but.to_owned(),
        };
        match hits.chances(self.0.faults.accepted()) {
            0 => format!(
                "no connection came through the proxy {addr} since the fault was set: does the code under test connect to {addr}?"
            ),
            n => {
                format!(
                    "{} came through the proxy {addr} since the fault was set, but {but}",
                    figure::counted(n, "connection")
                )
            }
        }
    }

    /// Notes the traffic at the time a fault is set, for [`silence`](Self::silence).
    pub(super) fn note_start(&self, hits: &Hits) {
        hits.started(self.0.faults.start());
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
    /// Listens on a free port. Must be called within the runtime of `net`.
    fn listen(upstream: Upstream, http: Option<Arc<HttpFaults>>, net: Handle) -> Result<Self> {
        descriptors::raise();
        let ip = upstream.loopback();
        let listener = Listener::bind(ip).map_err(|error| {
            Error::new(format!("failed to listen on a free port of {ip} for a proxy")).caused_by(error)
        })?;
        let (listener, faults) = (Arc::new(listener), Arc::new(Faults::new(http)));
        let (addr, weak) = (listener.addr(), Arc::downgrade(&listener));
        tokio::spawn(listener.serve(upstream.clone(), faults.clone()));
        Ok(Self {
            addr,
            upstream,
            faults,
            listener: weak,
            #[cfg(unix)]
            unix: None,
            net,
        })
    }

    /// Makes the listening sockets obey the plan.
    async fn open_or_not(&self) -> Result<()> {
        let again = |error| Error::new(format!("failed to listen on {} again", self.addr)).caused_by(error);
        let plan = self.faults.current().1;
        if let Some(listener) = self.listener.upgrade() {
            listener.refuse(plan.refuses).map_err(again)?;
            if Listener::CAN_BE_DEAF {
                listener.deafen(plan.is_deaf).await.map_err(again)?;
            }
        }
        #[cfg(unix)]
        if let Some(listener) = self.unix.as_ref().and_then(|(_, listener)| listener.upgrade()) {
            listener.refuse(plan.refuses).map_err(again)?;
        }
        Ok(())
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
