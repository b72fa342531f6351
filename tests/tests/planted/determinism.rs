//! The same seed gives the same journal, to the byte; another seed another one.

use crate::judge::spec;
use crate::service::{Service, failed, fine, ok};
use chaos_runtime::experiment::virtual_time::simulate;
use chaos_runtime::experiment::{Body, Spec};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;

/// Everything random and everything concurrent at once: Poisson arrivals, retries with jitter, a control group, a
/// closed loop, probes, guards, faults side by side, a blocking closure.
fn busy() -> (&'static Spec, Body) {
    let spec = spec!(
        steady [success_rate >= 80%] [web.p50 < 100ms];
        hypothesis [during(web.p99 < 80ms)] [permanent_failures <= 1000] [recovery <= 9s] [probe("depth") < 9]
            [after(web.p99 <= 110% of baseline)] [during(web.p90 <= 300% of control)];
        abort_if [web.success_rate < 5%], [max > 60s], [throughput < 1/s] for secs(20)
    );
    (spec, |chaos| {
        Box::pin(async move {
            let web = Service::new(chaos, |now, random| match random.u32(..100) {
                0..3 => failed(ErrorClass::Reset, millis(random.u64(1..20))),
                3..30 if now.faulted => failed(ErrorClass::Timeout, millis(90)),
                30..40 if now.faulted => ok(millis(random.u64(100..2_000))),
                _ => fine(random),
            });
            let batch = Service::new(chaos, |_, random| fine(random));
            let retry = Retry::times(3).backoff(millis(10), millis(400));
            let requests = web.requests().rate(poisson(per_second(80))).named("web").retry(retry);
            chaos.load(requests.against(web.requests())).await?;
            chaos.load(batch.requests().closed_loop(3).named("batch")).await?;
            chaos.probe("depth", probe::every(millis(130), || async { 3 }));
            let blocking = fault("blocking", || ()).undo(Undo::nothing());
            let (a, b) = tokio::join!(chaos.inject(web.fault()).hold(secs(3)), chaos.inject(blocking).hold(secs(5)),);
            a.and(b)?;
            chaos.inject(batch.crash(secs(2))).await
        })
    })
}

fn journal(seed: u64) -> String {
    let (spec, body) = busy();
    serde_json::to_string_pretty(&simulate(spec, seed, body)).expect("a journal is JSON")
}

/// Where they differ, not two megabytes of JSON.
fn assert_same(a: &str, b: &str) {
    let difference = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    assert!(difference.is_none() && a.len() == b.len(), "{difference:?}");
}

#[test]
fn the_same_seed_gives_the_same_journal_in_one_process() {
    for seed in [1, 2, 3] {
        assert_same(&journal(seed), &journal(seed));
    }
}

/// Told by the parent where to write; nothing to do in an ordinary run.
#[test]
fn child_writes_its_journal() {
    if let Ok(path) = std::env::var("PLANTED_JOURNAL") {
        std::fs::write(path, journal(7)).expect("the parent's directory is writable");
    }
}

#[test]
fn the_same_seed_gives_the_same_journal_in_another_process() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("journal.json");
    let this = std::env::current_exe().expect("a test knows its executable");
    let child = std::process::Command::new(this)
        .args(["--exact", "determinism::child_writes_its_journal"])
        .env("PLANTED_JOURNAL", &path)
        .env("TZ", "Asia/Tokyo")
        .output()
        .expect("it runs");
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert_same(&journal(7), &std::fs::read_to_string(path).expect("the child wrote it"));
}

#[test]
fn another_seed_gives_other_arrivals_and_latencies() {
    let (spec, body) = busy();
    let [a, b] = [1, 2].map(|seed| simulate(spec, seed, body));
    let web = |journal: &chaos_runtime::report::journal::Journal| {
        let load = &journal.loads[0];
        (load.bins.iter().map(|bin| bin.due).collect::<Vec<_>>(), load.phases[1].response.hdr_v2.clone())
    };
    assert_ne!(web(&a).0, web(&b).0, "arrivals");
    assert_ne!(web(&a).1, web(&b).1, "latencies");
}
