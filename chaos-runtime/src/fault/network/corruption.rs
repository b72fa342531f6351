//! Corruption: bytes arrive as other bytes.

use super::on::{Chunked, Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::units::Percent;
use crate::{Error, Result};

/// Each byte becomes another one with a probability, towards the client unless said otherwise. Made by
/// [`Proxy::corruption`].
///
/// Which bytes, and into what, is decided by the run's seed and a byte's place in its direction of the connection, so a
/// replay that sends the same bytes corrupts the same. Lengths stay. What was read before the fault was set passes as
/// it was. A checksum, as of TLS, makes an error of it; protocols without one give wrong data.
#[derive(Debug, Clone, Copy)]
pub struct Corruption {
    bytes: Percent,
}

impl Proxy {
    /// A fault: this share of the bytes of answers arrives as other bytes. `percent(0.1)` is one of 1,000.
    pub fn corruption(&self, bytes: Percent) -> OnProxy<Corruption> {
        OnProxy::new(self, Directions::Downstream, Corruption { bytes })
    }
}

impl Harm for Corruption {
    fn describe(&self) -> String {
        format!("corruption of {} of bytes", self.bytes)
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        let share = self.bytes.fraction();
        if !(share > 0.0 && share <= 1.0) {
            return Err(Error::new(format!("corruption of {} of bytes can't be", self.bytes))
                .help("corrupt more than percent(0) and at most percent(100), such as percent(0.1)"));
        }
        Ok(())
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Corruption { bytes: self.bytes }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence("byte", "corrupted")
    }

    fn lacked(&self, scope: &Scope) -> String {
        format!("none carried enough data {} for one of its bytes to be picked", scope.directions)
    }
}

impl Directed for Corruption {}
impl Chunked for Corruption {}
