//! Duplication: some datagrams arrive twice.

use super::on::DatagramHarm;
use super::{OnUdpProxy, check_share};
use crate::Result;
use crate::proxy::{Directions, UdpHarm, UdpProxy};
use crate::units::Percent;

/// A share of datagrams arrives twice. Made by [`UdpProxy::duplication`].
#[derive(Debug, Clone)]
pub struct Duplication {
    share: Percent,
}

impl UdpProxy {
    /// A fault: a share of the answers arrives twice, the second right after the first. [`upstream`](OnUdpProxy::upstream)
    /// and [`both_ways`](OnUdpProxy::both_ways) make it requests, or both.
    pub fn duplication(&self, share: Percent) -> OnUdpProxy<Duplication> {
        OnUdpProxy::new(self, Directions::Downstream, Duplication { share })
    }
}

impl DatagramHarm for Duplication {
    const DONE: &'static str = "doubled";

    fn describe(&self) -> String {
        format!("duplication of {}", self.share)
    }

    fn check(&self) -> Result<()> {
        check_share(self.share, &self.describe())
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Duplication(self.share)
    }
}
