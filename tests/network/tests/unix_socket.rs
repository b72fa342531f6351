//! A Unix socket has the same faults: Redis and redis-cli, which has sockets of both kinds.

#![cfg(target_os = "linux")]

use chaos_network_tests::fault::{amid, during};
use chaos_network_tests::pattern;
use chaos_network_tests::program::{Ended, SOCAT, run};
use chaos_network_tests::redis::{Redis, cli_at_path};
use chaos_runtime::prelude::*;
use std::path::Path;
use std::sync::Arc;

const LARGE: usize = 4_000_000;

/// Not PONG, for one of the reasons that a client of a Unix socket can have.
fn is_cut(ended: &Ended) -> bool {
    let says = ended.text() + &ended.err;
    let said = ["Server closed the connection", "Connection reset by peer", "Broken pipe"];
    // Without a network in between, already the first write to a closed connection fails.
    ended.by_broken_pipe() || said.iter().any(|said| says.contains(said))
}

/// redis-cli pings all the time; each fault shows in it, and is gone with its clearance.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn every_fault_on_a_unix_socket(chaos: &mut Chaos) -> chaos::Result {
    let redis = Arc::new(Redis::start(chaos).await?);
    let proxy = chaos.proxy(format!("unix:{}", redis.path().display())).await?;
    let path = Arc::<Path>::from(proxy.path().expect("it listens on a Unix socket too"));
    assert_ne!(*path, *redis.path());
    let large = pattern::bytes(8, 0, LARGE);
    let ping = async || cli_at_path(&path, &["ping"], &[], secs(30)).await;
    let there_and_back = async || {
        let set = cli_at_path(&path, &["-x", "set", "large"], &large, secs(60)).await;
        assert_eq!(set.text(), "OK", "{set:?}");
        let got = cli_at_path(&path, &["--raw", "get", "large"], &[], secs(60)).await;
        assert!(got.code == Some(0) && got.out.strip_suffix(b"\n") == Some(&large), "{} bytes", got.out.len());
    };
    // The load outlives this body, and the server's directory must do so too.
    let (kept, at) = (redis.clone(), path.clone());
    let load = op(async move |_| {
        let pong = cli_at_path(&at, &["ping"], &[], secs(8)).await;
        if pong.text() == "PONG" { Ok(()) } else { Err(format!("{pong:?} of {}", kept.addr)) }
    });
    chaos.load(load.rate(per_second(10)).timeout(secs(10))).await?;

    there_and_back().await;

    during(chaos, proxy.latency(millis(300)).jitter(millis(100)), async {
        let late = ping().await;
        assert!(late.text() == "PONG" && late.took >= millis(200), "{late:?}");
        there_and_back().await;
    })
    .await?;

    during(chaos, proxy.bandwidth(megabytes_per_second(4)), async {
        let thin = cli_at_path(&path, &["--raw", "get", "large"], &[], secs(60)).await;
        assert!(thin.out.strip_suffix(b"\n") == Some(&large));
        assert!(thin.took >= millis(900) && thin.took < secs(20), "4 MB at 4 MB/s took {:?}", thin.took);
    })
    .await?;

    during(chaos, proxy.slicer(1_000).variation(500).both_ways(), async { there_and_back().await }).await?;

    during(chaos, proxy.slow_connect(millis(500)), async {
        let late = ping().await;
        assert!(late.text() == "PONG" && late.took >= millis(500), "{late:?}");
    })
    .await?;

    for hole in [proxy.black_hole(), proxy.black_hole().downstream()] {
        during(chaos, hole, async {
            let hanging = cli_at_path(&path, &["ping"], &[], millis(700)).await;
            assert_eq!((hanging.code, hanging.signal), (None, None), "{hanging:?}");
        })
        .await?;
    }

    // The load's answers are shorter than that.
    let getting = async {
        loop {
            cli_at_path(&path, &["--raw", "get", "large"], &[], secs(30)).await;
        }
    };
    amid(chaos, proxy.limit_data(1_000), getting, async {
        let mut client = SOCAT.command();
        client.args(["-t", "30", "-"]).arg(format!("UNIX-CONNECT:{}", path.display()));
        let part = run(client, b"get large\r\n", secs(30)).await;
        let whole = [format!("${LARGE}\r\n").as_bytes(), &large].concat();
        assert!(part.out == whole[..1_000], "{} bytes: {}", part.out.len(), part.err);
    })
    .await?;

    during(chaos, proxy.down(), async {
        for _ in 0..5 {
            let closed = ping().await;
            assert!(is_cut(&closed), "{closed:?}");
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

    during(chaos, proxy.down().share(percent(50)), async {
        let (mut served, n) = (0, 40);
        for _ in 0..n {
            let pong = ping().await;
            assert!(pong.text() == "PONG" || is_cut(&pong), "{pong:?}");
            served += u64::from(pong.text() == "PONG");
        }
        assert!(chaos_network_tests::binomial::bounds(n, 0.5, 0.999_99).contains(&served), "{served} of {n}");
    })
    .await?;

    there_and_back().await;
    Ok(())
}
