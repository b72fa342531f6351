//! Bandwidth: a slow line.

use super::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use crate::units::ByteRate;
use crate::{Error, Result};
use std::sync::Arc;

/// Each connection passes no more than a number of bytes per second. Made by [`Proxy::bandwidth`].
///
/// A few milliseconds' worth of bytes pass at a time. Of several at once the slowest counts.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Bandwidth {
    proxy: Proxy,
    directions: Directions,
    rate: ByteRate,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: on each connection answers arrive at `rate` at most. See [`Bandwidth`] for the direction.
    pub fn bandwidth(&self, rate: ByteRate) -> Bandwidth {
        Bandwidth { proxy: self.clone(), directions: Directions::Downstream, rate, hits: Hits::new() }
    }
}

impl Bandwidth {
    /// Limits what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.directions = Directions::Upstream;
        self
    }

    /// Limits what goes towards the client; the default.
    pub fn downstream(mut self) -> Self {
        self.directions = Directions::Downstream;
        self
    }

    /// Limits each direction by itself.
    pub fn both_ways(mut self) -> Self {
        self.directions = Directions::Both;
        self
    }
}

impl Fault for Bandwidth {
    fn describe(&self) -> String {
        format!("bandwidth {} {}", shown(self.rate), self.directions)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.describe(), self.proxy), &self.hits)
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.rate.as_bytes_per_second() == 0 {
            return Err(Error::new("a bandwidth of zero lets nothing pass")
                .help("use proxy.black_hole() for that, or a rate such as kilobytes_per_second(100)"));
        }
        let Self { directions, rate, .. } = *self;
        self.proxy.set(Effect::Bandwidth { directions, rate }, &self.hits).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => {
                let but = format!("none carried data {}", self.directions);
                Evidence::counted(0, self.proxy.silence(&self.hits, &but))
            }
            _ => self.hits.evidence("byte", "throttled"),
        })
    }
}

impl Held for Bandwidth {}

/// `500 B/s`, `100 KB/s`, `1.5 MB/s`
fn shown(rate: ByteRate) -> String {
    match rate.as_bytes_per_second() {
        n @ ..1_000 => format!("{n} B/s"),
        n @ ..1_000_000 => format!("{} KB/s", n as f64 / 1e3),
        n => format!("{} MB/s", n as f64 / 1e6),
    }
}
