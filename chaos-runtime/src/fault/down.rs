//! Down: the service is gone, as far as its clients can see.

use super::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Effect, Hits, Proxy};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long the proof that connections are refused may take; a refusal on loopback comes at once.
const PROBE: Duration = Duration::from_secs(1);

/// Open connections are closed, and new ones are accepted and closed at once, or refused. Made by
/// [`Proxy::down`].
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Down {
    proxy: Proxy,
    refuse: bool,
    refusal_seen: bool,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: the service is down. See [`Down`] for connections that are refused.
    pub fn down(&self) -> Down {
        Down { proxy: self.clone(), refuse: false, refusal_seen: false, hits: Hits::new() }
    }
}

impl Down {
    /// New connections are refused, as by a host on which nobody listens. The port stays reserved.
    ///
    /// Not possible on Windows, where injecting it is an error.
    pub fn refuse(mut self) -> Self {
        self.refuse = true;
        self
    }

    /// Refused connections never reach the proxy, so the proof is an attempt of its own.
    async fn is_refused(&self) -> bool {
        let attempt = tokio::time::timeout(PROBE, TcpStream::connect(self.proxy.addr())).await;
        matches!(attempt, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

impl Fault for Down {
    fn describe(&self) -> String {
        if self.refuse { "down, refusing connections".into() } else { "down, closing connections".into() }
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("bring {} up again", self.proxy), &self.hits)
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.refuse && !Proxy::CAN_REFUSE {
            return Err(Error::new("connections can't be refused on this platform without losing the proxy's port")
                .help("use proxy.down() without refuse(): connections are then accepted and closed at once"));
        }
        self.proxy.set(Effect::Down { refuse: self.refuse }, &self.hits).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        if self.refuse {
            self.refusal_seen = self.refusal_seen || self.is_refused().await;
            let closed = self.hits.evidence_of_connections("closed");
            return Ok(match self.refusal_seen {
                true => Evidence::seen(format!("{} refuses connections, {}", self.proxy, closed.text())),
                false => closed,
            });
        }
        Ok(match self.hits.count() {
            0 => Evidence::counted(0, self.proxy.silence(&self.hits, "none was closed yet")),
            _ => self.hits.evidence_of_connections("closed"),
        })
    }
}

impl Held for Down {}
