//! Reset: connections end with a RST.

use super::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::Result;
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use std::sync::Arc;

/// Connections end with a RST instead of a FIN: reads fail with `ECONNRESET`. Made by [`Proxy::reset`].
///
/// Injected as it is, it resets every open connection once. Held, it resets every open connection and each
/// new one as soon as it is accepted.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Reset {
    proxy: Proxy,
    seen_by: Directions,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: connections are reset. See [`Reset`] for who sees it.
    pub fn reset(&self) -> Reset {
        Reset { proxy: self.clone(), seen_by: Directions::Both, hits: Hits::new() }
    }
}

impl Reset {
    /// Only the service sees a RST, the client an orderly end.
    pub fn upstream(mut self) -> Self {
        self.seen_by = Directions::Upstream;
        self
    }

    /// Only the client sees a RST, the service an orderly end.
    pub fn downstream(mut self) -> Self {
        self.seen_by = Directions::Downstream;
        self
    }

    /// Both peers see a RST; the default.
    pub fn both_ways(mut self) -> Self {
        self.seen_by = Directions::Both;
        self
    }
}

impl Fault for Reset {
    fn describe(&self) -> String {
        format!("reset {}", self.seen_by)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("stop resetting connections of {}", self.proxy), &self.hits)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        if cx.held {
            self.proxy.set(Effect::Reset { seen_by: self.seen_by, before: None }, &self.hits).await
        } else {
            self.proxy.reset_open(self.seen_by, &self.hits).await
        }
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => Evidence::counted(0, self.proxy.silence(&self.hits, "none was open at the time")),
            _ => self.hits.evidence_of_connections("reset"),
        })
    }
}

impl Held for Reset {}
impl OneShot for Reset {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::testbed::{Testbed, clear, hold, next, once, round_trip, timely};
    use std::io::ErrorKind::ConnectionReset;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn once_resets_what_is_open_and_nothing_later() {
        let bed = Testbed::echo().await;
        let mut open = Vec::new();
        for _ in 0..5 {
            open.push(bed.connect().await);
        }
        round_trip(&mut open[0], b"x").await;
        let mut fault = bed.proxy.reset();
        once(&mut fault).await.unwrap();
        assert_eq!(fault.evidence().await.unwrap().text(), "5 connections reset");
        round_trip(&mut bed.connect().await, b"passes").await;
        for client in &mut open {
            assert_eq!(next(client).await.unwrap_err().kind(), ConnectionReset);
        }
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(5));
    }

    #[tokio::test]
    async fn held_resets_new_ones_too_until_it_is_cleared() {
        let bed = Testbed::echo().await;
        let mut open = bed.connect().await;
        round_trip(&mut open, b"x").await;
        let mut fault = bed.proxy.reset();
        let undo = hold(&mut fault).await.unwrap();
        assert_eq!(next(&mut open).await.unwrap_err().kind(), ConnectionReset);
        for _ in 0..5 {
            // The RST may arrive before `connect` has looked at the socket.
            let new = TcpStream::connect(bed.proxy.addr()).await;
            let end = match new {
                Ok(mut new) => next(&mut new).await.map(|_| ()),
                Err(error) => Err(error),
            };
            assert_eq!(end.unwrap_err().kind(), ConnectionReset);
        }
        assert_eq!(fault.evidence().await.unwrap().text(), "6 connections reset");
        clear(&undo).await;
        round_trip(&mut bed.connect().await, b"passes").await;
    }

    #[tokio::test]
    async fn a_direction_says_who_sees_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bed = Testbed::in_front_of(listener.local_addr().unwrap()).await;
        for by_service in [true, false] {
            let mut client = bed.connect().await;
            let (mut server, _) = timely(listener.accept()).await.unwrap();
            let fault = bed.proxy.reset();
            once(&mut if by_service { fault.upstream() } else { fault.downstream() }).await.unwrap();
            let (reset, closed) = if by_service { (&mut server, &mut client) } else { (&mut client, &mut server) };
            assert_eq!(next(reset).await.unwrap_err().kind(), ConnectionReset);
            assert_eq!(next(closed).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn without_a_connection_there_is_no_evidence() {
        let bed = Testbed::echo().await;
        let mut fault = bed.proxy.reset();
        once(&mut fault).await.unwrap();
        assert!(!fault.evidence().await.unwrap().is_seen());
    }
}
