//! Every way out of an experiment but the good one: signals, panics, errors, time-outs. Nothing is left behind.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, PhaseKind, ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, Started};
use rustix::process::Signal as Sent;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// Far below the 60 s for which a blocked body sleeps, far above what a rollback takes on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Stops here if this is the place that the test wants: for good, with or without blocking the thread.
async fn stop_at(place: &str) {
    eprintln!("at: {place}");
    let wanted = std::env::var("STOP_AT").unwrap_or_default();
    let Some((wanted, how)) = wanted.split_once(' ') else { return };
    match how {
        _ if wanted != place => {}
        "blocking" => std::thread::sleep(minutes(1)),
        "panicking" => panic!("the answer was 41"),
        _ => tokio::time::sleep(minutes(1)).await,
    }
}

/// Harms a disk and a process with a child of its own, and may stop in any phase.
async fn harms(chaos: &mut Chaos) -> chaos::Result {
    let server = chaos.process(Command::new(bin("answering")).arg("--with-child")).await?;
    chaos.load(http::get(server.url("/")).rate(per_second(50))).await?;
    stop_at("warm-up").await;
    let filler = std::env::temp_dir().join("filler");
    let undo = Undo::remove(&filler);
    let full =
        chaos.inject(fault("fill the disk", move || std::fs::write(filler, [0; 4096])).undo(undo)).start().await?;
    let pause = chaos.inject(server.pause()).start().await?;
    stop_at("fault").await;
    if std::env::var_os("FAIL").is_some() {
        return Err(chaos::Error::new("the order service answered nonsense").help("ask it again"));
    }
    pause.clear().await?;
    full.clear().await?;
    eprintln!("at: the end");
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 10s),
    warm_up = 200ms,
    baseline = 400ms,
    after = 60s,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn goes_on_for_long(chaos: &mut Chaos) -> chaos::Result {
    harms(chaos).await
}

#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 10s),
    warm_up = 200ms,
    baseline = 400ms,
    timeout = 10s,
)]
#[ignore = "run by the tests below"]
async fn runs_out_of_time(chaos: &mut Chaos) -> chaos::Result {
    harms(chaos).await
}

/// What a run that was cut short must look like, whatever cut it: undone, told, and nothing left.
fn assert_undone(home: &Home, test: &str, ended: &Ended, verdict: Verdict, kind: ReasonKind) -> Journal {
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
    let journal = home.journal(test);
    assert_eq!(journal.verdict, verdict, "{:?}\n{}", journal.reasons, ended.output);
    assert_eq!(journal.reasons[0].kind, kind, "{:?}", journal.reasons);
    assert!(journal.rollback.iter().all(|undo| undo.error.is_none()), "{:?}", journal.rollback);
    let undone: Vec<_> = journal.rollback.iter().map(|undo| undo.what.as_str()).collect();
    assert!(undone.contains(&"kill process answering"), "{undone:?}\n{}", ended.output);
    let cleared = journal.faults.iter().all(|fault| fault.cleared_us.is_some());
    assert!(cleared, "the journal says when they ended: {:?}", journal.faults);
    let expected = Some(("error".to_owned(), kind.name().to_owned()));
    assert_eq!(home.junit().iter().find(|case| case.name == test).unwrap().status, expected);
    journal
}

/// Sends the signal when `place` is printed, and looks at what is left of the experiment.
fn interrupted(signal: Sent, stop_at: &str, place: &str) -> Journal {
    let home = Home::new();
    let mut command = home.test("goes_on_for_long");
    command.env("STOP_AT", stop_at);
    let mut victim = Started::new(command);
    victim.printed(place);
    let processes = home.processes().len();
    assert!(processes >= 4, "the test, its watchdog, its server and the server's child are there: {processes}");
    victim.signal(signal);
    let ended = victim.wait();
    assert_eq!(ended.status.signal(), Some(signal.as_raw()), "{place}: it dies of the signal\n{}", ended.output);
    assert!(ended.waited < SOON, "{place}: it took {:?}\n{}", ended.waited, ended.output);
    assert!(ended.output.contains("rolling back"), "{}", ended.output);
    let journal = assert_undone(&home, "goes_on_for_long", &ended, Verdict::Aborted, ReasonKind::Interrupted);
    assert!(journal.reasons[0].message.contains("SIG"), "{:?}", journal.reasons);
    journal
}

fn last_phase(journal: &Journal) -> Option<PhaseKind> {
    journal.phases.last().map(|phase| phase.kind)
}

fn names(journal: &Journal) -> Vec<&str> {
    journal.rollback.iter().map(|undo| undo.what.as_str()).collect()
}

#[test]
fn interrupted_in_the_warm_up() {
    let journal = interrupted(Sent::INT, "warm-up waiting", "at: warm-up");
    assert_eq!(last_phase(&journal), Some(PhaseKind::WarmUp));
}

#[test]
fn terminated_in_the_warm_up_by_a_body_that_blocks() {
    let journal = interrupted(Sent::TERM, "warm-up blocking", "at: warm-up");
    assert_eq!(last_phase(&journal), Some(PhaseKind::WarmUp));
}

#[test]
fn interrupted_in_the_fault_phase() {
    let journal = interrupted(Sent::INT, "fault waiting", "at: fault");
    assert_eq!(last_phase(&journal), Some(PhaseKind::Fault));
    assert_eq!(names(&journal).len(), 3, "{:?}", journal.rollback);
}

#[test]
fn terminated_in_the_fault_phase() {
    let journal = interrupted(Sent::TERM, "fault waiting", "at: fault");
    assert_eq!(last_phase(&journal), Some(PhaseKind::Fault));
}

#[test]
fn interrupted_in_the_fault_phase_of_a_body_that_blocks() {
    let journal = interrupted(Sent::INT, "fault blocking", "at: fault");
    assert_eq!(names(&journal).len(), 3, "{:?}", journal.rollback);
}

#[test]
fn terminated_in_the_fault_phase_of_a_body_that_blocks() {
    let journal = interrupted(Sent::TERM, "fault blocking", "at: fault");
    assert_eq!(names(&journal).len(), 3, "{:?}", journal.rollback);
}

#[test]
fn interrupted_in_the_after_phase() {
    let journal = interrupted(Sent::INT, "", "phase: after");
    assert_eq!(last_phase(&journal), Some(PhaseKind::After));
}

#[test]
fn terminated_in_the_after_phase() {
    let journal = interrupted(Sent::TERM, "", "phase: after");
    assert_eq!(last_phase(&journal), Some(PhaseKind::After));
}

/// Runs a test that fails on its own, as libtest tells.
fn failed(test: &str, environment: (&str, &str), verdict: Verdict, kind: ReasonKind) -> (Journal, String) {
    let home = Home::new();
    let mut command = home.test(test);
    command.env(environment.0, environment.1);
    let mut failing = Started::new(command);
    failing.printed("at: fault");
    let begun = Instant::now();
    let ended = failing.wait();
    assert_eq!(ended.status.code(), Some(101), "libtest tells of a failure\n{}", ended.output);
    assert!(begun.elapsed() < SOON, "it took {:?}\n{}", begun.elapsed(), ended.output);
    let journal = assert_undone(&home, test, &ended, verdict, kind);
    assert_eq!(names(&journal).len(), 3, "{:?}", journal.rollback);
    (journal, ended.output)
}

#[test]
fn a_panic_in_the_fault_phase() {
    let (journal, output) =
        failed("goes_on_for_long", ("STOP_AT", "fault panicking"), Verdict::Errored, ReasonKind::Panic);
    assert!(journal.reasons[0].message.contains("the answer was 41"), "{:?}", journal.reasons);
    assert!(output.contains("endings.rs:"), "the place of the panic is printed:\n{output}");
}

#[test]
fn an_error_in_the_fault_phase() {
    let (journal, output) = failed("goes_on_for_long", ("FAIL", "1"), Verdict::Errored, ReasonKind::Body);
    assert_eq!(journal.reasons[0].message, "the order service answered nonsense");
    assert!(output.contains("help: ask it again"), "{output}");
}

#[test]
fn a_time_out_of_a_body_that_waits() {
    let (journal, _) = failed("runs_out_of_time", ("STOP_AT", "fault waiting"), Verdict::Errored, ReasonKind::Timeout);
    assert!(journal.duration_us >= 10_000_000, "not before its time: {}", journal.duration_us);
}

#[test]
fn a_time_out_of_a_body_that_blocks() {
    let (journal, output) =
        failed("runs_out_of_time", ("STOP_AT", "fault blocking"), Verdict::Errored, ReasonKind::Timeout);
    assert!(journal.duration_us >= 10_000_000, "not before its time: {}", journal.duration_us);
    assert!(output.contains("not done within 10 s"), "{output}");
}
