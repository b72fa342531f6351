//! Long runs: what the engine does ten times a second costs the same in the last minute as in the first.

use crate::judge::{PASSED, Run, run, spec};
use crate::service::{Service, fine, ok};
use chaos_runtime::experiment::Spec;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use std::time::Duration;

/// CPU time of this thread; virtual time runs on it alone.
#[cfg(target_os = "linux")]
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

#[cfg(target_os = "linux")]
fn timed(spec: &'static Spec, body: chaos_runtime::experiment::Body) -> (Duration, Run) {
    let before = cpu();
    let run = run(spec, body, 1);
    (cpu() - before, run)
}

/// Every guard that looks at all that has happened since the injection.
#[cfg(target_os = "linux")]
#[test]
fn guards_cost_no_more_after_an_hour() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p99 < 100ms)] [recovery <= 5s];
        abort_if [max > 5s], [success_rate < 50%], [unavailability > 30s], [errors > 1000];
        options { timeout: secs(8_000) }
    );
    let (short, quarter) = timed(spec, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(5))).await?;
            chaos.inject(service.fault()).hold(secs(900)).await
        })
    });
    let (long, hour) = timed(spec, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(5))).await?;
            chaos.inject(service.fault()).hold(secs(3_600)).await
        })
    });
    for run in [&quarter, &hour] {
        assert_eq!(run.journal.verdict, Verdict::Passed, "right is {PASSED:?}: {:?}", run.journal.reasons);
    }
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    println!("a quarter of an hour: {short:?} of CPU, an hour: {long:?}, {ratio:.2} times as much");
    assert!(ratio < 7.0, "four times the length costs {ratio:.1} times as much: {short:?}, {long:?}");

    // What is kept of an hour: a line of numbers for each of its bins.
    let before = cpu();
    let json = serde_json::to_vec(&hour.journal).expect("it is written in every run");
    println!("journal of {} bins: {} KB, {:?}", hour.journal.loads[0].bins.len(), json.len() / 1024, cpu() - before);
    assert!(json.len() < 1024 * 1024, "{} bytes", json.len());
}

/// A recovery that takes long is looked at ten times a second too.
#[cfg(target_os = "linux")]
#[test]
fn a_recovery_that_takes_long_costs_no_more_at_its_end() {
    let spec = spec!(
        steady [success_rate >= 99%] [p50 < 100ms];
        hypothesis [recovery <= 7000s];
        options { timeout: secs(20_000), recovery_limit: secs(8_000) }
    );
    let (short, _) = timed(spec, |chaos| {
        Box::pin(async move {
            let service =
                Service::new(
                    chaos,
                    |now, random| {
                        if now.faulted_or_within(secs(900)) { ok(millis(300)) } else { fine(random) }
                    },
                );
            chaos.load(service.requests().rate(per_second(5))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    let (long, hour) =
        timed(spec, |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |now, random| {
                    if now.faulted_or_within(secs(3_600)) { ok(millis(300)) } else { fine(random) }
                });
                chaos.load(service.requests().rate(per_second(5))).await?;
                chaos.inject(service.fault()).hold(secs(5)).await
            })
        });
    assert!((3_595.0..3_605.0).contains(&hour.recovery(0)), "{}", hour.recovery(0));
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    println!("a quarter of an hour: {short:?} of CPU, an hour: {long:?}, {ratio:.2} times as much");
    assert!(ratio < 7.0, "four times the length costs {ratio:.1} times as much: {short:?}, {long:?}");
}
