//! A container's lives: it is frozen, killed, started again and reached at the same address; and nothing of it stays.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use chaos_container_tests::engine::{docker, left_by};
use chaos_container_tests::{images, redis};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, PhaseKind, Verdict};
use chaos_tests::doubt::machine_denied;
use chaos_tests::home::{Ended, Home, run};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(success_rate < 80%), recovery <= 20s),
    warm_up = 300ms,
    baseline = 1s,
    after = 500ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn a_paused_cache(chaos: &mut Chaos) -> chaos::Result {
    let cache = chaos.container(images::redis()).await?;
    let addr = cache.addr(6379).await?;
    chaos.load(op(move |_| redis::ask(addr, "PING")).rate(per_second(100))).await?;
    chaos.inject(cache.pause()).hold(secs(6)).await?;
    assert_eq!(addr, cache.addr(6379).await?);
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(success_rate < 80%), recovery <= 20s),
    warm_up = 300ms,
    baseline = 1s,
    after = 500ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn a_killed_cache(chaos: &mut Chaos) -> chaos::Result {
    let cache = chaos.container(images::redis()).named("cache").await?;
    let addr = cache.addr(6379).await?;
    chaos.load(op(move |_| redis::ask(addr, "PING")).rate(per_second(100))).await?;
    chaos.inject(cache.kill(Signal::Kill).restart_after(secs(1))).await?;
    assert_eq!(redis::ask(cache.addr(6379).await?, "PING").await?, "+PONG");
    Ok(())
}

/// What an experiment leaves is told by its name, so one at a time runs the same one.
static PAUSED: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    PAUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// It has passed, or nothing but the machine denied it that; and what was counted says that the fault bit.
fn assert_bitten(journal: &Journal, ended: &Ended) {
    assert!(journal.verdict == Verdict::Passed || machine_denied(journal), "{ended:?}");
    let of_fault = journal.loads[0].phases.iter().filter(|stats| stats.phase == PhaseKind::Fault);
    let (all, succeeded) = of_fault.fold((0, 0), |sum, stats| (sum.0 + stats.operations, sum.1 + stats.succeeded));
    assert!(all > 0 && succeeded * 100 < all * 80, "{succeeded} of {all}: {ended:?}");
}

#[test]
fn a_paused_container_answers_nobody_and_then_goes_on() {
    let _alone = alone();
    let home = Home::new();
    let ended = run(home.test("a_paused_cache"));
    let journal = home.journal("a_paused_cache");
    assert_bitten(&journal, &ended);
    let fault = &journal.faults[0];
    assert_eq!(
        (&*fault.what, &*fault.target, &*fault.evidence),
        ("pause", "container redis", "container redis is paused")
    );
    assert!(journal.outputs[0].lines.iter().any(|line| line.contains("Ready to accept")), "{:?}", journal.outputs);
    assert_eq!(left_by("a_paused_cache").into_iter().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_killed_container_comes_back_at_the_same_address() {
    let home = Home::new();
    let ended = run(home.test("a_killed_cache"));
    let journal = home.journal("a_killed_cache");
    assert_bitten(&journal, &ended);
    assert!(journal.faults[0].evidence.contains("with code 137"), "{:?}", journal.faults[0]);
    let ready = journal.outputs[0].lines.iter().filter(|line| line.contains("Ready to accept")).count();
    assert_eq!(ready, 2, "the lines of both lives: {:?}", journal.outputs);
    assert_eq!(left_by("a_killed_cache").into_iter().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_killed_test_leaves_nothing() {
    let _alone = alone();
    let home = Home::new();
    let mut child = home.test("a_paused_cache").spawn().expect("the test binary starts");
    let paused =
        || docker(&["ps", "-q", "--filter", "label=chaos-test.test=a_paused_cache", "--filter", "status=paused"]);
    let since = Instant::now();
    while paused().is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "never paused");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it lives");
    child.wait().expect("it can be waited for");
    let since = Instant::now();
    while !left_by("a_paused_cache").is_empty() {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", left_by("a_paused_cache"));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whatever has become of its ledger: what a dead process had labelled as its own is removed by the next session.
#[test]
fn what_a_dead_process_left_is_removed_by_the_next_test() {
    let _alone = alone();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("there is a kernel");
    let space = std::fs::read_link("/proc/self/ns/pid").expect("there is a namespace");
    // No process has this number: Linux gives none above 2^22.
    let space = space.display().to_string().replace(['[', ']'], "");
    let owner = format!("chaos-test.owner={}-{space}/4194305/1", boot.trim());
    let alive = owner.replacen("/4194305/", "/somewhere-else/4194305/", 1);
    let image = std::env::var("CHAOS_IMAGE_REDIS").unwrap_or_else(|_| "redis:7".into());
    let left = docker(&["run", "-d", "--label", &owner, &image]);
    let kept = docker(&["run", "-d", "--label", &alive, &image]);
    let network = docker(&["network", "create", "--label", &owner, "chaos-left-by-the-dead"]);
    let home = Home::new();
    run(home.test("a_paused_cache"));
    let there = |what: &[&str]| docker(&[what, &["ls", "-q", "--no-trunc"]].concat());
    let (containers, networks) = (there(&["container"]), there(&["network"]));
    docker(&["rm", "-fv", &kept]);
    assert!(!containers.contains(&left) && !networks.contains(&network), "{containers} {networks}");
    assert!(containers.contains(&kept), "it is nobody's that is known to be dead");
    let notes = home.journal("a_paused_cache").notes;
    assert_eq!(notes.iter().filter(|note| note.contains("had left")).count(), 2, "{notes:?}");
}
