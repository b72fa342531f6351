//! Loss: some datagrams do not arrive.

use super::on::DatagramHarm;
use super::{OnUdpProxy, check_share};
use crate::Result;
use crate::proxy::{Directions, UdpHarm, UdpProxy};
use crate::units::Percent;

/// A share of datagrams gets lost. Made by [`UdpProxy::loss`].
#[derive(Debug, Clone)]
pub struct Loss {
    share: Percent,
}

impl UdpProxy {
    /// A fault: a share of the answers gets lost. [`upstream`](OnUdpProxy::upstream) and
    /// [`both_ways`](OnUdpProxy::both_ways) make it requests, or both.
    pub fn loss(&self, share: Percent) -> OnUdpProxy<Loss> {
        OnUdpProxy::new(self, Directions::Downstream, Loss { share })
    }
}

impl DatagramHarm for Loss {
    const DONE: &'static str = "lost";

    fn describe(&self) -> String {
        format!("loss of {}", self.share)
    }

    fn check(&self) -> Result<()> {
        check_share(self.share, &self.describe())
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Loss(self.share)
    }
}
