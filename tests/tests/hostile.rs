//! Surroundings, operations and targets that do not do what one expects: always a verdict, in bounded time, with the way out.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::load::Load;
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use std::time::Duration;

/// Far below what would be waited for if nothing were bounded.
const SOON: Duration = Duration::from_secs(30);

/// Loads with this and injects what harms nothing.
async fn experiment<O: Operation>(chaos: &Chaos, load: Load<O>) -> chaos::Result {
    chaos.load(load).await?;
    let harmless = fault("nothing", async || {}).undo(Undo::in_process("nothing", async || Ok(())));
    chaos.inject(harmless).hold(millis(300)).await
}

macro_rules! experiments {
    ($($name:ident($($claims:tt)*) $body:expr;)*) => { $(
        #[chaos_test(
            hypothesis(recovery <= 5s),
            warm_up = 100ms,
            baseline = 200ms,
            after = 200ms,
            bin = 50ms,
            $($claims)*
        )]
        #[ignore = "run by the tests below"]
        async fn $name(chaos: &mut Chaos) -> chaos::Result {
            let load: fn() -> _ = $body;
            experiment(chaos, load()).await
        }
    )* };
}

experiments! {
    ordinary(steady_state(success_rate >= 50%))
        || op(|_| async {}).rate(per_second(100));
    only_here(steady_state(success_rate >= 50%), profiles(local))
        || op(|_| async {}).rate(per_second(100));
    with_docker(steady_state(success_rate >= 50%), requires(docker))
        || op(|_| async {}).rate(per_second(100));
    blocks(steady_state(success_rate >= 50%))
        || op(|_| async { std::thread::sleep(minutes(10)) }).rate(per_second(100));
    blocks_later(steady_state(success_rate >= 50%))
        || op(|id: OpId| async move { if id.index() == 40 { std::thread::sleep(minutes(10)) } }).rate(per_second(100));
    panics(steady_state(success_rate < 50%))
        || op(|_| async { if true { panic!("the client has a bug") } }).rate(per_second(50));
    calls_nobody(steady_state(success_rate >= 50%))
        || http::get("http://127.0.0.1:9/nobody").rate(per_second(100));
}

/// An undo that outlives the process has to be written down somewhere.
#[chaos_test(steady_state(success_rate >= 50%), warm_up = 100ms, baseline = 200ms)]
#[ignore = "run by the tests below"]
async fn harms_a_disk(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let filler = std::env::temp_dir().join("filler");
    let undo = Undo::remove(&filler);
    chaos.inject(fault("fill the disk", move || std::fs::write(filler, [0; 64])).undo(undo)).hold(millis(100)).await
}

fn run_with(home: &Home, test: &str, environment: &[(&str, &str)]) -> Ended {
    let mut command = home.test(test);
    command.envs(environment.iter().copied());
    run(command)
}

#[test]
fn reports_that_can_not_be_written_cost_no_verdict() {
    let home = Home::new();
    // Not a matter of permissions, which do not bind every user: a file is no directory.
    std::fs::write(home.chaos(), "in the way").unwrap();
    let ended = run(home.test("ordinary"));
    ended.assert_passes();
    ended.assert_says(&["PASSED", "can't write to", "help: set CHAOS_DIR to a folder where reports may be written"]);
}

#[test]
fn what_could_not_be_undone_after_a_crash_is_not_done() {
    let home = Home::new();
    std::fs::write(home.chaos(), "in the way").unwrap();
    let ended = run(home.test("harms_a_disk"));
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "failed to write the undo `fill the disk`", "so nothing was injected"]);
    assert!(!home.tmp().join("filler").exists());
}

#[test]
fn a_seed_that_is_no_number() {
    let home = Home::new();
    let ended = run_with(&home, "ordinary", &[("CHAOS_SEED", "nonsense")]);
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "CHAOS_SEED is not a number: `nonsense`", "help: unset it"]);
    assert_eq!(home.journal("ordinary").verdict, Verdict::Errored);
}

#[test]
fn another_profile_is_a_loud_skip() {
    let home = Home::new();
    let ended = run_with(&home, "only_here", &[("CHAOS_PROFILE", "staging")]);
    ended.assert_passes();
    ended.assert_says(&["SKIPPED", "runs in profile local, and this is `staging`", "CHAOS_PROFILE=local runs it"]);
    assert_eq!(home.journal("only_here").reasons[0].kind, ReasonKind::Profile);
    assert_eq!(home.junit()[0].status.as_ref().map(|(element, _)| element.as_str()), Some("skipped"));
    run(home.test("only_here")).assert_passes();
    assert_eq!(home.journal("only_here").verdict, Verdict::Passed);
}

#[test]
fn a_missing_requirement_fails_with_the_way_out_unless_a_skip_was_asked_for() {
    let home = Home::new();
    let no_docker = ("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let ended = run_with(&home, "with_docker", &[no_docker]);
    ended.assert_fails_within(SOON);
    let nobody = "requires a Docker engine, but nothing listens at unix:///nonexistent/docker.sock";
    ended.assert_says(&["ERRORED", nobody, "help: start a Docker engine", "CHAOS_SKIP_MISSING=docker"]);
    assert_eq!(home.junit()[0].status, Some(("error".into(), "requirement".into())));

    let ended = run_with(&home, "with_docker", &[no_docker, ("CHAOS_SKIP_MISSING", "kafka,docker")]);
    ended.assert_passes();
    ended.assert_says(&["SKIPPED", nobody]);
    assert_eq!(home.junit()[0].status.as_ref().map(|(element, _)| element.as_str()), Some("skipped"));
}

#[test]
fn an_operation_that_blocks_its_thread_is_inconclusive_and_says_so() {
    for test in ["blocks", "blocks_later"] {
        let home = Home::new();
        let ended = run(home.test(test));
        ended.assert_fails_within(SOON);
        let reason = "an operation of load `load` blocks its thread";
        ended.assert_says(&["INCONCLUSIVE", reason, "help: make it async"]);
        assert!(!ended.output.contains("permanent"), "nothing is told that was not measured:\n{}", ended.output);
        assert_eq!(home.journal(test).verdict, Verdict::Inconclusive, "{}", ended.output);
        assert!(home.left_behind().is_empty());
    }
}

#[test]
fn a_panicking_operation_is_a_failed_one() {
    let home = Home::new();
    let ended = run(home.test("panics"));
    let journal = home.journal("panics");
    let operations: u64 = journal.loads[0].phases.iter().map(|phase| phase.operations).sum();
    let panicked: u64 = journal.loads[0].phases.iter().filter_map(|p| p.errors.get(&ErrorClass::Panicked)).sum();
    assert!(operations > 10 && panicked == operations, "{panicked} of {operations}\n{}", ended.output);
    ended.assert_says(&["the client has a bug", "panicked"]);
}

#[test]
fn an_unreachable_target_is_unsteady() {
    let home = Home::new();
    let ended = run(home.test("calls_nobody"));
    ended.assert_fails_within(SOON);
    ended.assert_says(&["UNSTEADY", "nothing was injected", "refused"]);
    let journal = home.journal("calls_nobody");
    assert_eq!((journal.verdict, journal.faults.len()), (Verdict::Unsteady, 0));
    assert_eq!(home.junit()[0].status, Some(("error".into(), "steady-state".into())));
}
