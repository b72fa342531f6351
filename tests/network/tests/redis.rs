//! Every fault between redis-cli and Redis: what redis-cli reports of it, and that it stops.

#![cfg(target_os = "linux")]

use chaos_network_tests::fault::during;
use chaos_network_tests::pattern;
use chaos_network_tests::redis::{Redis, benchmark, cli};
use chaos_runtime::prelude::*;
use std::sync::Arc;

const LARGE: usize = 8_000_000;

/// redis-cli pings all the time; each fault shows in it, and is gone with its clearance.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn every_fault_between_redis_cli_and_redis(chaos: &mut Chaos) -> chaos::Result {
    let redis = Arc::new(Redis::start(chaos).await?);
    let proxy = chaos.proxy(redis.addr).await?;
    let addr = proxy.addr();
    let large = pattern::bytes(7, 0, LARGE);
    let ping = async || cli(addr, &["ping"], &[], secs(30)).await;
    let there_and_back = async || {
        let set = cli(addr, &["-x", "set", "large"], &large, secs(60)).await;
        assert_eq!(set.text(), "OK", "{set:?}");
        let got = cli(addr, &["--raw", "get", "large"], &[], secs(60)).await;
        assert!(got.code == Some(0) && got.out.strip_suffix(b"\n") == Some(&large), "{} bytes", got.out.len());
    };
    // The load outlives this body, and the server's directory must do so too.
    let kept = redis.clone();
    let load = op(async move |_| {
        let pong = cli(addr, &["ping"], &[], secs(8)).await;
        if pong.text() == "PONG" { Ok(()) } else { Err(format!("{pong:?} of {}", kept.addr)) }
    });
    chaos.load(load.rate(per_second(10)).timeout(secs(10))).await?;

    there_and_back().await;

    during(chaos, proxy.latency(millis(300)).jitter(millis(100)), async {
        let late = ping().await;
        assert!(late.text() == "PONG" && late.took >= millis(200), "{late:?}");
        there_and_back().await;
        // A hundred at a time, so the delay is paid for once in a hundred.
        let load = benchmark(addr, &["-q", "-n", "2000", "-c", "4", "-P", "100", "-t", "set,get"], secs(60)).await;
        assert!(load.code == Some(0) && load.text().contains("GET:"), "{load:?}");
        assert!(load.took >= millis(200 * 10), "5 rounds each of 200 ms at least: {:?}", load.took);
    })
    .await?;

    during(chaos, proxy.bandwidth(megabytes_per_second(4)), async {
        let thin = cli(addr, &["--raw", "get", "large"], &[], secs(60)).await;
        assert!(thin.out.strip_suffix(b"\n") == Some(&large));
        assert!(thin.took >= millis(1_900) && thin.took < secs(20), "8 MB at 4 MB/s took {:?}", thin.took);
    })
    .await?;

    during(chaos, proxy.black_hole(), async {
        let hanging = cli(addr, &["ping"], &[], millis(700)).await;
        assert_eq!((hanging.code, hanging.signal), (None, None), "{hanging:?}");
    })
    .await?;

    // The command is executed, and its answer gets lost.
    during(chaos, proxy.black_hole().downstream(), async {
        let hanging = cli(addr, &["set", "unanswered", "yes"], &[], secs(3)).await;
        assert_eq!((hanging.code, hanging.signal), (None, None), "{hanging:?}");
    })
    .await?;
    assert_eq!(cli(addr, &["get", "unanswered"], &[], secs(30)).await.text(), "yes");

    during(chaos, proxy.down(), async {
        for _ in 0..5 {
            let closed = ping().await;
            let says = closed.text() + &closed.err;
            let said = ["Server closed the connection", "Connection reset by peer", "Broken pipe"];
            assert!(said.iter().any(|said| says.contains(said)), "{closed:?}");
        }
    })
    .await?;

    during(chaos, proxy.down().refuse(), async {
        for _ in 0..5 {
            let refused = ping().await;
            assert!(refused.err.contains("Connection refused"), "{refused:?}");
        }
    })
    .await?;

    // One that waits for something to come when the fault comes.
    let under_way = tokio::spawn(cli(addr, &["blpop", "nothing", "20"], &[], secs(30)));
    tokio::time::sleep(secs(3)).await;
    during(chaos, proxy.reset(), async {
        let torn = tokio::time::timeout(secs(15), under_way).await;
        // It connects again by itself, and fails again, until it is killed or gives up.
        if let Ok(torn) = torn {
            let torn = torn.expect("redis-cli runs");
            assert!((torn.text() + &torn.err).contains("Connection reset by peer"), "{torn:?}");
        }
        let reset = ping().await;
        assert!(reset.text() != "PONG", "{reset:?}");
    })
    .await?;

    there_and_back().await;
    Ok(())
}
