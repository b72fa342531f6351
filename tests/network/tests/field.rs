//! Cases that other proxies fail or are flaky on, on real sockets: the lower bounds exact, the upper ones generous.

#![cfg(target_os = "linux")]

use chaos_network_tests::crowd::echo;
use chaos_network_tests::fault::set;
use chaos_network_tests::pattern;
use chaos_runtime::bench::Network;
use chaos_runtime::fault::{Fault, InjectCx};
use chaos_runtime::proxy::Proxy;
use chaos_runtime::{bytes_per_second, millis, secs};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn proxy(network: &Network) -> Proxy {
    network.proxy(echo().await.expect("a port")).await.expect("a proxy")
}

/// There and back, compared.
async fn round_trip(client: &mut TcpStream, bytes: &[u8]) -> Duration {
    let started = Instant::now();
    let (mut read, mut write) = client.split();
    let mut back = vec![0; bytes.len()];
    let trip = async { tokio::try_join!(write.write_all(bytes), read.read_exact(&mut back)) };
    tokio::time::timeout(secs(30), trip).await.expect("it comes back").expect("the connection is open");
    assert!(back == bytes, "the bytes came back changed");
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_latency_is_no_less_than_its_bounds_each_way() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
    let bytes = pattern::bytes(1, 0, 32 * 1024);
    for (delay, jitter) in [(100, 0), (100, 100), (1_000, 100)] {
        for upstream in [true, false] {
            let fault = proxy.latency(millis(delay)).jitter(millis(jitter));
            let fault = if upstream { fault.upstream() } else { fault.downstream() };
            let what = fault.describe();
            let set = set(fault, 42).await;
            let took = round_trip(&mut client, &bytes).await;
            assert!(set.clear().await.is_seen());
            assert!(took >= millis(delay - jitter) && took < millis(delay + jitter) + secs(10), "{what}: {took:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_latency_that_is_none_or_would_come_early_is_refused_before_any_harm() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
    for (delay, jitter) in [(0, 0), (0, 100), (100, 101)] {
        let mut fault = proxy.latency(millis(delay)).jitter(millis(jitter));
        let cx = InjectCx::new(1, true, None);
        let refused = fault.prepare(&cx).await.expect_err("it can't be");
        assert!(refused.help_text().is_some(), "{refused}");
        round_trip(&mut client, b"passes").await;
        assert_eq!(fault.evidence().await.expect("it counts").hits(), Some(0));
    }
}

/// The delays of a connection's words, as its client measures them.
async fn delays(seed: u64) -> Vec<Duration> {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
    let _set = set(proxy.latency(millis(100)).jitter(millis(100)), seed).await;
    let mut delays = Vec::new();
    for _ in 0..20 {
        delays.push(round_trip(&mut client, b"?!").await);
    }
    delays
}

/// How many of them are about the same.
fn alike(one: &[Duration], other: &[Duration]) -> usize {
    one.iter().zip(other).filter(|(one, other)| one.abs_diff(**other) < millis(25)).count()
}

/// Of independent ones, a fifth or a quarter would be alike by chance, and 15 of 20 once in a million times.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_seed_gives_the_same_delays_and_another_seed_gives_others() {
    let (first, again, other) = tokio::join!(delays(7), delays(7), delays(8));
    assert!(alike(&first, &again) >= 15, "{first:?}\n{again:?}");
    assert!(alike(&first, &other) < 15, "{first:?}\n{other:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_of_a_kilobyte_give_as_many_as_they_should_and_the_same_bytes() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    let bytes = pattern::bytes(2, 0, 256 * 1024);
    for seed in 0..5 {
        let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
        let set = set(proxy.slicer(1_024).variation(512), seed).await;
        round_trip(&mut client, &bytes).await;
        let slices = set.clear().await.hits().expect("it counts");
        assert!((240..=720).contains(&slices), "{slices} slices");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_in_a_fault_is_let_go_with_its_clearance() {
    let network = Network::default();
    let proxy = proxy(&network).await;
    for fault in 0..8 {
        let mut client = TcpStream::connect(proxy.addr()).await.expect("it listens");
        round_trip(&mut client, b"open").await;
        let (trip, cleared) = match fault {
            0 => waits(&mut client, proxy.latency(secs(3_600))).await,
            1 => waits(&mut client, proxy.latency(secs(3_600)).pareto(2.0).upstream()).await,
            2 => waits(&mut client, proxy.bandwidth(bytes_per_second(1))).await,
            3 => waits(&mut client, proxy.slicer(1).pause(secs(3_600))).await,
            4 => waits(&mut client, proxy.black_hole()).await,
            5 => waits(&mut client, proxy.partition()).await,
            6 => waits(&mut client, proxy.partition().downstream()).await,
            _ => {
                let set = set(proxy.slow_connect(secs(3_600)), 1).await;
                client = TcpStream::connect(proxy.addr()).await.expect("it listens");
                client.write_all(b"hello?").await.expect("it is open");
                tokio::time::sleep(secs(1)).await;
                let cleared = Instant::now();
                set.clear().await;
                (b"hello?".to_vec(), cleared)
            }
        };
        let mut back = vec![0; trip.len()];
        tokio::time::timeout(secs(30), client.read_exact(&mut back)).await.expect("let go").expect("it is open");
        assert!(back == trip, "fault {fault}: it came back changed");
        assert!(cleared.elapsed() < secs(10), "fault {fault}: let go after {:?}", cleared.elapsed());
    }
}

/// Sends something that waits in a fault, and clears it; what was sent, and when it was cleared.
async fn waits(client: &mut TcpStream, fault: impl Fault) -> (Vec<u8>, Instant) {
    let set = set(fault, 1).await;
    let bytes = pattern::bytes(9, 0, 10_000);
    client.write_all(&bytes).await.expect("it is open");
    let mut one = [0];
    tokio::time::sleep(secs(1)).await;
    // The first byte may pass a narrow place, and no more.
    let passed = tokio::time::timeout(millis(50), client.peek(&mut one)).await.map_or(0, |got| got.unwrap_or(0));
    let cleared = Instant::now();
    let evidence = set.clear().await;
    assert!(passed <= 1 && evidence.is_seen(), "{}", evidence.text());
    (bytes, cleared)
}
