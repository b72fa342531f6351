//! Latency: datagrams arrive later.

use super::OnUdpProxy;
use super::on::DatagramHarm;
use crate::Result;
use crate::proxy::{Delay, Directions, Spread, UdpHarm, UdpProxy};
use std::time::Duration;

/// Datagrams arrive later. Made by [`UdpProxy::latency`].
#[derive(Debug, Clone)]
pub struct Latency {
    delay: Delay,
}

impl UdpProxy {
    /// A fault: answers arrive `delay` later. [`upstream`](OnUdpProxy::upstream) and
    /// [`both_ways`](OnUdpProxy::both_ways) make it requests, or both. Several latencies at once add up.
    ///
    /// With a distribution, a datagram that draws less than the one before it may overtake it. Datagrams that wait take
    /// 64 MiB at most; beyond that they get lost, which the evidence says.
    pub fn latency(&self, delay: Duration) -> OnUdpProxy<Latency> {
        let delay = Delay { typical: delay, spread: Spread::Constant };
        OnUdpProxy::new(self, Directions::Downstream, Latency { delay })
    }
}

impl OnUdpProxy<Latency> {
    /// Each datagram's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.harm.delay.spread = if jitter.is_zero() { Spread::Constant } else { Spread::Uniform(jitter) };
        self
    }

    /// Each datagram's delay is drawn from the normal distribution around the delay with this standard deviation; what
    /// would be early is on time.
    pub fn normal(mut self, deviation: Duration) -> Self {
        self.harm.delay.spread = Spread::Normal(deviation);
        self
    }

    /// Each datagram's delay is drawn from the Pareto distribution whose least value is the delay:
    /// `P(D > d) = (delay / d)^index`. Usual are indices from 1.5 (heavy tail) to 4.
    pub fn pareto(mut self, index: f64) -> Self {
        self.harm.delay.spread = Spread::Pareto(index);
        self
    }
}

impl DatagramHarm for Latency {
    const DONE: &'static str = "delayed";

    fn describe(&self) -> String {
        self.delay.to_string()
    }

    fn check(&self) -> Result<()> {
        self.delay.check()
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Latency(self.delay)
    }
}
