//! Each fault is switched on and off again and again under 64 busy connections: no byte is lost or reordered beyond
//! what the fault means, no connection is left behind, and memory stays flat.
//!
//! `CHAOS_TOGGLES=1000 cargo test -p chaos-network-tests --test toggles -- --nocapture` does it as often as that; the
//! figures are printed.

#![cfg(target_os = "linux")]

use chaos_network_tests::crowd::{Crowd, May, echo};
use chaos_network_tests::fault::set;
use chaos_network_tests::resources::{resident, sockets_of_proxy};
use chaos_runtime::bench::Network;
use chaos_runtime::fault::Fault;
use chaos_runtime::proxy::Proxy;
use chaos_runtime::{kilobytes_per_second, millis, percent, secs};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 64;
/// How often in an ordinary run.
const FEW: u64 = 60;
/// What an allocator may keep, whatever happens: a leak of a connection's memory at each toggle is far more.
const SLACK: u64 = 12 << 20;

/// In one test, because memory is counted for the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toggling_any_fault_loses_nothing_and_leaves_nothing() {
    let toggles = std::env::var("CHAOS_TOGGLES").map_or(FEW, |n| n.parse().expect("CHAOS_TOGGLES is a number"));
    let each = Toggled { toggles, network: Network::default() };
    let lasting = Load { may: May::Delay, trips: u64::MAX };
    each.run(lasting, |proxy| proxy.latency(millis(4)).jitter(millis(4)).both_ways()).await;
    each.run(lasting, |proxy| proxy.latency(millis(4)).normal(millis(3)).share(percent(50))).await;
    each.run(lasting, |proxy| proxy.latency(millis(1)).pareto(1.5).share_of_chunks(percent(20)).upstream()).await;
    each.run(lasting, |proxy| proxy.bandwidth(kilobytes_per_second(2_000)).both_ways()).await;
    each.run(lasting, |proxy| proxy.slicer(500).variation(300).both_ways()).await;
    each.run(lasting, |proxy| proxy.slicer(900).pause(millis(1)).share_of_chunks(percent(10))).await;
    each.run(lasting, |proxy| proxy.black_hole()).await;
    each.run(lasting, |proxy| proxy.black_hole().downstream().share(percent(30))).await;
    each.run(lasting, |proxy| proxy.partition()).await;
    each.run(lasting, |proxy| proxy.partition().upstream()).await;
    let changing = Load { may: May::Change, ..lasting };
    each.run(changing, |proxy| proxy.corruption(percent(1)).both_ways()).await;
    let coming_and_going = Load { trips: 3, ..lasting };
    each.run(coming_and_going, |proxy| proxy.slow_close(millis(2)).both_ways()).await;
    each.run(coming_and_going, |proxy| proxy.slow_connect(millis(2))).await;
    let ending = Load { may: May::End, ..lasting };
    each.run(ending, |proxy| proxy.black_hole().close_after(millis(1))).await;
    each.run(ending, |proxy| proxy.limit_data(3_000)).await;
    each.run(ending, |proxy| proxy.limit_data(3_000).upstream().share(percent(50))).await;
    each.run(ending, |proxy| proxy.reset()).await;
    each.run(ending, |proxy| proxy.down()).await;
    each.run(ending, |proxy| proxy.down().refuse()).await;
    each.run(Load { trips: 3, ..ending }, |proxy| proxy.connection_limit(CLIENTS / 2)).await;
}

/// What a crowd does, and what may happen to it.
#[derive(Clone, Copy)]
struct Load {
    may: May,
    trips: u64,
}

struct Toggled {
    toggles: u64,
    network: Network,
}

impl Toggled {
    async fn run<F: Fault>(&self, Load { may, trips }: Load, make: impl Fn(&Proxy) -> F) {
        let service = echo().await.expect("a port");
        let proxy = self.network.proxy(service).await.expect("a proxy");
        let what = make(&proxy).describe();
        let sockets = || sockets_of_proxy(proxy.addr(), service);
        let crowd = Crowd::with_trips(CLIENTS, proxy.addr(), may, trips);
        // Who comes and goes is not all there at any one time.
        let all_open = || trips < u64::MAX || crowd.open() == CLIENTS && sockets() == 1 + 2 * CLIENTS as usize;
        until(&what, "all are open", all_open).await;

        let (started, mut bites, mut hits, mut early) = (Instant::now(), 0, 0, 0);
        for toggle in 0..self.toggles {
            let mut set = set(make(&proxy), toggle).await;
            tokio::time::sleep(millis(2)).await;
            // On a busy machine nobody may have come in that time.
            let since = Instant::now();
            while !set.evidence().await.is_seen() && since.elapsed() < secs(1) {
                tokio::time::sleep(millis(1)).await;
            }
            let evidence = set.clear().await;
            bites += u64::from(evidence.is_seen());
            hits += evidence.hits().unwrap_or_default();
            tokio::time::sleep(millis(1)).await;
            if toggle == 100.min(self.toggles / 2) {
                early = resident();
            }
            if crowd.has_failed() {
                break;
            }
        }
        let (late, took) = (resident(), started.elapsed());
        if !crowd.has_failed() {
            until(&what, "all are open again", all_open).await;
        }
        let seen = crowd.stop().await;
        until(&what, "none is open", || sockets() == 1).await;
        println!(
            "{what}: {} toggles in {took:.1?}, {bites} bit, {hits} hits, {} connections, {} MB echoed, {} bytes changed, \
             memory {:.1} -> {:.1} MB",
            self.toggles,
            seen.connections,
            seen.echoed / 1_000_000,
            seen.changed,
            early as f64 / 1e6,
            late as f64 / 1e6,
        );
        assert!(bites * 10 >= self.toggles * 8, "{what}: only {bites} of {} bit", self.toggles);
        assert!(late < early + SLACK, "{what}: memory went from {early} to {late}");
        match may {
            May::Delay => assert_eq!(seen.changed, 0, "{what}"),
            May::End => assert!(seen.connections >= CLIENTS + bites && seen.changed == 0, "{what}: {seen:?}"),
            May::Change => assert!(seen.changed > 0, "{what}: {seen:?}"),
        }
        if may != May::End && trips == u64::MAX {
            assert_eq!(seen.connections, CLIENTS, "{what}");
        }
    }
}

/// Waits until something is so.
async fn until(fault: &str, what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < secs(30), "{fault}: it never came about that {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
