//! A server that stands still for one second of ten: every operation that was due in that second has waited, and
//! the journal says so, however few operations may be in flight.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use base64::Engine as _;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, PhaseKind, PhaseStats, Verdict};
use chaos_tests::home::{Home, Started, run};
use chaos_tests::surroundings::behind;
use hdrhistogram::Histogram;
use rustix::process::Signal;
use std::sync::{Mutex, PoisonError};

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(max >= 500ms), recovery <= 10s),
    warm_up = 500ms,
    baseline = 4s,
    after = 4700ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn stands_still(chaos: &mut Chaos) -> chaos::Result {
    let server = chaos.process(Command::new(bin("answering"))).await?;
    let load = http::get(server.url("/")).rate(per_second(200));
    let load = match std::env::var("MAX_IN_FLIGHT") {
        Ok(workers) => load.max_in_flight(workers.parse()?),
        Err(_) => load,
    };
    chaos.load(load).await?;
    chaos.inject(server.pause()).hold(secs(1)).await?;
    Ok(())
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(recovery <= 10s),
    warm_up = 500ms,
    baseline = 4s,
    after = 4700ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn stands_still_before_a_closed_loop(chaos: &mut Chaos) -> chaos::Result {
    let server = chaos.process(Command::new(bin("answering"))).await?;
    let (client, url) = (reqwest::Client::new(), server.url("/"));
    let think_and_get = op(move |_| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            tokio::time::sleep(millis(5)).await;
            client.get(url).send().await
        }
    });
    chaos.load(think_and_get.closed_loop(4)).await?;
    chaos.inject(server.pause()).hold(secs(1)).await?;
    Ok(())
}

/// Does no harm to anybody: whatever is slow here is slow by itself.
fn harmless() -> impl chaos_runtime::fault::Held {
    fault("do no harm", || eprintln!("the fault is on")).undo(Undo::in_process("end it", || async { Ok(()) }))
}

#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(during(p99 < 500ms), after(success_rate >= 90%)),
    warm_up = 500ms,
    baseline = 1s,
    after = 500ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn is_stopped_itself(chaos: &mut Chaos) -> chaos::Result {
    let server = chaos.process(Command::new(bin("answering"))).await?;
    chaos.load(http::get(server.url("/")).rate(per_second(200))).await?;
    chaos.inject(harmless()).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 90%),
    hypothesis(recovery <= 10s),
    warm_up = 500ms,
    baseline = 1s,
    after = 500ms,
    bin = 100ms,
)]
#[ignore = "run by the tests below"]
async fn has_no_core_of_its_own(chaos: &mut Chaos) -> chaos::Result {
    let computes = op(|_| async {
        let started = std::time::Instant::now();
        while started.elapsed() < micros(500) {
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    });
    chaos.load(computes.closed_loop(4)).await?;
    chaos.inject(harmless()).hold(secs(2)).await
}

/// Response times of everything but the warm-up.
fn responses(journal: &Journal) -> Histogram<u64> {
    let mut all = Histogram::new(3).expect("three digits are possible");
    let counted = |phase: &&PhaseStats| phase.phase != PhaseKind::WarmUp && phase.response.count > 0;
    for phase in journal.loads[0].phases.iter().filter(counted) {
        let bytes = base64::prelude::BASE64_STANDARD.decode(&phase.response.hdr_v2).expect("it is Base64");
        let part: Histogram<u64> =
            hdrhistogram::serialization::Deserializer::new().deserialize(&mut bytes.as_slice()).expect("it is V2");
        all.add(part).expect("it grows by itself");
    }
    all
}

fn ms(all: &Histogram<u64>, quantile: f64) -> f64 {
    all.value_at_quantile(quantile) as f64 / 1e6
}

/// Homes have locks of their own, but this measures: one at a time.
static MACHINE: Mutex<()> = Mutex::new(());

/// With constant arrivals, 1 s of T s: the share 1/T is delayed, by 0 to 1 s, so P99 is 1 − T/100 s.
fn charged(in_flight: &str) {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Home::new();
    let mut command = home.test("stands_still");
    command.env("MAX_IN_FLIGHT", in_flight);
    let ended = run(command);
    let journal = home.journal("stands_still");
    assert_eq!(journal.verdict, Verdict::Passed, "{}", ended.output);
    let all = responses(&journal);
    let measured: f64 = journal.phases.iter().skip(1).map(|phase| (phase.end_us - phase.start_us) as f64 / 1e6).sum();
    let delayed = 100.0 * all.count_between(20_000_000, u64::MAX) as f64 / all.len() as f64;
    let figures = format!(
        "{in_flight} in flight, {} in {measured:.1} s: P50 {:.1} P85 {:.1} P99 {:.1} max {:.1} ms, {delayed:.1} % delayed",
        all.len(),
        ms(&all, 0.5),
        ms(&all, 0.85),
        ms(&all, 0.99),
        all.max() as f64 / 1e6,
    );
    println!("{figures}");
    let due = 200.0 * measured;
    assert!((all.len() as f64 - due).abs() < 0.01 * due, "nothing is skipped: {figures}");
    assert!(ms(&all, 0.99) >= 800.0 && delayed >= 7.0, "the stall is not hidden: {figures}");
    // What else the machine does shows before the stall, and makes everything slower; never faster.
    let baseline = journal.loads[0].phases.iter().find(|phase| phase.phase == PhaseKind::Baseline);
    if baseline.is_some_and(|phase| phase.response.p99_us < 10_000) {
        assert!(ms(&all, 0.99) <= 1_050.0 && delayed <= 13.0, "it is charged once: {figures}");
        assert!(ms(&all, 0.85) < 20.0, "the rest does not suffer: {figures}");
    }
}

#[test]
fn a_stall_is_charged_with_one_operation_in_flight() {
    charged("1");
}

#[test]
fn a_stall_is_charged_with_eight_operations_in_flight() {
    charged("8");
}

#[test]
fn a_stall_is_charged_with_64_operations_in_flight() {
    charged("64");
}

#[test]
fn a_stall_is_charged_with_512_operations_in_flight() {
    charged("512");
}

/// The clock goes on while the whole test process does not: what that breaks is not the target's.
#[test]
fn a_test_process_that_stands_still_does_not_blame_the_target() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Home::new();
    let mut test = Started::new(home.test("is_stopped_itself"));
    test.printed("the fault is on");
    std::thread::sleep(millis(500));
    test.signal(Signal::STOP);
    // Far longer than what a busy machine may do to the target.
    std::thread::sleep(millis(1_500));
    test.signal(Signal::CONT);
    let ended = test.wait();
    assert!(!ended.status.success(), "{}", ended.output);
    ended.assert_says(&["INCONCLUSIVE", "`during(p99 < 500ms)` can't be decided: the measuring machine itself"]);
    let journal = home.journal("is_stopped_itself");
    assert_eq!(journal.verdict, Verdict::Inconclusive, "{}", ended.output);
    let fault = journal.loads[0].phases.iter().find(|phase| phase.phase == PhaseKind::Fault);
    let driver = &fault.expect("it was injected").driver;
    assert!(driver.longest_pause_us >= 1_000_000 && driver.cpu_share.is_some(), "{driver:?}");
}

#[test]
fn a_driver_that_waits_for_a_core_says_so() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Home::new();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("Linux says it");
    let core: String = allowed.trim().chars().take_while(char::is_ascii_digit).collect();
    let mut hog = Command::new("taskset");
    let mut hog = hog.args(["-c", &core, "sh", "-c", "while :; do :; done"]).spawn().expect("a hog");
    let ended = run(behind("taskset", ["-c", &core], &home.test("has_no_core_of_its_own")));
    let _ = hog.kill();
    let _ = hog.wait();
    let journal = home.journal("has_no_core_of_its_own");
    let waited: u64 = journal.loads[0].phases.iter().map(|phase| phase.driver.waited_us).sum();
    assert!(waited >= 100_000, "two that compute share one core: {waited} us\n{}", ended.output);
}

#[test]
fn a_closed_loop_hides_the_stall_and_the_report_says_so() {
    let _machine = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Home::new();
    run(home.test("stands_still_before_a_closed_loop"));
    // Passed, or inconclusive when not a single operation was started during the stall.
    let journal = home.journal("stands_still_before_a_closed_loop");
    let all = responses(&journal);
    assert!(ms(&all, 0.99) < 500.0, "four delayed operations do not show: {}", ms(&all, 0.99));
    assert!(journal.loads[0].closed_loop);
    assert!(journal.notes.iter().any(|note| note.contains("hide stalls")), "{:?}", journal.notes);
}
