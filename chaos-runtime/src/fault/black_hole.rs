//! Black hole: nothing passes, and nobody is told.

use super::{Evidence, Fault, Held, InjectCx};
use crate::proxy::{Directions, Effect, Hits, Proxy};
use crate::rollback::Undo;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// No data passes the proxy; connections stay open, and new ones are accepted and hang. Made by
/// [`Proxy::black_hole`].
///
/// Ends of connections are held back like data. When it is cleared, everything goes on in order and nothing
/// is lost. A connection made while nothing passes towards the service reaches it only then.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct BlackHole {
    proxy: Proxy,
    directions: Directions,
    close_after: Option<Duration>,
    hits: Arc<Hits>,
}

impl Proxy {
    /// A fault: nothing passes, either way. See [`BlackHole`] for one direction only.
    pub fn black_hole(&self) -> BlackHole {
        BlackHole { proxy: self.clone(), directions: Directions::Both, close_after: None, hits: Hits::new() }
    }
}

impl BlackHole {
    /// Closes each connection that has been held for this long, instead of letting it wait for the end.
    pub fn close_after(mut self, held: Duration) -> Self {
        self.close_after = Some(held);
        self
    }

    /// Holds back only what goes towards the service.
    pub fn upstream(mut self) -> Self {
        self.directions = Directions::Upstream;
        self
    }

    /// Holds back only what goes towards the client: requests are executed, their answers get lost.
    pub fn downstream(mut self) -> Self {
        self.directions = Directions::Downstream;
        self
    }

    /// Holds back both ways; the default.
    pub fn both_ways(mut self) -> Self {
        self.directions = Directions::Both;
        self
    }
}

impl Fault for BlackHole {
    fn describe(&self) -> String {
        let close = self.close_after.map_or(String::new(), |after| format!(", closing after {after:?}"));
        format!("black hole {}{close}", self.directions)
    }

    fn target(&self) -> String {
        self.proxy.to_string()
    }

    fn undo(&self) -> Undo {
        self.proxy.undo(format!("remove the {} from {}", self.describe(), self.proxy), &self.hits)
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        if self.close_after.is_some_and(|after| after.is_zero()) {
            return Err(Error::new("a black hole that closes at once holds nothing back")
                .help("use proxy.down() for that, or close_after(secs(1))"));
        }
        let Self { directions, close_after, .. } = *self;
        self.proxy.set(Effect::BlackHole { directions, close_after, before: None }, &self.hits).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        Ok(match self.hits.count() {
            0 => {
                let but = format!("none had data to carry {}", self.directions);
                Evidence::counted(0, self.proxy.silence(&self.hits, &but))
            }
            _ => self.hits.evidence_of_connections("held"),
        })
    }
}

impl Held for BlackHole {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::testbed::{Testbed, clear, hold, is_silent, next, pattern, round_trip, service, timely};
    use crate::units::{millis, secs};
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
        assert_eq!(fault.evidence().await.unwrap().text(), "1 connection held");
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
        assert!(fault.evidence().await.unwrap().is_seen());
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
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
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
            assert!((millis(300)..secs(3)).contains(&started.elapsed()), "closed after {:?}", started.elapsed());
        }
        assert_eq!(fault.evidence().await.unwrap().text(), "2 connections held");
        clear(&undo).await;
        round_trip(&mut bed.connect().await, b"open").await;
    }
}
