//! Limit data: connections end in the middle.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::{Error, Result};

/// A connection is closed when so many bytes have passed since the fault was set, towards the client unless said
/// otherwise. Made by [`Proxy::limit_data`].
///
/// The receiver gets exactly that many bytes and then an orderly end, as from a service that ends in the middle of an
/// answer; 50 ms later both sockets are closed.
#[derive(Debug, Clone, Copy)]
pub struct LimitData {
    bytes: u64,
}

impl Proxy {
    /// A fault: each connection ends after `bytes` bytes of answers.
    pub fn limit_data(&self, bytes: u64) -> OnProxy<LimitData> {
        OnProxy::new(self, Directions::Downstream, LimitData { bytes })
    }
}

impl Harm for LimitData {
    fn describe(&self) -> String {
        format!("end after {} byte{}", self.bytes, if self.bytes == 1 { "" } else { "s" })
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        match self.bytes {
            0 => Err(Error::new("a limit of zero bytes is a service that is down")
                .help("use proxy.down(), or limit_data(1) at least")),
            _ => Ok(()),
        }
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::LimitData { bytes: self.bytes }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("ended")
    }

    fn lacked(&self, scope: &Scope) -> String {
        format!("none carried as much {}", scope.directions)
    }
}

impl Directed for LimitData {}
