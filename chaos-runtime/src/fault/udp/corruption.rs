//! Corruption: some datagrams arrive with a byte changed.

use super::on::DatagramHarm;
use super::{OnUdpProxy, check_share};
use crate::Result;
use crate::proxy::{Directions, UdpHarm, UdpProxy};
use crate::units::Percent;

/// A byte of a share of datagrams is changed. Made by [`UdpProxy::corruption`].
#[derive(Debug, Clone)]
pub struct Corruption {
    share: Percent,
}

impl UdpProxy {
    /// A fault: a share of the answers arrives with one byte changed, under a UDP checksum that is right: it is the receiver's own
    /// check that this tests. [`upstream`](OnUdpProxy::upstream) and [`both_ways`](OnUdpProxy::both_ways) make it requests, or
    /// both. Datagrams without a byte pass.
    pub fn corruption(&self, share: Percent) -> OnUdpProxy<Corruption> {
        OnUdpProxy::new(self, Directions::Downstream, Corruption { share })
    }
}

impl DatagramHarm for Corruption {
    const DONE: &'static str = "corrupted";

    fn describe(&self) -> String {
        format!("corruption of {}", self.share)
    }

    fn check(&self) -> Result<()> {
        check_share(self.share, &self.describe())
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Corruption(self.share)
    }
}
