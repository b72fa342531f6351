//! Code of the author's that panics, hangs or forgets: always a verdict, in bounded time, and no fault is left.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::fault::{Fault, Held, InjectCx};
use chaos_runtime::load::Load;
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, ReasonKind, Verdict};
use chaos_tests::doubt::machine_denied;
use chaos_tests::home::{Ended, Home, run};
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Far below what would be waited for if nothing were bounded; an undo may take half a minute.
const SOON: Duration = Duration::from_secs(60);

fn harm() -> PathBuf {
    std::env::temp_dir().join("harm")
}

/// A fault that is a file, and so would be left.
fn a_file() -> impl Held {
    fault("harm", || std::fs::write(harm(), "harm")).undo(Undo::remove(harm())).confirm(|| harm().exists())
}

fn calm() -> Load<impl Operation> {
    op(|_| async {}).rate(per_second(100))
}

macro_rules! experiments {
    ($($name:ident($($settings:tt)*) |$chaos:ident| $body:expr;)*) => { $(
        #[chaos_test(
            hypothesis(recovery <= 5s),
            warm_up = 100ms,
            baseline = 200ms,
            after = 200ms,
            bin = 50ms,
            confirm = 500ms,
            timeout = 50s,
            $($settings)*
        )]
        #[ignore = "run by the tests below"]
        async fn $name($chaos: &mut Chaos) -> chaos::Result {
            $body
        }
    )* };
}

experiments! {
    never_returns(steady_state(error_rate >= 50%)) |chaos| {
        chaos.load(op(|_| pending::<()>()).rate(per_second(50)).timeout(millis(50))).await?;
        chaos.inject(a_file()).hold(millis(300)).await
    };
    panics_in_drop(steady_state(error_rate >= 50%)) |chaos| {
        // Few in flight: a worker that is lost would be missed.
        chaos.load(op(|id: OpId| async move {
            let _bomb = Bomb;
            if id.index().is_multiple_of(2) { pending().await }
        }).rate(per_second(50)).timeout(millis(20)).max_in_flight(4)).await?;
        chaos.inject(a_file()).hold(millis(300)).await
    };
    forgets(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        std::mem::forget(chaos.inject(a_file()).start().await?);
        tokio::time::sleep(millis(200)).await;
        Ok(())
    };
    panics_with_it_on(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        let _on = chaos.inject(a_file()).start().await?;
        panic!("the answer was 41");
    };
    undo_panics(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        inject(chaos, Undo::in_process("mend it", || async { if true { panic!("no spanner") } Ok(()) })).await
    };
    undo_hangs(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        inject(chaos, Undo::in_process("mend it", pending::<chaos::Result>)).await
    };
    undo_fails_twice(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        let tries = Arc::new(AtomicU32::new(0));
        inject(chaos, Undo::in_process("mend it", move || {
            let tries = tries.fetch_add(1, Ordering::SeqCst);
            async move { if tries < 2 { Err(chaos::Error::new("not yet")) } else { Ok(()) } }
        })).await
    };
    evidence_panics(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        chaos.inject(Odd("panics")).hold(millis(100)).await
    };
    evidence_hangs(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        chaos.inject(Odd("hangs")).hold(millis(100)).await
    };
    injection_panics(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        chaos.inject(Odd("panics at once")).hold(millis(100)).await
    };
    describe_panics(steady_state(success_rate >= 50%)) |chaos| {
        chaos.load(calm()).await?;
        chaos.inject(Odd("has no name")).hold(millis(100)).await
    };
}

#[chaos_test(steady_state(success_rate >= 50%), warm_up = 100ms, baseline = 200ms, bin = 50ms, timeout = 3s)]
#[ignore = "run by the tests below"]
async fn evidence_blocks(chaos: &mut Chaos) -> chaos::Result {
    chaos.load(calm()).await?;
    chaos.inject(Odd("blocks")).hold(millis(100)).await
}

#[chaos_test(
    steady_state(success_rate >= 50%),
    hypothesis(recovery <= 5s, probe("gauge") < 10),
    warm_up = 100ms,
    baseline = 200ms,
    after = 200ms,
    bin = 50ms,
)]
#[ignore = "run by the tests below"]
async fn probe_panics(chaos: &mut Chaos) -> chaos::Result {
    let broken = AtomicBool::new(false);
    chaos.load(calm()).await?;
    let gauge = move || {
        assert!(!harm().exists() || broken.swap(true, Ordering::SeqCst), "the gauge is broken");
        1
    };
    chaos.probe("gauge", probe::every(millis(20), gauge));
    chaos.inject(a_file()).hold(secs(2)).await
}

/// Cannot be dropped in peace.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A second panic during the first would be the end of any process.
        if !std::thread::panicking() {
            panic!("dropped the tray");
        }
    }
}

async fn inject(chaos: &Chaos, undo: Undo) -> chaos::Result {
    chaos.inject(fault("break it", || {}).undo(undo)).hold(millis(100)).await
}

/// A file again, with something odd about it.
struct Odd(&'static str);

impl Held for Odd {}

impl Fault for Odd {
    fn describe(&self) -> String {
        assert!(self.0 != "has no name", "nobody christened it");
        "harm".into()
    }

    fn target(&self) -> String {
        "disk".into()
    }

    fn undo(&self) -> Undo {
        Undo::remove(harm())
    }

    async fn inject(&mut self, _cx: &InjectCx) -> chaos::Result {
        std::fs::write(harm(), "harm")?;
        assert!(self.0 != "panics at once", "it broke off");
        Ok(())
    }

    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        match self.0 {
            "hangs" => pending().await,
            "blocks" => std::thread::sleep(minutes(10)),
            _ => {}
        }
        panic!("nothing to be seen")
    }
}

/// Runs it, and sees to what is common to all: a verdict in time and nothing left.
#[track_caller]
fn ends(test: &str, verdict: Verdict, kind: Option<ReasonKind>, texts: &[&str]) -> (Ended, Journal) {
    let home = Home::new();
    let ended = run(home.test(test));
    assert!(ended.waited < SOON, "{:?}\n{}", ended.waited, ended.output);
    let journal = home.journal(test);
    assert_eq!(ended.status.code(), Some(if journal.verdict.is_ok() { 0 } else { 101 }), "{}", ended.output);
    if !(verdict == Verdict::Passed && machine_may_have_done_it(&journal)) {
        assert_eq!(journal.verdict, verdict, "{:?}\n{}", journal.reasons, ended.output);
        assert_eq!(journal.reasons.first().map(|reason| reason.kind), kind, "{:?}", journal.reasons);
        ended.assert_says(texts);
    }
    assert!(!home.tmp().join("harm").exists(), "{}", ended.output);
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
    (ended, journal)
}

/// Where a steady state is "most fail", any pause of the machine that measures might be what made it true, and no
/// test can keep a machine from pausing. What these tests are about is asserted all the same.
fn machine_may_have_done_it(journal: &Journal) -> bool {
    let fails = journal.claims.iter().any(|claim| claim.text.contains("error_rate >="));
    fails && machine_denied(journal)
}

fn errors(journal: &Journal, class: ErrorClass) -> u64 {
    journal.loads[0].phases.iter().filter_map(|phase| phase.errors.get(&class)).sum()
}

fn operations(journal: &Journal) -> u64 {
    journal.loads[0].phases.iter().map(|phase| phase.operations).sum()
}

#[test]
fn an_operation_that_never_returns_is_one_without_an_answer() {
    let (_, journal) = ends("never_returns", Verdict::Passed, None, &["PASSED"]);
    let timeouts = errors(&journal, ErrorClass::Timeout);
    assert!(timeouts > 10 && timeouts + errors(&journal, ErrorClass::Unfinished) == operations(&journal));
}

#[test]
fn an_operation_that_panics_when_it_is_dropped_is_a_panicked_one() {
    let (_, journal) = ends("panics_in_drop", Verdict::Passed, None, &["PASSED"]);
    // Those that ended by themselves and those that were given up.
    let panicked = errors(&journal, ErrorClass::Panicked);
    assert!(panicked > 10 && panicked == operations(&journal), "{panicked} of {}", operations(&journal));
}

#[test]
fn a_fault_that_the_body_forgets_is_cleared() {
    let cleared = "`harm` was still on when the body returned, and was cleared then";
    ends("forgets", Verdict::Passed, None, &["PASSED", cleared]);
}

#[test]
fn a_fault_is_undone_when_the_body_panics() {
    let texts = ["ERRORED", "the body panicked: the answer was 41"];
    ends("panics_with_it_on", Verdict::Errored, Some(ReasonKind::Panic), &texts);
}

#[test]
fn an_undo_that_panics_is_a_rollback_that_failed() {
    let texts = ["ROLLBACK FAILED", "is still there: the undo panicked: no spanner", "help: undo it by hand: mend it"];
    ends("undo_panics", Verdict::RollbackFailed, Some(ReasonKind::Rollback), &texts);
}

#[test]
fn an_undo_that_hangs_is_a_rollback_that_failed() {
    let texts = ["ROLLBACK FAILED", "is still there: the undo did not end within 10 s"];
    ends("undo_hangs", Verdict::RollbackFailed, Some(ReasonKind::Rollback), &texts);
}

#[test]
fn an_undo_is_tried_three_times() {
    let (_, journal) = ends("undo_fails_twice", Verdict::Passed, None, &["PASSED"]);
    assert_eq!((journal.rollback[0].attempts, journal.rollback[0].error.as_ref()), (3, None));
}

#[test]
fn faults_that_panic_are_undone() {
    for (test, text) in [
        ("evidence_panics", "the body panicked: nothing to be seen"),
        ("injection_panics", "the body panicked: it broke off"),
        ("describe_panics", "the body panicked: nobody christened it"),
    ] {
        ends(test, Verdict::Errored, Some(ReasonKind::Panic), &["ERRORED", text]);
    }
}

#[test]
fn evidence_that_hangs_is_none() {
    let texts = ["INCONCLUSIVE", "`harm` was not confirmed within 500 ms: the confirmation did not answer"];
    ends("evidence_hangs", Verdict::Inconclusive, Some(ReasonKind::Inconclusive), &texts);
}

#[test]
fn evidence_that_blocks_its_thread_ends_with_the_time_out() {
    ends("evidence_blocks", Verdict::Errored, Some(ReasonKind::Timeout), &["ERRORED", "not done within 3 s"]);
}

#[test]
fn a_sample_that_panics_is_a_missing_one() {
    let texts = ["INCONCLUSIVE", "panicked: the gauge is broken"];
    let (_, journal) = ends("probe_panics", Verdict::Inconclusive, Some(ReasonKind::Inconclusive), &texts);
    let samples = &journal.probes[0].samples;
    let missing = samples.iter().position(|sample| sample.value.is_none()).expect("one is missing");
    assert!(samples.len() > missing + 5, "the probe goes on: {samples:?}");
    assert!(samples[missing + 1..].iter().all(|sample| sample.value.is_some()), "{samples:?}");
}
