//! Slow close: the end of a connection arrives later.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::{Error, Result};
use std::time::Duration;

/// The orderly end of a connection (FIN) arrives later, towards the client unless said otherwise; data does not. Made by
/// [`Proxy::slow_close`]. A reset is not delayed.
#[derive(Debug, Clone, Copy)]
pub struct SlowClose {
    delay: Duration,
}

impl Proxy {
    /// A fault: when the service closes a connection, the client learns it `delay` later.
    pub fn slow_close(&self, delay: Duration) -> OnProxy<SlowClose> {
        OnProxy::new(self, Directions::Downstream, SlowClose { delay })
    }
}

impl Harm for SlowClose {
    fn describe(&self) -> String {
        format!("ends {:?} late", self.delay)
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        match self.delay {
            Duration::ZERO => Err(Error::new("ends that are late by nothing are not late")
                .help("give it a duration: proxy.slow_close(secs(1))")),
            _ => Ok(()),
        }
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::SlowClose { delay: self.delay }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("closed late")
    }

    fn lacked(&self, scope: &Scope) -> String {
        format!("none ended {}", scope.directions)
    }
}

impl Directed for SlowClose {}
