//! A harm on a proxy as a fault: whom it hits, its counters, its undo.

use crate::Result;
use crate::error::Error;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, Effect, Hits, NamePattern, Proxy, Scope, Share};
use crate::rollback::Undo;
use crate::units::Percent;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// What is done to the connections of a proxy.
pub(crate) trait Harm: fmt::Debug + Send + Sync + 'static {
    /// What it does, in a line, but for the direction: `latency 300ms ± 50ms`.
    fn describe(&self) -> String;

    /// Refuses what does nothing or can't be.
    fn check(&self, proxy: &Proxy, scope: &Scope) -> Result<()> {
        let _ = (proxy, scope);
        Ok(())
    }

    /// What has to be known before, found out after the check.
    fn ready(&mut self, proxy: &Proxy) -> impl Future<Output = Result<()>> + Send {
        let _ = proxy;
        std::future::ready(Ok(()))
    }

    fn effect(&self, scope: &Scope) -> Effect;

    /// What it did, in words.
    fn evidence(&self, hits: &Hits) -> Evidence;

    /// A look of its own at what leaves no trace in the proxy, such as a connection that is refused; in words if it is so.
    fn look(&mut self, proxy: &Proxy, scope: &Scope) -> impl Future<Output = Option<String>> + Send {
        let _ = (proxy, scope);
        std::future::ready(None)
    }

    /// What the connections lacked that it did nothing to: `none carried data`.
    fn lacked(&self, scope: &Scope) -> String {
        format!("none carried data {}", scope.directions)
    }

    /// How a direction is said, if there is anything to say.
    fn direction(&self, scope: &Scope) -> String {
        format!(" {}", scope.directions)
    }
}

/// A fault on the connections of a proxy, made by a method of [`Proxy`].
///
/// It hits every connection, open or new, unless it is narrowed: to a [`share`](Self::share) of them, to the clients of
/// one [TLS server name](Self::sni), to one direction.
#[must_use = "a fault does nothing until it is injected"]
pub struct OnProxy<H> {
    pub(super) proxy: Proxy,
    pub(super) harm: H,
    pub(super) scope: Scope,
    pub(super) hits: Arc<Hits>,
    server_name: Option<String>,
}

/// Harms that act on what passes in a direction.
pub trait Directed {}

/// Harms that act on each chunk, which is what was read from a socket at once.
pub trait Chunked {}

impl<H> OnProxy<H> {
    pub(super) fn new(proxy: &Proxy, directions: Directions, harm: H) -> Self {
        let (proxy, scope) = (proxy.clone(), Scope::whole(directions));
        Self { proxy, harm, scope, hits: Hits::new(), server_name: None }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut H)) -> Self {
        change(&mut self.harm);
        self
    }

    /// Hits only this share of the connections. Which ones is decided by the run's seed and the connection's number,
    /// once for each; 0 % hits none, 100 % all.
    pub fn share(mut self, share: Percent) -> Self {
        self.scope.share = Share::Connections(share);
        self
    }

    /// Hits only connections whose TLS client asks for this server name: `api.example.com`, or `*.example.com` for
    /// every name with one label more.
    ///
    /// The name is read from the client's first bytes, which pass unchanged; nothing is decrypted. A name that is
    /// encrypted (ECH) shows only the outer one. Clients that speak another protocol first, such as PostgreSQL's, show
    /// none.
    pub fn sni(mut self, server_name: impl Into<String>) -> Self {
        self.server_name = Some(server_name.into());
        self
    }
}

impl<H: Directed> OnProxy<H> {
    /// Acts on what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.scope.directions = Directions::Upstream;
        self
    }

    /// Acts on what goes towards the client.
    pub fn downstream(mut self) -> Self {
        self.scope.directions = Directions::Downstream;
        self
    }

    /// Acts on both directions, on each by itself.
    pub fn both_ways(mut self) -> Self {
        self.scope.directions = Directions::Both;
        self
    }
}

impl<H: Chunked> OnProxy<H> {
    /// Hits only this share of the chunks of all connections, decided for each chunk by the run's seed.
    pub fn share_of_chunks(mut self, share: Percent) -> Self {
        self.scope.share = Share::Chunks(share);
        self
    }
}

impl<H> OnProxy<H> {
    /// Changes a fault that is on (or not yet), atomically; its counters go on. Does nothing to one that is cleared.
    pub(crate) async fn alter(&mut self, change: impl FnOnce(&mut H, &mut Scope) + Send) -> Result<()>
    where
        H: Harm,
    {
        change(&mut self.harm, &mut self.scope);
        self.proxy.change(self.harm.effect(&self.scope), self.scope.clone(), &self.hits).await
    }

    /// What it does and to whom.
    fn line(&self) -> String
    where
        H: Harm,
    {
        let direction = self.harm.direction(&self.scope);
        let name = self.server_name.as_ref().map(|name| format!(" for the server name {name}")).unwrap_or_default();
        format!("{}{direction}{}{name}", self.harm.describe(), self.scope.share)
    }

    fn check(&mut self) -> Result<()>
    where
        H: Harm,
    {
        if let Share::Connections(share) | Share::Chunks(share) = self.scope.share
            && !(0.0..=1.0).contains(&share.fraction())
        {
            return Err(Error::new(format!("a share of {share} can't be"))
                .help("a share lies between percent(0) and percent(100)"));
        }
        self.scope.server_name = self.server_name.as_deref().map(NamePattern::parse).transpose()?;
        self.harm.check(&self.proxy, &self.scope)
    }
}

impl<H: Harm> Fault for OnProxy<H> {
    fn describe(&self) -> String {
        self.line()
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.check()?;
        self.harm.ready(&self.proxy).await
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.line(), self.proxy), &self.hits)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.scope.seed = cx.seed;
        match self.harm.effect(&self.scope) {
            Effect::Reset if !cx.held => self.proxy.reset_open(self.scope.clone(), &self.hits).await,
            effect => self.proxy.set(effect, self.scope.clone(), &self.hits).await,
        }
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let counted = self.harm.evidence(&self.hits);
        if let Some(seen) = self.harm.look(&self.proxy, &self.scope).await {
            return Ok(Evidence::seen(format!("{seen}, {}", counted.text())));
        }
        if counted.is_seen() {
            return Ok(counted);
        }
        let lacked = self.harm.lacked(&self.scope);
        Ok(Evidence::counted(0, self.proxy.silence(&self.hits, &self.scope, &lacked)))
    }
}

impl<H: Harm> Held for OnProxy<H> {}

impl<H: fmt::Debug> fmt::Debug for OnProxy<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { proxy, harm, scope, .. } = self;
        f.debug_struct("OnProxy").field("proxy", proxy).field("harm", harm).field("scope", scope).finish()
    }
}
