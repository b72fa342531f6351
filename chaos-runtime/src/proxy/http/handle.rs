//! The handle of a proxy that understands HTTP.

use super::faults::HttpFaults;
use super::hits::RequestHits;
use super::matcher::{Conditions, Scope};
use super::rule::{HttpEffect, Rule};
#[cfg(feature = "bench")]
use crate::experiment::net::Net;
use crate::figure;
#[cfg(feature = "bench")]
use crate::proxy::Upstream;
use crate::proxy::{Directions, Proxy, Scope as Connections, ToUpstream};
use crate::rollback::Undo;
use crate::units::Percent;
use crate::{Chaos, Result};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A [`Proxy`] in front of a service that speaks HTTP/1.1 or HTTP/2 without TLS, gRPC too: besides the faults of any
/// proxy it has faults of single requests.
///
/// Faults of the network act between the client and the part that understands HTTP, faults of requests after it:
///
/// ```text
/// client ⇄ faults of the network ⇄ delay → rate limit → abort, gRPC status ⇄ service
///                                 body cut ← header removal ← other body ← delay of answers
/// ```
///
/// Whatever the order in which they were set, they act in this one; of several that answer, the first one does. A request
/// is decided about when its head has arrived, by the faults of that moment: setting or clearing one never breaks what
/// is under way, and who waits in a delay that is cleared goes on at once.
///
/// A request that no fault hits passes with its method, target, headers (in their order and, in HTTP/1, their case) and
/// body, as does its answer; bodies are passed piece by piece, and trailers, upgrades (WebSocket) and
/// "100 Continue" too. Each connection of a client has one of its own to the service. What can't be passed unchanged:
///
/// - headers that occur several times stand together; a body whose end is the end of the connection is sent chunked
/// - trailers of HTTP/1.1 only as announced by `Trailer`; of informational answers (1xx) only 100 and 101
/// - HTTP/2: pings, settings, priorities, pushes, and the extended CONNECT
/// - what hyper refuses is answered as by a server of hyper: malformed requests with 400, more than 100 headers in
///   HTTP/1.1 with 431. An answer that it can't read closes the connection
/// - a client that closes its sending side in HTTP/1.1 is taken to be gone; one of HTTP/1.0 is answered in HTTP/1.0
///
/// TLS, and what is no HTTP at all, passes byte by byte; faults of requests have nothing to act on there, and say so.
#[derive(Clone)]
pub struct HttpProxy {
    proxy: Proxy,
    faults: Arc<HttpFaults>,
}

impl Chaos {
    /// Starts a proxy in front of a service that speaks HTTP: for faults of single requests. As
    /// [`proxy`](Self::proxy) otherwise; see [`HttpProxy`].
    ///
    /// # Errors
    /// If `upstream` is not an address, or no port can be had.
    pub async fn http_proxy(&self, upstream: impl ToUpstream) -> Result<HttpProxy> {
        let faults = Arc::<HttpFaults>::default();
        let proxy = self.start_proxy(upstream, Some(faults.clone())).await?;
        Ok(HttpProxy { proxy, faults })
    }
}

/// Checked, and ready to be set.
#[derive(Debug)]
pub(crate) struct ReadyRule(Rule);

impl ReadyRule {
    /// Checks the conditions of a fault.
    pub(crate) fn new(
        effect: HttpEffect,
        on: &Conditions,
        except: &Conditions,
        grpc: bool,
        share: Percent,
        seed: u64,
        hits: &Arc<RequestHits>,
    ) -> Result<Self> {
        let scope = Scope::new(on, except, grpc)?;
        Ok(Self(Rule { effect, scope, share, seed, hits: hits.clone() }))
    }
}

impl HttpProxy {
    /// One on a thread of its own.
    #[cfg(feature = "bench")]
    pub(crate) async fn before(upstream: Upstream, net: &Net) -> Result<Self> {
        let faults = Arc::<HttpFaults>::default();
        let proxy = net.run(Proxy::start_with(upstream, Some(faults.clone()), net.handle()?)).await??;
        Ok(Self { proxy, faults })
    }

    /// Sets a fault. Every request that arrives after the return meets it.
    pub(crate) fn set(&self, rule: ReadyRule) {
        self.proxy.note_start(rule.0.hits.connections());
        self.faults.add(rule.0);
    }

    /// The undo of a fault of requests.
    pub(crate) fn undo_request_fault(&self, what: String, hits: &Arc<RequestHits>) -> Undo {
        let (faults, hits) = (self.faults.clone(), hits.clone());
        Undo::in_process(what, move || {
            faults.remove(&hits);
            std::future::ready(Ok(()))
        })
    }

    /// Why a fault has hit no request. `wanted` is what it is for, `but` what the requests lacked that it was for:
    /// `no answer had the header etag`.
    pub(crate) fn silence_of_requests(&self, hits: &RequestHits, wanted: &str, but: &str) -> String {
        let (total, excluded, matching) = (hits.total(), hits.exclusions(), hits.matching());
        if total == 0 {
            let but = match self.faults.opaque() {
                (tls, _) if tls > 0 => "their traffic was TLS, in which requests can't be seen",
                (_, foreign) if foreign > 0 => "their traffic was not HTTP",
                _ => "no request came on them",
            };
            return self.proxy.silence(hits.connections(), &Connections::whole(Directions::Both), but);
        }
        let why = match (matching, excluded) {
            (0, 0) => format!("none matched {wanted}"),
            (0, _) => format!(
                "{} that matched {} excluded",
                figure::counted(excluded, "request"),
                if excluded == 1 { "was" } else { "were" }
            ),
            _ => but.to_owned(),
        };
        format!(
            "{} came through the {} since the fault was set, but {why}",
            figure::counted(total, "request"),
            self.proxy
        )
    }
}

impl Deref for HttpProxy {
    type Target = Proxy;

    fn deref(&self) -> &Proxy {
        &self.proxy
    }
}

impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpProxy").field(&self.proxy).finish()
    }
}
