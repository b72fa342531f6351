//! Down: the service is gone, as far as its clients can see.

use super::on::{Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Directions, Effect, Hits, Proxy, Scope, Share};
use crate::{Error, Result};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long the proof that connections are refused may take; a refusal on loopback comes at once.
const PROBE: Duration = Duration::from_secs(1);

/// Open connections are closed, and new ones are accepted and closed at once, or refused. Made by [`Proxy::down`].
#[derive(Debug, Clone, Copy)]
pub struct Down {
    refuse: bool,
    refusal_seen: bool,
}

impl Proxy {
    /// A fault: the service is down. See [`refuse`](OnProxy::refuse) for connections that are refused.
    pub fn down(&self) -> OnProxy<Down> {
        OnProxy::new(self, Directions::Both, Down { refuse: false, refusal_seen: false })
    }
}

impl OnProxy<Down> {
    /// New connections are refused, as by a host on which nobody listens. The port stays reserved.
    ///
    /// Not possible on Windows, nor for a share of the connections, where it is an error.
    pub fn refuse(self) -> Self {
        self.with(|down| down.refuse = true)
    }
}

impl Harm for Down {
    fn describe(&self) -> String {
        if self.refuse { "down, refusing connections".into() } else { "down, closing connections".into() }
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, _proxy: &Proxy, scope: &Scope) -> Result<()> {
        if self.refuse && !Proxy::CAN_REFUSE {
            return Err(Error::new("connections can't be refused on this platform without losing the proxy's port")
                .help("use proxy.down() without refuse(): connections are then accepted and closed at once"));
        }
        if self.refuse && (scope.share != Share::All || scope.server_name.is_some()) {
            return Err(Error::new(
                "only all connections can be refused: who connects is not known before it is accepted",
            )
            .help("use proxy.down() without refuse(): the connections that are meant are then accepted and closed"));
        }
        Ok(())
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Down { refuse: self.refuse }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_connections("closed")
    }

    /// Refused connections never reach the proxy, so the proof is an attempt of its own.
    async fn look(&mut self, proxy: &Proxy, _scope: &Scope) -> Option<String> {
        if self.refuse && !self.refusal_seen {
            let attempt = tokio::time::timeout(PROBE, TcpStream::connect(proxy.addr())).await;
            self.refusal_seen = matches!(attempt, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused);
        }
        self.refusal_seen.then(|| format!("{proxy} refuses connections"))
    }

    fn lacked(&self, _scope: &Scope) -> String {
        "none was closed yet".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::proxy::testbed::{Testbed, clear, hold, next, round_trip};
    use crate::units::{millis, secs};
    use tokio::time::Instant;

    #[tokio::test]
    async fn open_connections_are_closed_and_new_ones_too_until_it_is_cleared() {
        let bed = Testbed::echo().await;
        let mut open = bed.connect().await;
        round_trip(&mut open, b"open").await;
        let mut fault = bed.proxy.down();
        let undo = hold(&mut fault).await.unwrap();
        assert_eq!(next(&mut open).await.unwrap(), 0);
        assert_eq!(fault.evidence().await.unwrap().text(), "1 connection closed");
        let mut fastest = Duration::MAX;
        for _ in 0..10 {
            let started = Instant::now();
            let mut new = bed.connect().await;
            assert_eq!(next(&mut new).await.unwrap(), 0);
            fastest = fastest.min(started.elapsed());
        }
        assert!(fastest < millis(500), "closed after {fastest:?}");
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(11));
        clear(&undo).await;
        round_trip(&mut bed.connect().await, b"up again").await;
        assert_eq!(fault.evidence().await.unwrap().hits(), Some(11));
    }

    #[tokio::test]
    async fn without_a_connection_there_is_no_evidence() {
        let bed = Testbed::echo().await;
        let mut fault = bed.proxy.down();
        let _undo = hold(&mut fault).await.unwrap();
        let evidence = fault.evidence().await.unwrap();
        assert!(!evidence.is_seen());
        assert!(evidence.text().starts_with("no connection came through the proxy"), "{}", evidence.text());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn refused_means_refused_and_the_port_is_kept() {
        let bed = Testbed::echo().await;
        let mut open = bed.connect().await;
        round_trip(&mut open, b"open").await;
        for round in 0..3 {
            let mut fault = bed.proxy.down().refuse();
            let undo = hold(&mut fault).await.unwrap();
            if round == 0 {
                assert_eq!(next(&mut open).await.unwrap(), 0);
            }
            crate::proxy::testbed::until_refused(bed.proxy.addr()).await;
            let taken = std::net::TcpListener::bind(bed.proxy.addr()).unwrap_err();
            assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
            let evidence = fault.evidence().await.unwrap();
            assert!(evidence.is_seen() && evidence.text().contains("refuses connections"), "{}", evidence.text());
            clear(&undo).await;
            clear(&undo).await;
            round_trip(&mut bed.connect().await, b"up again").await;
            assert!(fault.evidence().await.unwrap().is_seen(), "the proof outlasts the fault");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn of_two_the_last_one_opens_again() {
        let bed = Testbed::echo().await;
        let a = hold(&mut bed.proxy.down().refuse()).await.unwrap();
        let b = hold(&mut bed.proxy.down().refuse()).await.unwrap();
        clear(&a).await;
        crate::proxy::testbed::until_refused(bed.proxy.addr()).await;
        clear(&b).await;
        round_trip(&mut bed.connect().await, b"up again").await;
    }

    #[tokio::test]
    async fn it_also_ends_what_other_faults_hold() {
        let bed = Testbed::echo().await;
        let _late = hold(&mut bed.proxy.latency(secs(3_600))).await.unwrap();
        let mut client = bed.connect().await;
        tokio::io::AsyncWriteExt::write_all(&mut client, b"x").await.unwrap();
        let _hole = hold(&mut bed.proxy.black_hole()).await.unwrap();
        let _down = hold(&mut bed.proxy.down()).await.unwrap();
        assert!(matches!(next(&mut client).await, Ok(0) | Err(_)));
    }
}
