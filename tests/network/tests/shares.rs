//! A fault for a share of the connections hits that share, by its seed; none of them at 0, each at 100 %.

#![cfg(target_os = "linux")]

use chaos_network_tests::binomial::bounds;
use chaos_network_tests::crowd::{Crowd, May, echo};
use chaos_network_tests::fault::set;
use chaos_runtime::bench::Network;
use chaos_runtime::proxy::Proxy;
use chaos_runtime::{millis, percent, secs};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MANY: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(30);

async fn proxy(network: &Network) -> Proxy {
    network.proxy(echo().await.expect("a port")).await.expect("a proxy")
}

/// Whether a new connection is served; else it was ended.
async fn is_served(proxy: &Proxy) -> bool {
    let trip = async {
        let mut client = TcpStream::connect(proxy.addr()).await?;
        client.write_all(b"x").await?;
        client.read_u8().await
    };
    match tokio::time::timeout(PATIENCE, trip).await.expect("neither served nor ended") {
        Ok(byte) => byte == b'x',
        Err(_) => false,
    }
}

/// Which of `n` connections, one after the other, are hit, and how many that are by the fault's own count.
async fn hit(share: f64, seed: u64, n: usize) -> (Vec<bool>, u64) {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let set = set(proxy.down().share(percent(share)), seed).await;
    let mut hit = Vec::with_capacity(n);
    for _ in 0..n {
        hit.push(!is_served(&proxy).await);
    }
    (hit, set.clear().await.hits().expect("it counts"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenth_of_the_connections_is_hit_and_the_seed_says_which() {
    let within = bounds(MANY as u64, 0.1, 0.999);
    let (first, counted) = hit(10.0, 1, MANY).await;
    let hits = first.iter().filter(|hit| **hit).count() as u64;
    println!("{hits} of {MANY} connections, and {within:?} were to be expected");
    assert!(within.contains(&hits), "{hits} of {MANY} connections, and {within:?} were to be expected");
    assert_eq!(hits, counted, "the fault counts what its clients feel");
    // By halves, so that no run of luck in one of them is made good by the other.
    for half in first.chunks(MANY / 2) {
        let hits = half.iter().filter(|hit| **hit).count() as u64;
        assert!(bounds(half.len() as u64, 0.1, 0.999).contains(&hits), "{hits} of {}", half.len());
    }
    // Independent of its neighbours: after a hit, the next is hit as often as any other.
    let pairs = first.windows(2).filter(|pair| pair[0]).count() as u64;
    let both = first.windows(2).filter(|pair| pair[0] && pair[1]).count() as u64;
    assert!(bounds(pairs, 0.1, 0.999).contains(&both), "{both} of {pairs} were followed by another");

    let (again, _) = hit(10.0, 1, MANY / 5).await;
    assert_eq!(again, first[..MANY / 5], "the same seed hits the same connections");
    let (other, _) = hit(10.0, 2, MANY / 5).await;
    assert_ne!(other, again, "another seed hits others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_smaller_share_hits_some_of_the_same_connections() {
    let (more, _) = hit(30.0, 5, 500).await;
    let (fewer, _) = hit(10.0, 5, 500).await;
    assert!(fewer.iter().any(|hit| *hit));
    assert!(fewer.iter().zip(&more).all(|(fewer, more)| !fewer || *more), "a ramp of the share only adds connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_them_is_hit_and_nothing_else_changes() {
    let (hits, counted) = hit(0.0, 3, 2_000).await;
    assert!(hits.iter().all(|hit| !hit) && counted == 0);

    // Neither what is open: each of these would end or change it.
    let network = Network::default();
    let proxy = proxy(&network).await;
    let crowd = Crowd::start(16, proxy.addr(), May::Delay);
    while crowd.open() < 16 {
        tokio::time::sleep(millis(1)).await;
    }
    for round in 0..50 {
        let none = percent(0);
        let down = set(proxy.down().share(none), round).await;
        let reset = set(proxy.reset().share(none), round).await;
        let corruption = set(proxy.corruption(percent(100)).both_ways().share_of_chunks(none), round).await;
        let limit = set(proxy.limit_data(1).share(none), round).await;
        let hole = set(proxy.black_hole().close_after(millis(1)).share(none), round).await;
        let late = set(proxy.latency(secs(3_600)).both_ways().share(none), round).await;
        tokio::time::sleep(millis(5)).await;
        for evidence in [
            down.clear().await,
            reset.clear().await,
            corruption.clear().await,
            limit.clear().await,
            hole.clear().await,
            late.clear().await,
        ] {
            assert_eq!(evidence.hits(), Some(0), "{}", evidence.text());
        }
    }
    let seen = crowd.stop().await;
    assert_eq!((seen.connections, seen.changed), (16, 0));
    assert!(seen.echoed > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_them_are_hit_from_the_first_on() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    for round in 0..100 {
        assert!(is_served(&proxy).await, "before round {round}");
        let set = set(proxy.down().share(percent(100)), round).await;
        // At once, and several at the same time.
        let served = tokio::join!(is_served(&proxy), is_served(&proxy), is_served(&proxy), is_served(&proxy));
        assert_eq!(served, (false, false, false, false), "round {round}");
        // The one from before may still be on its way out.
        let hits = set.clear().await.hits().expect("it counts");
        assert!((4..=5).contains(&hits), "round {round}: {hits}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_the_open_connections_is_delayed_and_the_others_are_not() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(TcpStream::connect(proxy.addr()).await.expect("it listens"));
    }
    let set = set(proxy.latency(secs(3)).share(percent(30)), 3).await;
    let started = Instant::now();
    let trips = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            let mut late = 0;
            // It is the same for all that passes on a connection.
            for _ in 0..2 {
                let sent = Instant::now();
                client.write_all(b"x").await.expect("it is open");
                client.read_u8().await.expect("it is open");
                late += usize::from(sent.elapsed() >= secs(3));
            }
            late
        })
    });
    let mut late = [0_u64; 3];
    for trip in trips.collect::<Vec<_>>() {
        late[trip.await.expect("it is served")] += 1;
    }
    let took = started.elapsed();
    let evidence = set.clear().await;
    assert!(took >= secs(6), "{took:?}");
    assert_eq!(late[1], 0, "each is late always or never: {late:?}");
    assert!(bounds(100, 0.3, 0.999).contains(&late[2]), "{late:?}");
    assert_eq!(evidence.hits(), Some(2 * late[2]), "{}", evidence.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_chunks_a_share_is_delayed_on_every_connection() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let set = set(proxy.latency(millis(40)).share_of_chunks(percent(20)), 3).await;
    let (mut late, n) = (0, 500);
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
    client.set_nodelay(true).expect("it is open");
    for _ in 0..n {
        let sent = Instant::now();
        client.write_all(b"x").await.expect("it is open");
        client.read_u8().await.expect("it is open");
        late += u64::from(sent.elapsed() >= millis(40));
    }
    let hits = set.clear().await.hits().expect("it counts");
    assert!(bounds(n, 0.2, 0.999).contains(&hits), "{hits} of {n} chunks were delayed");
    // What is delayed is late; a busy machine may make some more late.
    assert!(late >= hits && late <= hits + n / 10, "{late} late, {hits} delayed");
}
