//! Latency: everything arrives later.

use super::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// Everything that passes the proxy in one direction arrives later. Made by [`Proxy::latency`].
///
/// Bytes stay in order and throughput is not limited. Several latencies at once add up. Not delayed is the
/// opening of a connection.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Latency {
    proxy: Proxy,
    directions: Directions,
    delay: Duration,
    jitter: Duration,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: answers arrive `delay` later. See [`Latency`] for jitter and direction.
    pub fn latency(&self, delay: Duration) -> Latency {
        Latency {
            proxy: self.clone(),
            directions: Directions::Downstream,
            delay,
            jitter: Duration::ZERO,
            hits: Hits::new(),
        }
    }
}

impl Latency {
    /// Each chunk's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// Delays what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.directions = Directions::Upstream;
        self
    }

    /// Delays what goes towards the client; the default.
    pub fn downstream(mut self) -> Self {
        self.directions = Directions::Downstream;
        self
    }

    /// Delays both ways, so that a request and its answer take twice the delay.
    pub fn both_ways(mut self) -> Self {
        self.directions = Directions::Both;
        self
    }
}

impl Fault for Latency {
    fn describe(&self) -> String {
        let jitter = if self.jitter.is_zero() { String::new() } else { format!(" ± {:?}", self.jitter) };
        format!("latency {:?}{jitter} {}", self.delay, self.directions)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.describe(), self.proxy), &self.hits)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        if self.delay.is_zero() && self.jitter.is_zero() {
            return Err(Error::new("a latency of zero without jitter does nothing")
                .help("give it a duration: proxy.latency(millis(300))"));
        }
        if self.jitter > self.delay {
            let (delay, jitter) = (self.delay, self.jitter);
            return Err(Error::new(format!(
                "a jitter of {jitter:?} is more than the latency of {delay:?}: nothing can arrive early"
            ))
            .help(format!("use a jitter of {delay:?} at most, or a latency of {jitter:?} at least")));
        }
        let Self { directions, delay, jitter, .. } = *self;
        self.proxy.set(Effect::Latency { directions, delay, jitter, seed: cx.seed }, &self.hits).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => {
                let but = format!("none carried data {}", self.directions);
                Evidence::counted(0, self.proxy.silence(&self.hits, &but))
            }
            _ => self.hits.evidence("chunk", "delayed"),
        })
    }
}

impl Held for Latency {}
