//! Every fault between curl and nginx: what curl reports of it, and that it stops.

#![cfg(target_os = "linux")]

use chaos_network_tests::curl::{self, Fetched, get};
use chaos_network_tests::fault::during;
use chaos_network_tests::nginx::Nginx;
use chaos_network_tests::pattern;
use chaos_runtime::prelude::*;
use chaos_runtime::proxy::Proxy;
use std::sync::Arc;

const SMALL: usize = 2_000;
const LARGE: usize = 12_000_000;

/// curl gets small files all the time; each fault shows in it, and is gone with its clearance.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn every_fault_between_curl_and_nginx(chaos: &mut Chaos) -> chaos::Result {
    let nginx = Arc::new(Nginx::start(chaos).await?);
    let (small, large) = (pattern::bytes(1, 0, SMALL), Arc::new(pattern::bytes(2, 0, LARGE)));
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
    let hasty = async || get(&proxy.url("small"), secs(3)).run().await;
    let both_ways = async || {
        let up = get(&proxy.url("put/large"), secs(60)).put(&sent).run().await;
        assert!(up.exit == 0 && [201, 204].contains(&up.status), "{}", up.in_short());
        assert!(nginx.taken("large").is_some_and(|taken| taken == *large), "what was put is not what was sent");
        let down = get(&proxy.url("large"), secs(60)).run().await;
        assert!(down.is(&large), "{}", down.in_short());
    };

    both_ways().await;

    during(chaos, proxy.latency(millis(400)).jitter(millis(100)), async {
        let late = small_one().await;
        assert!(late.is(&small) && late.first_byte >= late.connected + millis(300), "{}", late.in_short());
        // The first byte is late, and all that follow it right behind.
        both_ways().await;
    })
    .await?;
    let soon = fastest(&proxy).await;
    assert!(soon.first_byte < millis(300), "after the clearance: {}", soon.in_short());

    during(chaos, proxy.latency(millis(400)).both_ways(), async {
        let late = small_one().await;
        assert!(late.is(&small) && late.first_byte >= late.connected + millis(800), "{}", late.in_short());
    })
    .await?;

    during(chaos, proxy.bandwidth(kilobytes_per_second(8_000)), async {
        let thin = get(&proxy.url("large"), secs(60)).run().await;
        assert!(thin.is(&large), "{}", thin.in_short());
        let fill = thin.total - thin.connected;
        assert!(fill >= millis(1_400) && fill < secs(20), "12 MB at 8 MB/s: {}", thin.in_short());
    })
    .await?;

    during(chaos, proxy.bandwidth(kilobytes_per_second(8_000)).upstream(), async {
        let thin = get(&proxy.url("put/large"), secs(60)).put(&sent).run().await;
        assert!(thin.exit == 0 && thin.total - thin.connected >= millis(1_400), "{}", thin.in_short());
        assert!(nginx.taken("large").is_some_and(|taken| taken == *large));
    })
    .await?;

    for hole in [proxy.black_hole(), proxy.black_hole().upstream(), proxy.black_hole().downstream()] {
        during(chaos, hole, async {
            let hanging = hasty().await;
            assert_eq!((hanging.exit, hanging.body.len()), (curl::TIMED_OUT, 0), "{}", hanging.in_short());
            assert!(hanging.connected > millis(0), "accepted, and then nothing: {}", hanging.in_short());
        })
        .await?;
    }

    during(chaos, proxy.black_hole().close_after(millis(600)), async {
        let closed = small_one().await;
        assert!(is_cut(&closed) && closed.total - closed.connected >= millis(600), "{}", closed.in_short());
    })
    .await?;

    during(chaos, proxy.down(), async {
        for _ in 0..10 {
            let closed = small_one().await;
            assert!(is_cut(&closed), "{}", closed.in_short());
        }
    })
    .await?;

    during(chaos, proxy.down().refuse(), async {
        for _ in 0..10 {
            let refused = small_one().await;
            assert_eq!(refused.exit, curl::REFUSED, "{}", refused.in_short());
        }
    })
    .await?;

    during(chaos, proxy.reset(), async {
        let mut resets = 0;
        for _ in 0..10 {
            let reset = small_one().await;
            // The RST may come before curl has looked at its new connection.
            assert!([curl::RECEIVING, curl::SENDING, curl::REFUSED].contains(&reset.exit), "{}", reset.in_short());
            resets += usize::from(reset.says.contains("reset by peer"));
        }
        assert!(resets > 0);
    })
    .await?;

    // A download that is under way when the fault comes, and slow by another one.
    let thin = chaos.inject(proxy.bandwidth(kilobytes_per_second(500))).start().await?;
    let under_way = tokio::spawn(get(&proxy.url("large"), secs(60)).run());
    tokio::time::sleep(secs(3)).await;
    during(chaos, proxy.reset(), async {
        let torn = under_way.await.expect("curl runs");
        assert_eq!((torn.exit, torn.status), (curl::RECEIVING, 200), "{}", torn.in_short());
        assert!(torn.body.len() < LARGE && large.starts_with(&torn.body), "what came is not what was sent");
    })
    .await?;
    thin.clear().await?;

    let soon = fastest(&proxy).await;
    assert!(soon.is(&small), "{}", soon.in_short());
    both_ways().await;
    Ok(())
}

/// The connection ended without an answer: by a FIN, or by a RST where the request came after it.
fn is_cut(fetched: &Fetched) -> bool {
    [curl::EMPTY, curl::SENDING, curl::RECEIVING].contains(&fetched.exit) && fetched.body.is_empty()
}

/// The fastest of some, as a busy machine may be late now and then.
async fn fastest(proxy: &Proxy) -> Fetched {
    let mut fastest = get(&proxy.url("small"), secs(30)).run().await;
    for _ in 0..5 {
        let other = get(&proxy.url("small"), secs(30)).run().await;
        if other.exit == 0 && other.first_byte < fastest.first_byte {
            fastest = other;
        }
    }
    fastest
}
