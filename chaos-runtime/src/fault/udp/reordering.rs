//! Reordering: some datagrams arrive after the ones that were sent after them.

use super::on::DatagramHarm;
use super::{OnUdpProxy, check_share};
use crate::proxy::{Directions, UdpHarm, UdpProxy};
use crate::units::Percent;
use crate::{Error, Result};
use std::time::Duration;

/// How long a datagram waits for the next one, unless told otherwise.
const WITHIN: Duration = Duration::from_millis(100);

/// Datagrams arrive in another order. Made by [`UdpProxy::reordering`].
#[derive(Debug, Clone)]
pub struct Reordering {
    share: Percent,
    within: Duration,
}

impl UdpProxy {
    /// A fault: a share of the answers waits until the next one to the same client has passed.
    /// [`upstream`](OnUdpProxy::upstream) and [`both_ways`](OnUdpProxy::both_ways) make it requests, or both.
    ///
    /// The one that overtakes is never held back itself, so a share of 100 % exchanges every two. One that none follows
    /// within 100 ms ([`within`](OnUdpProxy::within)) goes on, and is not counted.
    pub fn reordering(&self, share: Percent) -> OnUdpProxy<Reordering> {
        OnUdpProxy::new(self, Directions::Downstream, Reordering { share, within: WITHIN })
    }
}

impl OnUdpProxy<Reordering> {
    /// How long a datagram waits for the next one.
    pub fn within(mut self, time: Duration) -> Self {
        self.harm.within = time;
        self
    }
}

impl DatagramHarm for Reordering {
    const DONE: &'static str = "overtaken";

    fn describe(&self) -> String {
        format!("reordering of {} within {:?}", self.share, self.within)
    }

    fn check(&self) -> Result<()> {
        if self.within.is_zero() {
            return Err(Error::new("a datagram that waits for no time is not overtaken")
                .help("leave out .within(…), or give it a duration: .within(millis(100))"));
        }
        check_share(self.share, &self.describe())
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Reordering { share: self.share, within: self.within }
    }
}
