//! Nobody reads what a run prints, or the process ends in the middle of an experiment: the verdict is in the record,
//! and no fault is left.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use chaos_tests::surroundings::script;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

fn harm() -> PathBuf {
    std::env::temp_dir().join("harm")
}

#[chaos_test(
    steady_state(success_rate >= 50%),
    hypothesis(recovery <= 5s),
    warm_up = 100ms,
    baseline = 200ms,
    after = 200ms,
    bin = 50ms
)]
#[ignore = "run by the tests below"]
async fn ordinary(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let fault = fault("harm", || std::fs::write(harm(), "harm")).undo(Undo::remove(harm()));
    chaos.inject(fault).hold(millis(500)).await
}

/// Harms for longer than anybody waits, unless something ends the process.
#[chaos_test(steady_state(success_rate >= 50%), warm_up = 100ms, baseline = 200ms, bin = 50ms)]
#[ignore = "run by the tests below"]
async fn harms_for_long(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(op(|_| async {}).rate(per_second(100))).await?;
    let fault = fault("harm", || std::fs::write(harm(), "harm")).undo(Undo::remove(harm()));
    let harm = chaos.inject(fault).start().await?;
    match std::env::var("QUITS").as_deref() {
        Ok("body") => std::process::exit(3),
        Ok("thread") => drop(std::thread::spawn(|| std::process::exit(3))),
        _ => {}
    }
    tokio::time::sleep(minutes(1)).await;
    harm.clear().await
}

/// An ordinary test beside an experiment: it ends while the fault is on.
#[test]
#[ignore = "run by the tests below"]
fn beside() {
    let started = Instant::now();
    while !harm().exists() {
        assert!(started.elapsed() < SOON, "nothing was harmed");
        std::thread::sleep(millis(5));
    }
}

/// Starts the command with standard output and standard error going there, and waits for its end.
fn with_output(mut command: Command, stdout: Stdio, stderr: Stdio) -> ExitStatus {
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    ends(command.spawn().expect("it can be started"))
}

fn ends(mut child: Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status;
        }
        if started.elapsed() > SOON {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A pipe that nobody reads.
fn broken_pipe() -> Stdio {
    let (_, writer) = std::io::pipe().expect("there are descriptors left");
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

#[track_caller]
fn assert_passed(home: &Home, status: ExitStatus) {
    assert_eq!(home.journal("ordinary").verdict, Verdict::Passed);
    assert_eq!(home.junit()[0].status, None);
    assert_eq!(home.left_behind(), [""; 0]);
    assert!(status.success(), "{status}");
}

#[test]
fn a_report_that_nobody_reads_costs_no_verdict() {
    for stderr in [broken_pipe(), full()] {
        let home = Home::new();
        let status = with_output(home.test("ordinary"), Stdio::null(), stderr);
        assert_passed(&home, status);
    }
}

/// The report of a test that fails is not in the way of its failing.
#[test]
fn a_failure_that_nobody_reads_is_one() {
    for stderr in [broken_pipe(), full()] {
        let home = Home::new();
        let mut command = home.test("ordinary");
        command.env("CHAOS_SEED", "nonsense");
        assert_eq!(with_output(command, Stdio::null(), stderr).code(), Some(101));
        assert_eq!(home.journal("ordinary").verdict, Verdict::Errored);
        assert_eq!(home.junit()[0].status, Some(("error".into(), "requirement".into())));
    }
}

#[test]
fn streams_that_are_closed_are_no_matter() {
    for closed in ["<&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let home = Home::new();
        let text = format!(r#"exec "$@" {closed}"#);
        let status = with_output(script(&text, &home.test("ordinary")), Stdio::null(), Stdio::null());
        assert_passed(&home, status);
    }
}

/// The test harness itself gives up when its list of results can't be written.
#[test]
fn results_that_nobody_reads_cost_no_record() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("there are descriptors left");
    // With several threads libtest prints nothing between this line and the result.
    let mut command = home.command(&["--exact", "ordinary", "--ignored", "--test-threads=8"]);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    let child = command.spawn().expect("it can be started");
    // As `head -n 1` does it: the first line is taken, and that was it.
    drop(command);
    let first = std::io::BufRead::lines(std::io::BufReader::new(reader)).map_while(Result::ok).find(|l| !l.is_empty());
    assert_eq!(first.as_deref(), Some("running 1 test"));
    let status = ends(child);
    assert_eq!(status.code(), Some(101), "libtest could not print its result");
    assert_eq!(home.journal("ordinary").verdict, Verdict::Passed);
    assert_eq!(home.left_behind(), [""; 0]);
}

/// What an experiment must look like that the end of its process has cut short.
#[track_caller]
fn assert_rolled_back(home: &Home) {
    assert!(!home.tmp().join("harm").exists(), "the fault is left");
    assert_eq!(home.left_behind(), [""; 0]);
    let journal = home.journal("harms_for_long");
    assert_eq!((journal.verdict, journal.reasons[0].kind), (Verdict::Aborted, ReasonKind::Interrupted));
    assert_eq!(journal.reasons[0].message, "interrupted by the end of the process");
    assert_eq!(journal.rollback.len(), 1, "it knows of the rollback: {:?}", journal.rollback);
    assert_eq!(home.junit()[0].status, Some(("error".into(), "interrupted".into())));
}

#[test]
fn a_harness_that_gives_up_ends_no_experiment_without_its_rollback() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().expect("there are descriptors left");
    let mut command = home.command(&["--exact", "harms_for_long", "beside", "--ignored", "--test-threads=2"]);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    let child = command.spawn().expect("it can be started");
    drop(command);
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader)).map_while(Result::ok);
    assert!(lines.any(|line| line == "running 2 tests"));
    drop(lines);
    assert_eq!(ends(child).code(), Some(101), "libtest could not print the result of `beside`");
    assert_rolled_back(&home);
}

#[test]
fn an_exit_in_the_middle_waits_for_the_rollback() {
    for quits in ["body", "thread"] {
        let home = Home::new();
        let mut command = home.test("harms_for_long");
        command.env("QUITS", quits);
        let ended: Ended = run(command);
        assert_eq!(ended.status.code(), Some(3), "{}", ended.output);
        assert!(ended.waited < SOON, "{:?}", ended.waited);
        assert!(ended.output.contains("the end of the process: rolling back: harm"), "{}", ended.output);
        assert_rolled_back(&home);
    }
}

/// A backtrace of ours would bury the report; one of the author's panic is there if it was asked for.
#[test]
fn a_backtrace_changes_nothing() {
    let home = Home::new();
    let mut command = home.command(&["--exact", "ordinary", "--ignored", "--test-threads=8"]);
    command.env("RUST_BACKTRACE", "full").env("CHAOS_SEED", "nonsense");
    let ended = run(command);
    ended.assert_fails_within(SOON);
    ended.assert_says(&["ERRORED", "CHAOS_SEED is not a number: `nonsense`"]);
    assert!(!ended.output.contains("stack backtrace"), "{}", ended.output);
}
