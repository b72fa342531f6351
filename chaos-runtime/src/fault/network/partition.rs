//! Partition: the network between clients and service is cut.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope, Share};
use std::time::Duration;
use tokio::net::TcpStream;

/// How long an attempt to connect goes without an answer until it counts as proof; on loopback one comes at once.
const PROBE: Duration = Duration::from_millis(250);

/// Nothing passes, in both directions unless said otherwise, and who connects gets no answer. Made by
/// [`Proxy::partition`].
///
/// As on a network that loses every packet: connections stay open and silent, the opening of new ones takes until the
/// client's own limit, and what was sent meanwhile arrives when the partition is over. Clients whose attempt is still
/// going on then get through at their next try, which the system makes after 1, 3, 7 … s.
///
/// With [`upstream`](OnProxy::upstream) or [`downstream`](OnProxy::downstream) it is a partition of one way: requests
/// get lost, or their answers. Either way no connection can be opened, which takes packets both ways.
///
/// To leave who connects without an answer is possible on Linux, by TCP, and for all connections only; elsewhere, and
/// for a [share](OnProxy::share) of them, new connections are opened and hang, as in a
/// [black hole](Proxy::black_hole), and the description says so.
#[derive(Debug, Clone, Copy)]
pub struct Partition {
    silence_seen: bool,
}

impl Partition {
    fn is_deaf(scope: &Scope) -> bool {
        Proxy::CAN_BE_DEAF && scope.share == Share::All && scope.server_name.is_none()
    }
}

impl Proxy {
    /// A fault: the service can't be reached, and nobody is told. See [`Partition`] for what clients notice.
    pub fn partition(&self) -> OnProxy<Partition> {
        OnProxy::new(self, Directions::Both, Partition { silence_seen: false })
    }
}

impl Harm for Partition {
    fn describe(&self) -> String {
        "partition".to_owned()
    }

    fn direction(&self, scope: &Scope) -> String {
        let hang = if Self::is_deaf(scope) { "" } else { ", new connections hang" };
        format!(" {}{hang}", scope.directions)
    }

    fn effect(&self, scope: &Scope) -> Effect {
        Effect::BlackHole { close_after: None, deaf: Self::is_deaf(scope) }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("held")
    }

    /// Attempts that get no answer never reach the proxy, so the proof is one of its own.
    async fn look(&mut self, proxy: &Proxy, scope: &Scope) -> Option<String> {
        if Self::is_deaf(scope) && !self.silence_seen {
            self.silence_seen = tokio::time::timeout(PROBE, TcpStream::connect(proxy.addr())).await.is_err();
        }
        self.silence_seen.then(|| format!("{proxy} answers no attempt to connect"))
    }

    fn lacked(&self, scope: &Scope) -> String {
        format!("none had data to carry {}", scope.directions)
    }
}

impl Directed for Partition {}
