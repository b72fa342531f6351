//! Down: no datagram passes.

use super::OnUdpProxy;
use super::on::DatagramHarm;
use crate::Result;
use crate::proxy::{Directions, UdpHarm, UdpProxy};

/// No datagram passes. Made by [`UdpProxy::down`].
#[derive(Debug, Clone)]
pub struct Down;

impl UdpProxy {
    /// A fault: nothing passes either way, nor does what is late because of another fault. Nobody is told by an ICMP
    /// message: to clients the service is as silent as behind a firewall.
    pub fn down(&self) -> OnUdpProxy<Down> {
        OnUdpProxy::new(self, Directions::Both, Down)
    }
}

impl DatagramHarm for Down {
    const DONE: &'static str = "swallowed";

    fn describe(&self) -> String {
        "down".into()
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn harm(&self) -> UdpHarm {
        UdpHarm::Down
    }
}
