//! Every fault between psql and PostgreSQL: what psql reports of it, and that it stops.

#![cfg(target_os = "linux")]

use chaos_network_tests::fault::{amid, during};
use chaos_network_tests::pattern;
use chaos_network_tests::postgres::{BAD_CONNECTION, Postgres, pgbench, psql};
use chaos_runtime::prelude::*;
use std::sync::Arc;

/// psql asks all the time; each fault shows in it, and is gone with its clearance.
#[chaos_test(
    steady_state(success_rate >= 80%),
    hypothesis(error_rate <= 100%, recovery <= 30s),
    warm_up = 300ms, baseline = 1s, after = 500ms, bin = 500ms, stability = 500ms, confirm = 15s, parallel,
)]
async fn every_fault_between_psql_and_postgres(chaos: &mut Chaos) -> chaos::Result {
    let postgres = Arc::new(Postgres::start(chaos).await?);
    let proxy = chaos.proxy(postgres.addr).await?;
    let addr = proxy.addr();
    let lines = pattern::lines(150_000);
    let rows = postgres.file("rows", lines.as_bytes());
    let ask = async || psql(addr, "select 6 * 7", secs(30)).await;
    let there_and_back = async || {
        let sql = "drop table if exists rows; create table rows (n bigint, word text)";
        let made = psql(addr, sql, secs(60)).await;
        assert_eq!(made.code, Some(0), "{made:?}");
        let copied = psql(addr, &format!("\\copy rows from '{}'", rows.display()), secs(60)).await;
        assert_eq!(copied.code, Some(0), "{}", copied.err);
        let back = psql(addr, "\\copy (select * from rows order by n) to stdout", secs(60)).await;
        assert_eq!(back.code, Some(0), "{}", back.err);
        assert!(back.out == lines.as_bytes(), "the rows came back changed");
    };
    // The load outlives this body, and the data base's directory must do so too.
    let kept = postgres.clone();
    let load = op(async move |_| {
        let asked = psql(addr, "select 6 * 7", secs(3)).await;
        if asked.code == Some(0) && asked.text() == "42" { Ok(()) } else { Err(format!("{asked:?} of {}", kept.addr)) }
    });
    chaos.load(load.rate(per_second(8)).timeout(secs(10))).await?;

    there_and_back().await;
    let initialized = pgbench(addr, &["--initialize", "--quiet"], secs(60)).await;
    assert_eq!(initialized.code, Some(0), "{}", initialized.err);

    during(chaos, proxy.latency(millis(150)).jitter(millis(50)), async {
        // Two answers at least: to the start of the session, and to the question.
        let late = ask().await;
        assert!(late.text() == "42" && late.took >= millis(200), "{late:?}");
        there_and_back().await;
        let load = pgbench(addr, &["--client=4", "--transactions=3", "--no-vacuum"], secs(60)).await;
        assert!(load.code == Some(0) && load.text().contains("processed: 12/12"), "{load:?}");
        // Seven commands each, and an answer to each of them.
        assert!(load.took >= millis(3 * 7 * 100), "{:?}", load.took);
    })
    .await?;

    during(chaos, proxy.bandwidth(kilobytes_per_second(2_000)), async {
        let thin = psql(addr, "\\copy (select * from rows order by n) to stdout", secs(60)).await;
        assert!(thin.code == Some(0) && thin.out == lines.as_bytes(), "{}", thin.err);
        let least = secs(1).mul_f64(lines.len() as f64 / 2.1e6);
        assert!(thin.took >= least && thin.took < secs(20), "{} bytes took {:?}", lines.len(), thin.took);
    })
    .await?;

    during(chaos, proxy.black_hole(), async {
        let hanging = psql(addr, "select 6 * 7", secs(1)).await;
        assert_eq!((hanging.code, hanging.signal), (None, None), "{hanging:?}");
    })
    .await?;

    // Executed, and the answer gets lost.
    during(chaos, proxy.black_hole().downstream(), async {
        let started = psql(addr, "create table never (n int)", millis(500)).await;
        assert_eq!(started.code, None, "the session does not even begin: {started:?}");
    })
    .await?;

    during(chaos, proxy.slow_connect(millis(600)), async {
        let late = ask().await;
        assert!(late.text() == "42" && late.took >= millis(600), "{late:?}");
    })
    .await?;

    during(chaos, proxy.slicer(500).variation(200).both_ways(), async { there_and_back().await }).await?;

    // The load's answers are shorter than that.
    let much = async || psql(addr, "select repeat('x', 30000)", secs(30)).await;
    let copying = async {
        loop {
            much().await;
        }
    };
    amid(chaos, proxy.limit_data(20_000), copying, async {
        let part = psql(addr, "\\copy (select * from rows order by n) to stdout", secs(60)).await;
        assert!(part.code != Some(0) && part.code.is_some(), "{}", part.err);
        assert!(part.err.contains("server closed the connection unexpectedly"), "{}", part.err);
        assert!(part.out.len() < 20_000 && lines.as_bytes().starts_with(&part.out), "{} bytes", part.out.len());
    })
    .await?;

    during(chaos, proxy.partition(), async {
        let lost = psql(addr, "select 6 * 7", secs(30)).await;
        assert_eq!(lost.code, Some(BAD_CONNECTION), "{lost:?}");
        assert!(lost.err.contains("timeout expired") && lost.took >= secs(2), "{lost:?}");
    })
    .await?;

    during(chaos, proxy.down(), async {
        for _ in 0..5 {
            let closed = ask().await;
            assert_eq!(closed.code, Some(BAD_CONNECTION), "{closed:?}");
            let said = ["server closed the connection unexpectedly", "Connection reset by peer", "Broken pipe"];
            assert!(said.iter().any(|said| closed.err.contains(said)), "{closed:?}");
        }
    })
    .await?;

    during(chaos, proxy.down().refuse(), async {
        for _ in 0..5 {
            let refused = ask().await;
            assert_eq!(refused.code, Some(BAD_CONNECTION), "{refused:?}");
            assert!(refused.err.contains("Connection refused"), "{refused:?}");
        }
    })
    .await?;

    // A statement that is under way when the fault comes.
    let under_way = tokio::spawn(psql(addr, "select pg_sleep(60)", secs(80)));
    tokio::time::sleep(secs(3)).await;
    during(chaos, proxy.reset(), async {
        let torn = under_way.await.expect("psql runs");
        assert_eq!(torn.code, Some(BAD_CONNECTION), "{torn:?}");
        let said = ["Connection reset by peer", "server closed the connection unexpectedly"];
        assert!(said.iter().any(|said| torn.err.contains(said)), "{torn:?}");
        assert!(torn.took < secs(50), "{torn:?}");
        let reset = ask().await;
        assert_eq!(reset.code, Some(BAD_CONNECTION), "{reset:?}");
    })
    .await?;

    there_and_back().await;
    Ok(())
}
