//! What all faults on datagrams have in common.

use crate::Result;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, UdpEffect, UdpHarm, UdpProxy, UdpTally};
use crate::rollback::Undo;
use std::fmt;
use std::sync::Arc;

/// What happens to datagrams.
pub(crate) trait DatagramHarm: fmt::Debug + Send + 'static {
    /// What was done to those that were hit: `lost`.
    const DONE: &'static str;

    /// What it does, in a line: `loss of 10 %`.
    fn describe(&self) -> String;

    /// Refuses what can't be.
    fn check(&self) -> Result<()>;

    /// What the proxy does.
    fn harm(&self) -> UdpHarm;
}

/// A fault on the datagrams of a UDP proxy; see the methods of [`UdpProxy`].
///
/// Which datagrams it hits is decided by the run's seed, the session (clients are counted in the order of their first
/// datagrams), the direction and the datagram's number in these.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct OnUdpProxy<H> {
    proxy: UdpProxy,
    directions: Directions,
    pub(super) harm: H,
    tally: Arc<UdpTally>,
    /// What clients had sent when it was injected.
    received: u64,
}

impl<H> OnUdpProxy<H> {
    pub(super) fn new(proxy: &UdpProxy, directions: Directions, harm: H) -> Self {
        Self { proxy: proxy.clone(), directions, harm, tally: UdpTally::new(), received: 0 }
    }

    /// Only what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.directions = Directions::Upstream;
        self
    }

    /// Only what goes towards the client.
    pub fn downstream(mut self) -> Self {
        self.directions = Directions::Downstream;
        self
    }

    /// What goes either way.
    pub fn both_ways(mut self) -> Self {
        self.directions = Directions::Both;
        self
    }
}

impl<H: DatagramHarm> Fault for OnUdpProxy<H> {
    fn describe(&self) -> String {
        format!("{} {}", self.harm.describe(), self.directions)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        self.harm.check()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.describe(), self.proxy), &self.tally)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.received = self.proxy.received();
        let effect = UdpEffect { harm: self.harm.harm(), directions: self.directions, seed: cx.seed };
        self.proxy.set(effect, &self.tally).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let text = match self.tally.hits() {
            0 => self.proxy.silence(self.received, &self.tally, self.directions),
            _ => self.tally.in_words(H::DONE),
        };
        Ok(Evidence::counted(self.tally.hits(), text))
    }
}

impl<H: DatagramHarm> Held for OnUdpProxy<H> {}
