//! Black hole: nothing passes, and nobody is told.

use super::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// No data passes the proxy; connections stay open, and new ones are accepted and hang. Made by
/// [`Proxy::black_hole`].
///
/// Ends of connections are held back like data. When it is cleared, everything goes on in order and nothing
/// is lost. A connection made while nothing passes towards the service reaches it only then.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct BlackHole {
    proxy: Proxy,
    directions: Directions,
    close_after: Option<Duration>,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: nothing passes, either way. See [`BlackHole`] for one direction only.
    pub fn black_hole(&self) -> BlackHole {
        BlackHole { proxy: self.clone(), directions: Directions::Both, close_after: None, hits: Hits::new() }
    }
}

impl BlackHole {
    /// Closes each connection that has been held for this long, instead of letting it wait for the end.
    pub fn close_after(mut self, held: Duration) -> Self {
        self.close_after = Some(held);
        self
    }

    /// Holds back only what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.directions = Directions::Upstream;
        self
    }

    /// Holds back only what goes towards the client: requests are executed, their answers get lost.
    pub fn downstream(mut self) -> Self {
        self.directions = Directions::Downstream;
        self
    }

    /// Holds back both ways; the default.
    pub fn both_ways(mut self) -> Self {
        self.directions = Directions::Both;
        self
    }
}

impl Fault for BlackHole {
    fn describe(&self) -> String {
        let close = self.close_after.map_or(String::new(), |after| format!(", closing after {after:?}"));
        format!("black hole {}{close}", self.directions)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.describe(), self.proxy), &self.hits)
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.close_after.is_some_and(|after| after.is_zero()) {
            return Err(Error::new("a black hole that closes at once holds nothing back")
                .help("use proxy.down() for that, or close_after(secs(1))"));
        }
        let Self { directions, close_after, .. } = *self;
        self.proxy.set(Effect::BlackHole { directions, close_after }, &self.hits).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => {
                let but = format!("none had data to carry {}", self.directions);
                Evidence::counted(0, self.proxy.silence(&self.hits, &but))
            }
            _ => self.hits.evidence_of_connections("held"),
        })
    }
}

impl Held for BlackHole {}
