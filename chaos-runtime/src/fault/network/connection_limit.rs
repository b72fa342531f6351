//! Connection limit: who comes too many is turned away.

use super::on::{Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope, Share};
use crate::{Error, Result};

/// No more than a number of connections at a time; what comes beyond is accepted and closed at once. Made by
/// [`Proxy::connection_limit`].
///
/// Connections that are open already stay open and count. Of several limits the lowest holds.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimit {
    most: u64,
}

impl Proxy {
    /// A fault: the service takes no more than `most` connections at a time.
    pub fn connection_limit(&self, most: u64) -> OnProxy<ConnectionLimit> {
        OnProxy::new(self, Directions::Both, ConnectionLimit { most })
    }
}

impl Harm for ConnectionLimit {
    fn describe(&self) -> String {
        format!("no more than {} connection{}", self.most, if self.most == 1 { "" } else { "s" })
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, _proxy: &Proxy, scope: &Scope) -> Result<()> {
        if self.most == 0 {
            return Err(Error::new("a limit of no connection at all is a service that is down")
                .help("use proxy.down(), or connection_limit(1) at least"));
        }
        if scope.share != Share::All || scope.server_name.is_some() {
            return Err(
                Error::new("a limit on connections holds for all of them").help("leave out share(…) and sni(…)")
            );
        }
        Ok(())
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::ConnectionLimit { most: self.most }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("turned away")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        format!("never more than {} at a time", self.most)
    }
}
