//! A wall clock that is set while experiments run: nothing that is measured, and nothing that is judged, depends on it.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::home::{Home, run};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);

/// The clock is put an hour forward in the baseline, and an hour back from true time during the fault: see `steps`.
#[chaos_test(
    steady_state(success_rate >= 50%, p99 < 60s),
    hypothesis(recovery <= 30s, time_to_detect <= 30s, after(p99 <= 60s)),
    abort_if(success_rate < 1% for 10s),
    warm_up = 100ms,
    baseline = 1s,
    after = 300ms,
    bin = 50ms,
    recovery_limit = 30s,
)]
#[ignore = "run by the tests below"]
async fn under_steps(chaos: &mut Chaos) -> chaos::Result {
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (breaks, mends, asks) = (broken.clone(), broken.clone(), broken);
    let order = std::sync::atomic::Ordering::SeqCst;
    let operation = op(move |_| {
        let fails = asks.load(order);
        async move { if fails { Err("broken") } else { Ok(()) } }
    });
    chaos.load(operation.rate(per_second(200))).await?;
    chaos.probe("wall clock", probe::every(millis(50), || 1));
    let undo = Undo::in_process("mend it", move || {
        mends.store(false, order);
        async { Ok(()) }
    });
    let fault = fault("break it", move || breaks.store(true, order)).undo(undo);
    let (wall, true_time) = (SystemTime::now(), Instant::now());
    chaos.inject(fault).hold(millis(2_500)).await?;
    // Forward at first, backward since: told to the test, which must not believe in a clock that was never set.
    let back = (wall + true_time.elapsed()).duration_since(SystemTime::now()).unwrap_or_default();
    eprintln!("wall clock went back by {} s", back.as_secs());
    Ok(())
}

/// Compiles the library that makes the clock step, in this directory.
fn clock_steps(dir: &Path) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/data/clock_steps.c");
    let library = dir.join("clock_steps.so");
    let mut compile = Command::new("cc");
    compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source);
    let compiled = run(compile);
    assert!(compiled.status.success(), "{}", compiled.output);
    library
}

fn phases(journal: &Journal) -> Vec<(&'static str, Duration)> {
    let length = |from: u64, to: u64| Duration::from_micros(to - from);
    journal.phases.iter().map(|phase| (phase.kind.name(), length(phase.start_us, phase.end_us))).collect()
}

#[test]
fn an_experiment_does_not_notice_that_the_wall_clock_is_set() {
    let home = Home::new();
    let library = clock_steps(&home.tmp());
    for (first, second) in [(3600, -3600), (-3600, -7200)] {
        let mut command = home.test("under_steps");
        // The baseline lasts from 0.1 to 1.1 s, the fault for 2.5 s from then on; a busy machine is later.
        command.env("LD_PRELOAD", &library).env("CLOCK_STEPS", format!("500:{first} 3000:{second}"));
        let ended = run(command);
        ended.assert_passes();
        let told = ended.output.lines().find_map(|line| line.strip_prefix("wall clock went back by "));
        let back: u64 = told.and_then(|told| told.split(' ').next()?.parse().ok()).expect("the body tells");
        assert!((3590..=7210).contains(&back), "the clock did not step: {back} s\n{}", ended.output);

        let journal = home.journal("under_steps");
        assert_eq!(journal.verdict, Verdict::Passed);
        let phases = phases(&journal);
        let least = |name: &str| phases.iter().filter(|(kind, _)| *kind == name).map(|(_, length)| *length).sum();
        let (baseline, fault): (Duration, Duration) = (least("baseline"), least("fault"));
        assert!(baseline >= Duration::from_secs(1) && fault >= Duration::from_millis(2_500), "{phases:?}");
        let all: Duration = phases.iter().map(|(_, length)| *length).sum();
        assert!(all < ended.waited && ended.waited < HOUR, "{all:?} in {:?}", ended.waited);
        let recovery = journal.faults[0].recovery.as_ref().expect("it was watched");
        assert!(recovery.time_to_detect_us.is_some_and(|us| us < 30_000_000), "{recovery:?}");
        for phase in &journal.loads[0].phases {
            assert!(phase.response.max_us < 60_000_000, "{:?}", phase.response);
        }
        let probed = &journal.probes[0].samples;
        assert!(probed.windows(2).all(|two| two[0].at_us < two[1].at_us) && probed.len() > 10, "{probed:?}");
    }
}

#[test]
fn a_run_after_the_clock_was_set_back_is_the_newest_all_the_same() {
    let home = Home::new();
    let library = clock_steps(&home.tmp());
    for (id, steps) in [("one", "0:3600"), ("two", "0:0"), ("three", "0:-3600")] {
        let mut command = home.test("under_steps");
        command.env("LD_PRELOAD", &library).env("CLOCK_STEPS", steps).env("CHAOS_RUN_ID", id);
        run(command).assert_passes();
        let newest = std::fs::read_to_string(home.chaos().join("junit.xml")).unwrap();
        let own = std::fs::read_to_string(home.chaos().join("runs").join(id).join("junit.xml")).unwrap();
        assert_eq!(newest, own, "the file at the top is not that of run {id}");
    }
}
