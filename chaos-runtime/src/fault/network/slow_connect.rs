//! Slow connect: the service takes long to answer who connects.

use super::on::{Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::{Error, Result};
use std::time::Duration;

/// A new connection reaches the service later. Made by [`Proxy::slow_connect`].
///
/// The system of this machine completes the client's connection at once; what the client waits for is the first answer
/// on it: a TLS handshake, a greeting, the response to its request. Open connections are not touched. Faults that ask for
/// a server name don't go with it, as the name is known only later.
#[derive(Debug, Clone, Copy)]
pub struct SlowConnect {
    delay: Duration,
}

impl Proxy {
    /// A fault: each new connection reaches the service `delay` later.
    pub fn slow_connect(&self, delay: Duration) -> OnProxy<SlowConnect> {
        OnProxy::new(self, Directions::Both, SlowConnect { delay })
    }
}

impl Harm for SlowConnect {
    fn describe(&self) -> String {
        format!("connections {:?} late", self.delay)
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, _proxy: &Proxy, scope: &Scope) -> Result<()> {
        if self.delay.is_zero() {
            return Err(Error::new("connections that are late by nothing are not late")
                .help("give it a duration: proxy.slow_connect(secs(1))"));
        }
        if scope.server_name.is_some() {
            return Err(Error::new("a server name is known only when the connection is open")
                .help("leave out sni(…), or use proxy.latency(…).upstream().sni(…)"));
        }
        Ok(())
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::SlowConnect { delay: self.delay }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("opened late")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        "all of them were open already".to_owned()
    }
}
