//! What containers cost: figures, not pass or fail. Run on a quiet machine:
//! `cargo test -p chaos-container-tests --test cost -- --ignored --nocapture`

use chaos_container_tests::engine::docker;
use chaos_container_tests::{images, redis};
use chaos_runtime::prelude::*;
use chaos_tests::home::{Home, run};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

/// From nothing to the first answer, by us and by the engine's client, in turn.
#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 20s), timeout = 10m)]
#[ignore = "run by the measurement below"]
async fn starts(chaos: &mut Chaos) -> chaos::Result {
    // The engine reads the image's files for the first time.
    plain().await;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let cache = chaos.container(images::redis()).await?;
        let addr = cache.addr(6379).await?;
        until_it_answers(addr).await;
        let ours = begun.elapsed();
        cache.exec(["redis-cli", "shutdown", "nosave"]).await.ok();
        chaos.note(format!("start ours {} plain {}", ours.as_micros(), plain().await.as_micros()));
    }
    Ok(())
}

/// The injection of each fault, from the order to the effect that was seen.
#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 30s),
    warm_up = 200ms,
    baseline = 500ms,
    after = 300ms,
    bin = 100ms,
    timeout = 10m,
)]
#[ignore = "run by the measurement below"]
async fn injections(chaos: &mut Chaos) -> chaos::Result {
    let cache = chaos.container(images::redis()).await?;
    let addr = cache.addr(6379).await?;
    chaos.load(op(move |_| redis::ask(addr, "PING")).rate(per_second(200))).await?;
    for _ in 0..ROUNDS {
        chaos.inject(cache.pause()).hold(millis(300)).await?;
        chaos.inject(cache.kill(Signal::Kill).restart_after(millis(100))).await?;
    }
    Ok(())
}

async fn plain() -> Duration {
    let image = std::env::var("CHAOS_IMAGE_REDIS").unwrap_or_else(|_| "redis:7".into());
    let begun = Instant::now();
    let id = docker(&["run", "-d", "--rm", "-P", &image]);
    let port = docker(&["port", &id, "6379"]);
    let port = port.lines().next().and_then(|line| line.rsplit(':').next()).expect("it is published");
    until_it_answers(SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")))).await;
    let took = begun.elapsed();
    docker(&["rm", "-f", &id]);
    took
}

async fn until_it_answers(addr: SocketAddr) {
    while redis::ask(addr, "PING").await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn median(mut values: Vec<u128>) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
#[ignore = "a measurement"]
fn measured() {
    let home = Home::new();
    run(home.test("starts"));
    let journal = home.journal("starts");
    let pairs: Vec<(u128, u128)> = journal
        .events
        .iter()
        .filter_map(|event| event.text.strip_prefix("start ours ")?.split_once(" plain "))
        .map(|(ours, plain)| (ours.parse().expect("a number"), plain.parse().expect("a number")))
        .collect();
    assert_eq!(pairs.len(), ROUNDS, "{:?}", journal.reasons);
    let (ours, plain): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let (ours, plain) = (median(ours) as f64 / 1e3, median(plain) as f64 / 1e3);
    println!("start to first answer: {ours:.0} ms, docker run {plain:.0} ms, ratio {:.2}", ours / plain);

    run(home.test("injections"));
    let journal = home.journal("injections");
    let mut kinds: Vec<&str> = journal.faults.iter().map(|fault| &*fault.what).collect();
    kinds.dedup();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let took = journal.faults.iter().filter(|fault| fault.what == kind);
        let took: Vec<u128> =
            took.filter_map(|fault| Some(u128::from(fault.confirmed_us? - fault.injected_us))).collect();
        println!(
            "{kind}: injected and confirmed in {:.0} ms (median of {})",
            median(took.clone()) as f64 / 1e3,
            took.len()
        );
    }
}
