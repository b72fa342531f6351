//! Faults that shape connections, between curl (and socat) and nginx: they bite as they say, and no byte is another one
//! than it should be.

#![cfg(target_os = "linux")]

use chaos_network_tests::binomial::bounds;
use chaos_network_tests::curl::{self, get};
use chaos_network_tests::fault::during;
use chaos_network_tests::nginx::Nginx;
use chaos_network_tests::pattern;
use chaos_network_tests::program::{SOCAT, run};
use chaos_runtime::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SMALL: usize = 2_000;
const LARGE: usize = 1_000_000;

/// curl gets small files all the time; each fault shows in it, and is gone with its clearance.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn every_shape_between_curl_and_nginx(chaos: &mut Chaos) -> chaos::Result {
    let nginx = Arc::new(Nginx::start(chaos).await?);
    let (small, large) = (pattern::bytes(5, 0, SMALL), pattern::bytes(6, 0, LARGE));
    nginx.give("small", &small);
    nginx.give("large", &large);
    let sent = nginx.file("sent", &large);
    let proxy = chaos.proxy(nginx.addr).await?;
    // The load outlives this body, and what it gets must do so too.
    let (url, body, kept) = (proxy.url("small"), small.clone(), nginx.clone());
    let load = op(async move |_| {
        let fetched = get(&url, secs(8)).run().await;
        if fetched.is(&body) { Ok(()) } else { Err(format!("{}, of {}", fetched.in_short(), kept.addr)) }
    });
    chaos.load(load.rate(per_second(10)).timeout(secs(10))).await?;
    let small_one = async || get(&proxy.url("small"), secs(30)).run().await;
    let large_one = async || get(&proxy.url("large"), secs(60)).run().await;
    let both_ways = async || {
        let up = get(&proxy.url("put/large"), secs(60)).put(&sent).run().await;
        assert!(up.exit == 0 && [201, 204].contains(&up.status), "{}", up.in_short());
        assert!(nginx.taken("large").is_some_and(|taken| taken == large), "what was put is not what was sent");
        let down = large_one().await;
        assert!(down.is(&large), "{}", down.in_short());
    };

    during(chaos, proxy.latency(millis(200)).pareto(3.0).both_ways(), async {
        for _ in 0..5 {
            let late = small_one().await;
            // The delay is the least of a Pareto distribution.
            assert!(late.is(&small) && late.first_byte >= late.connected + millis(400), "{}", late.in_short());
        }
        both_ways().await;
    })
    .await?;

    during(chaos, proxy.latency(millis(300)).normal(millis(60)), async {
        let mut sum = Duration::ZERO;
        for _ in 0..8 {
            let late = small_one().await;
            assert!(late.is(&small), "{}", late.in_short());
            sum += late.first_byte - late.connected;
        }
        // Their mean is 300 ms ± 21, so 200 ms is nearly five deviations away.
        assert!(sum >= millis(8 * 200) && sum < secs(20), "{sum:?} for eight");
        both_ways().await;
    })
    .await?;

    during(chaos, proxy.slow_close(millis(900)), async {
        // curl knows the length and does not wait for the end; socat does.
        let mut client = SOCAT.command();
        client.args(["-t", "30", "-", &format!("TCP:{}", proxy.addr())]);
        let got = run(client, b"GET /small HTTP/1.0\r\n\r\n", secs(30)).await;
        assert!(got.code == Some(0) && got.out.ends_with(&small), "{}", got.err);
        assert!(got.took >= millis(900), "{:?}", got.took);
        let at_once = small_one().await;
        assert!(at_once.is(&small), "{}", at_once.in_short());
    })
    .await?;

    during(chaos, proxy.slicer(100).variation(50).pause(millis(2)), async {
        let sliced = small_one().await;
        // At most 150 bytes at a time, and 2 ms between two of them.
        let least = millis(2) * (SMALL / 150) as u32;
        assert!(sliced.is(&small) && sliced.total >= sliced.connected + least, "{}", sliced.in_short());
    })
    .await?;

    during(chaos, proxy.slicer(700).variation(300).both_ways(), async { both_ways().await }).await?;

    during(chaos, proxy.limit_data(1_000), async {
        for _ in 0..5 {
            let part = small_one().await;
            assert_eq!((part.exit, part.status), (curl::PARTIAL, 200), "{}", part.in_short());
            let head = 1_000 - part.body.len();
            assert!((150..600).contains(&head) && small.starts_with(&part.body), "{}", part.in_short());
        }
    })
    .await?;

    during(chaos, proxy.partition(), async {
        let lost = get(&proxy.url("small"), millis(1_200)).run().await;
        assert_eq!(lost.exit, curl::TIMED_OUT, "{}", lost.in_short());
        assert_eq!(lost.connected, Duration::ZERO, "nobody answered: {}", lost.in_short());
    })
    .await?;

    during(chaos, proxy.slow_connect(millis(600)), async {
        let late = small_one().await;
        assert!(late.is(&small) && late.first_byte >= late.connected + millis(590), "{}", late.in_short());
    })
    .await?;

    during(chaos, proxy.corruption(percent(0.05)), async {
        for attempt in 0.. {
            let other = large_one().await;
            // Now and then it is the answer's head that is hit.
            if other.exit != 0 || other.body.len() != LARGE {
                assert!(attempt < 10, "{}", other.in_short());
                continue;
            }
            let changed = other.body.iter().zip(&large).filter(|(got, sent)| got != sent).count() as u64;
            let within = bounds(LARGE as u64, 0.0005, 0.999_99);
            assert!(within.contains(&changed), "{changed} bytes changed, and {within:?} were to be expected");
            break;
        }
    })
    .await?;

    // One that takes its time, by another fault.
    let thin = chaos.inject(proxy.bandwidth(kilobytes_per_second(50))).start().await?;
    let crowded = tokio::spawn(get(&proxy.url("large"), secs(60)).run());
    tokio::time::sleep(secs(3)).await;
    during(chaos, proxy.connection_limit(1), async {
        let mut turned_away = 0;
        for _ in 0..10 {
            let fetched = small_one().await;
            let is_cut = [curl::EMPTY, curl::SENDING, curl::RECEIVING].contains(&fetched.exit);
            assert!(is_cut || fetched.is(&small), "{}", fetched.in_short());
            turned_away += usize::from(is_cut);
        }
        // The one that was there before stays, and nobody else gets in.
        assert_eq!(turned_away, 10);
    })
    .await?;
    thin.clear().await?;
    let first = crowded.await.expect("curl runs");
    assert!(first.is(&large), "{}", first.in_short());

    during(chaos, proxy.down().share(percent(50)), async {
        let (mut served, n) = (0, 60);
        for _ in 0..n {
            let fetched = small_one().await;
            served += u64::from(fetched.is(&small));
            let is_cut = [curl::EMPTY, curl::SENDING, curl::RECEIVING].contains(&fetched.exit);
            assert!(is_cut || fetched.is(&small), "{}", fetched.in_short());
        }
        assert!(bounds(n, 0.5, 0.999_99).contains(&served), "{served} of {n}");
    })
    .await?;

    let started = Instant::now();
    both_ways().await;
    assert!(started.elapsed() < secs(20), "{:?}", started.elapsed());
    Ok(())
}
