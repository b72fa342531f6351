//! Reset: connections end with a RST.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::{Evidence, OneShot};
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};

/// Connections end with a RST instead of a FIN: reads fail with `ECONNRESET`. Made by [`Proxy::reset`].
///
/// Injected as it is, it resets every open connection once. Held, it resets every open connection and each new one as
/// soon as it is accepted. The direction says who sees it: [`upstream`](OnProxy::upstream) only the service,
/// [`downstream`](OnProxy::downstream) only the client, the other one an orderly end; both unless said otherwise. A
/// Unix socket knows no RST: on it the connection ends.
#[derive(Debug, Clone, Copy)]
pub struct Reset(());

impl Proxy {
    /// A fault: connections are reset. See [`Reset`] for who sees it.
    pub fn reset(&self) -> OnProxy<Reset> {
        OnProxy::new(self, Directions::Both, Reset(()))
    }
}

impl Harm for Reset {
    fn describe(&self) -> String {
        "reset".to_owned()
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Reset
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("reset")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        "none was open at the time".to_owned()
    }
}

impl Directed for Reset {}
impl OneShot for OnProxy<Reset> {}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
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
