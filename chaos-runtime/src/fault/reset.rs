//! Reset: connections end with a RST.

use super::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::Result;
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use std::sync::Arc;

/// Connections end with a RST instead of a FIN: reads fail with `ECONNRESET`. Made by [`Proxy::reset`].
///
/// Injected as it is, it resets every open connection once. Held, it resets every open connection and each
/// new one as soon as it is accepted.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Reset {
    proxy: Proxy,
    seen_by: Directions,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: connections are reset. See [`Reset`] for who sees it.
    pub fn reset(&self) -> Reset {
        Reset { proxy: self.clone(), seen_by: Directions::Both, hits: Hits::new() }
    }
}

impl Reset {
    /// Only the service sees a RST, the client an orderly end.
    pub fn upstream(mut self) -> Self {
        self.seen_by = Directions::Upstream;
        self
    }

    /// Only the client sees a RST, the service an orderly end.
    pub fn downstream(mut self) -> Self {
        self.seen_by = Directions::Downstream;
        self
    }

    /// Both peers see a RST; the default.
    pub fn both_ways(mut self) -> Self {
        self.seen_by = Directions::Both;
        self
    }
}

impl Fault for Reset {
    fn describe(&self) -> String {
        format!("reset {}", self.seen_by)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("stop resetting connections of {}", self.proxy), &self.hits)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        match cx.hold {
            Some(_) => self.proxy.set(Effect::Reset { seen_by: self.seen_by, before: None }, &self.hits).await,
            None => self.proxy.reset_open(self.seen_by, &self.hits).await,
        }
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => Evidence::counted(0, self.proxy.silence(&self.hits, "none was open at the time")),
            _ => self.hits.evidence_of_connections("reset"),
        })
    }
}

impl Held for Reset {}
impl OneShot for Reset {}
