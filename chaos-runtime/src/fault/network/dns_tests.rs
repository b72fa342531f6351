use super::*;
use crate::fault::Fault;
use crate::proxy::testbed::{
    Testbed, clear, echo, hold, next, nobody, round_trip, service, service_on, timely, trips_below,
};
use crate::units::{millis, percent, secs};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A service that says a letter to everyone who comes.
async fn saying(letter: u8) -> SocketAddr {
    service(move |mut stream: TcpStream| async move { stream.write_u8(letter).await }).await
}

async fn heard(bed: &Testbed) -> u8 {
    timely(bed.connect().await.read_u8()).await.unwrap()
}

/// A proxy for a name, and what it means at present.
async fn movable(first: SocketAddr) -> (Testbed, Arc<Mutex<Vec<SocketAddr>>>) {
    let place = Arc::new(Mutex::new(vec![first]));
    let resolver = place.clone();
    let upstream = Upstream::resolved_by("db.internal", move || {
        let answer = resolver.lock().unwrap().clone();
        async move { Ok(answer) }
    });
    (Testbed::in_front_of(upstream).await, place)
}

#[tokio::test]
async fn no_such_name_closes_new_connections_and_spares_open_ones() {
    let addr = service(echo).await;
    let bed = Testbed::in_front_of(("localhost", addr.port())).await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"open").await;
    let mut fault = bed.proxy.dns_nxdomain();
    let undo = hold(&mut fault).await.unwrap();
    for _ in 0..3 {
        assert_eq!(next(&mut bed.connect().await).await.unwrap(), 0);
    }
    round_trip(&mut open, b"still open").await;
    assert_eq!(fault.evidence().await.unwrap().text(), "3 resolutions failed");
    clear(&undo).await;
    round_trip(&mut bed.connect().await, b"found again").await;
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(3));
}

#[tokio::test]
async fn a_share_of_the_resolutions_is_hit() {
    let addr = service(echo).await;
    let bed = Testbed::in_front_of(("localhost", addr.port())).await;
    let mut fault = bed.proxy.dns_nxdomain().share(percent(50));
    let _undo = hold(&mut fault).await.unwrap();
    let mut failed = 0;
    for _ in 0..40 {
        let mut client = bed.connect().await;
        client.write_all(b"x").await.unwrap();
        failed += u64::from(!matches!(next(&mut client).await, Ok(1)));
    }
    // 99.99 % of all Binomial(40, 0.5).
    assert!((8..=32).contains(&failed), "{failed} of 40");
    assert_eq!(fault.evidence().await.unwrap().hits(), Some(failed));
}

#[tokio::test]
async fn a_slow_name_makes_new_connections_late_and_lets_go() {
    let addr = service(echo).await;
    let bed = Testbed::in_front_of(("localhost", addr.port())).await;
    let mut open = bed.connect().await;
    round_trip(&mut open, b"x").await;
    let mut fault = bed.proxy.dns_slow(millis(300));
    let undo = hold(&mut fault).await.unwrap();
    trips_below(millis(300), &mut open, b"x").await;
    let started = Instant::now();
    round_trip(&mut bed.connect().await, b"x").await;
    assert!(started.elapsed() >= millis(300), "took {:?}", started.elapsed());
    assert_eq!(fault.evidence().await.unwrap().text(), "1 resolution answered late");
    clear(&undo).await;

    let undo = hold(&mut bed.proxy.dns_slow(secs(3_600))).await.unwrap();
    let mut waiting = bed.connect().await;
    waiting.write_all(b"x").await.unwrap();
    clear(&undo).await;
    assert_eq!(next(&mut waiting).await.unwrap(), 1);
}

#[tokio::test]
async fn the_old_answer_stays_though_the_name_moves() {
    let (old, new) = (saying(b'o').await, saying(b'n').await);
    let (bed, place) = movable(old).await;
    assert_eq!(heard(&bed).await, b'o');
    let mut fault = bed.proxy.dns_stale();
    let undo = hold(&mut fault).await.unwrap();
    *place.lock().unwrap() = vec![new];
    assert_eq!(heard(&bed).await, b'o');
    assert_eq!(fault.evidence().await.unwrap().text(), "1 resolution answered as before");
    clear(&undo).await;
    assert_eq!(heard(&bed).await, b'n');

    let mut given = bed.proxy.dns_stale().at(old);
    assert_eq!(given.describe(), format!("DNS: the old answer {old}"));
    let undo = hold(&mut given).await.unwrap();
    assert_eq!(heard(&bed).await, b'o');
    clear(&undo).await;
    assert_eq!(heard(&bed).await, b'n');
}

#[tokio::test]
async fn answers_take_turns() {
    let (new, old) = (saying(b'n').await, saying(b'o').await);
    let bed = Testbed::in_front_of(new).await;
    let mut fault = bed.proxy.dns_flip(new, old);
    let undo = hold(&mut fault).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(heard(&bed).await);
    }
    assert_eq!(all, b"nonono");
    assert_eq!(fault.evidence().await.unwrap().text(), "6 resolutions answered in turn");
    clear(&undo).await;
    assert_eq!([heard(&bed).await, heard(&bed).await], *b"nn");

    // From one to the other and back, however long each turn is on a busy machine.
    let _undo = hold(&mut bed.proxy.dns_flip(new, old).every(millis(200))).await.unwrap();
    for expected in [b'n', b'o', b'n'] {
        let started = Instant::now();
        while heard(&bed).await != expected {
            assert!(started.elapsed() < secs(20), "never came to {}", char::from(expected));
        }
    }
}

#[tokio::test]
async fn addresses_of_a_name_are_tried_in_turn() {
    let (_reserved, gone) = nobody();
    let there = saying(b't').await;
    let (bed, place) = movable(gone).await;
    place.lock().unwrap().push(there);
    assert_eq!(heard(&bed).await, b't');
    place.lock().unwrap().clear();
    assert_eq!(next(&mut bed.connect().await).await.unwrap(), 0, "a name without an address");
    // The system's resolver knows two addresses, of which the service has one.
    let Ok(addr) = service_on("[::1]:0", echo).await else { return };
    let bed = Testbed::in_front_of(("localhost", addr.port())).await;
    let resolved: Vec<_> = tokio::net::lookup_host(("localhost", addr.port())).await.unwrap().collect();
    if resolved.contains(&addr) {
        round_trip(&mut bed.connect().await, b"found").await;
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_way_out() {
    let addr = service(echo).await;
    let (by_address, by_name) =
        (Testbed::in_front_of(addr).await.proxy, Testbed::in_front_of(("localhost", addr.port())).await.proxy);
    let errors = [
        (hold(&mut by_address.dns_nxdomain()).await, "which no DNS is asked for"),
        (hold(&mut by_address.dns_slow(secs(1))).await, "which no DNS is asked for"),
        (hold(&mut by_address.dns_stale()).await, "which no DNS is asked for"),
        (hold(&mut by_name.dns_slow(Duration::ZERO)).await, "late by nothing"),
        (hold(&mut by_name.dns_stale().at("nonsense")).await, "the port is missing"),
        (hold(&mut by_name.dns_flip(addr, addr)).await, "is no change"),
        (hold(&mut by_name.dns_flip("http://x", addr)).await, "it is a URL"),
        (hold(&mut by_name.dns_flip("a:1", addr).every(Duration::ZERO)).await, "for no time"),
        (hold(&mut by_name.dns_nxdomain().sni("a.example")).await, "only when the connection is open"),
    ];
    for (outcome, why) in errors {
        let error = outcome.unwrap_err();
        assert!(error.message().contains(why), "{error}");
        assert!(error.help_text().is_some(), "{error}");
    }
    let failing = Upstream::resolved_by("gone.internal", || async { Err(io::ErrorKind::NotFound.into()) });
    let gone = Testbed::in_front_of(failing).await;
    let error = hold(&mut gone.proxy.dns_stale()).await.unwrap_err();
    assert!(error.message().contains("gone.internal can't be resolved"), "{error}");
    assert_eq!(next(&mut gone.connect().await).await.unwrap(), 0);
}
