//! Black hole: nothing passes, and nobody is told.

use super::on::{Directed, Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope};
use crate::{Error, Result};
use std::time::Duration;

/// No data passes the proxy, in both directions unless said otherwise; connections stay open, and new ones are accepted
/// and hang. Made by [`Proxy::black_hole`].
///
/// Towards the client only: requests are executed, their answers get lost. Ends of connections are held back like data.
/// When it is cleared, everything goes on in order and nothing is lost. A connection made while nothing passes towards
/// the service reaches it only then.
#[derive(Debug, Clone, Copy)]
pub struct BlackHole {
    close_after: Option<Duration>,
}

impl Proxy {
    /// A fault: nothing passes, either way. See [`OnProxy`] for one direction only, and for a share of the connections.
    pub fn black_hole(&self) -> OnProxy<BlackHole> {
        OnProxy::new(self, Directions::Both, BlackHole { close_after: None })
    }
}

impl OnProxy<BlackHole> {
    /// Closes each connection that has been held for this long, instead of letting it wait for the end.
    pub fn close_after(self, held: Duration) -> Self {
        self.with(|hole| hole.close_after = Some(held))
    }
}

impl Harm for BlackHole {
    fn describe(&self) -> String {
        "black hole".to_owned()
    }

    fn direction(&self, scope: &Scope) -> String {
        let close = self.close_after.map_or(String::new(), |after| format!(", closing after {after:?}"));
        format!(" {}{close}", scope.directions)
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        match self.close_after {
            Some(Duration::ZERO) => Err(Error::new("a black hole that closes at once holds nothing back")
                .help("use proxy.down() for that, or close_after(secs(1))")),
            _ => Ok(()),
        }
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::BlackHole { close_after: self.close_after, deaf: false }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("held")
    }

    fn lacked(&self, scope: &Scope) -> String {
        format!("none had data to carry {}", scope.directions)
    }
}

impl Directed for BlackHole {}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::proxy::testbed::{
        Testbed, clear, hold, is_silent, next, nobody, pattern, round_trip, seen, service, timely,
    };
    use crate::units::millis;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    #[tokio::test]
    async fn nothing_passes_until_it_is_cleared_and_then_everything() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        round_trip(&mut client, b"open").await;
        let mut fault = bed.proxy.black_hole();
        let undo = hold(&mut fault).await.unwrap();
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(0));

        let (mut read, mut write) = client.into_split();
        let bytes = pattern(3_000_000);
        let sent = bytes.clone();
        let writer = tokio::spawn(async move {
            write.write_all(&sent).await?;
            write.shutdown().await
        });
        assert!(tokio::time::timeout(millis(200), read.read_u8()).await.is_err());
        assert_eq!(seen(&mut fault).await.text(), "1 connection held");
        clear(&undo).await;
        let mut back = Vec::new();
        timely(read.read_to_end(&mut back)).await.unwrap();
        assert!(back == bytes, "bytes were lost or changed");
        writer.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_new_connection_hangs_and_is_served_afterwards() {
        let bed = Testbed::echo().await;
        let mut fault = bed.proxy.black_hole();
        let undo = hold(&mut fault).await.unwrap();
        let mut client = bed.connect().await;
        client.write_all(b"hello").await.unwrap();
        assert!(is_silent(&mut client, millis(200)).await);
        seen(&mut fault).await;
        clear(&undo).await;
        let mut back = [0; 5];
        timely(client.read_exact(&mut back)).await.unwrap();
        assert_eq!(&back, b"hello");
    }

    #[tokio::test]
    async fn towards_the_client_the_request_is_executed_and_the_answer_gets_lost() {
        let (got, mut gets) = mpsc::channel(1);
        let addr = service(move |mut stream: TcpStream| {
            let got = got.clone();
            async move {
                let byte = stream.read_u8().await?;
                let _ = got.send(byte).await;
                stream.write_u8(byte + 1).await
            }
        })
        .await;
        let bed = Testbed::in_front_of(addr).await;
        let undo = hold(&mut bed.proxy.black_hole().downstream()).await.unwrap();
        let mut client = bed.connect().await;
        client.write_u8(7).await.unwrap();
        assert_eq!(timely(gets.recv()).await, Some(7));
        assert!(is_silent(&mut client, millis(200)).await, "neither the answer nor the end may pass");
        clear(&undo).await;
        assert_eq!(timely(client.read_u8()).await.unwrap(), 8);
        assert_eq!(next(&mut client).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_shows_only_afterwards() {
        let (_reserved, gone) = nobody();
        let bed = Testbed::in_front_of(gone).await;
        for fault in [bed.proxy.black_hole(), bed.proxy.black_hole().downstream()] {
            let mut fault = fault;
            let undo = hold(&mut fault).await.unwrap();
            let mut client = bed.connect().await;
            assert!(is_silent(&mut client, millis(100)).await);
            clear(&undo).await;
            assert_eq!(next(&mut client).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn it_closes_what_it_has_held_for_long_if_so_asked() {
        let bed = Testbed::echo().await;
        let mut open = bed.connect().await;
        round_trip(&mut open, b"open").await;
        let mut fault = bed.proxy.black_hole().close_after(millis(300));
        let started = Instant::now();
        let undo = hold(&mut fault).await.unwrap();
        let mut new = bed.connect().await;
        for client in [&mut open, &mut new] {
            assert_eq!(next(client).await.unwrap(), 0);
            assert!(started.elapsed() >= millis(300), "closed after {:?}", started.elapsed());
        }
        assert_eq!(fault.evidence().await.unwrap().text(), "2 connections held");
        clear(&undo).await;
        round_trip(&mut bed.connect().await, b"open").await;
    }
}
