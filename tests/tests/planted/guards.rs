//! Guards: they trip when they must, and never at the limit.

use crate::judge::{PASSED, guarded, judge, refuted, spec};
use crate::service::{Service, failed, fine, never, ok};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ClaimRole, Judgement};

/// Fails this share of the faulted requests, in percent.
fn erring(chaos: &Chaos, percent: u32) -> Service {
    Service::new(chaos, move |now, random| {
        if now.faulted && random.u32(..100) < percent { failed(ErrorClass::Reset, millis(5)) } else { fine(random) }
    })
}

async fn held(chaos: &Chaos, service: Service, hold: u64) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(secs(hold)).await
}

#[test]
fn a_share_trips_its_guard_and_the_fault_is_undone() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [success_rate < 50%]
    );
    let runs = judge(spec, guarded("guard `success_rate < 50%` tripped"), |chaos| {
        Box::pin(async move { held(chaos, erring(chaos, 90), 60).await })
    });
    for run in runs {
        assert!(run.journal.duration_us < 12_000_000, "at once, not at the end: {}", run.journal.duration_us);
        assert_eq!((run.harm.injected, run.harm.undone), (1, 1));
        assert_eq!(run.of_role(ClaimRole::Guard, "success_rate < 50%").remark, "tripped");
        assert_eq!(run.claim("recovery <= 5s").judgement, Judgement::NotJudged);
    }
}

/// 2,000 operations at exactly the limit, looked at ten times a second.
#[test]
fn a_share_at_its_limit_does_not_trip() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(error_rate >= 30%)];
        abort_if [success_rate < 50%], [error_rate > 50%], [p50 > 5ms] for secs(60)
    );
    judge(spec, PASSED, |chaos| Box::pin(async move { held(chaos, erring(chaos, 50), 40).await }));
}

#[test]
fn a_count_trips_its_guard() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [recovery <= 5s]; abort_if [errors > 20]);
    let runs = judge(spec, guarded("guard `errors > 20` tripped: 2"), |chaos| {
        Box::pin(async move { held(chaos, erring(chaos, 20), 60).await })
    });
    for run in runs {
        let errors: u64 = run.journal.loads[0].phases.iter().map(|phase| phase.failed).sum();
        assert!((21..40).contains(&errors), "{errors}");
    }
}

#[test]
fn errors_of_the_baseline_do_not_trip_a_guard() {
    let spec = spec!(steady [success_rate >= 80%]; hypothesis [recovery <= 5s]; abort_if [errors > 0]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let early = now.since_injection.is_none();
                if early && random.u32(..100) < 5 { failed(ErrorClass::Reset, millis(5)) } else { fine(random) }
            });
            held(chaos, service, 5).await
        })
    });
}

#[test]
fn an_operation_in_flight_trips_max() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [recovery <= 5s]; abort_if [max > 2s]);
    let runs = judge(spec, guarded("guard `max > 2s` tripped: 2"), |chaos| {
        Box::pin(async move {
            let mut stuck = false;
            let service = Service::new(chaos, move |now, random| {
                if now.faulted && !std::mem::replace(&mut stuck, true) { never() } else { fine(random) }
            });
            held(chaos, service, 30).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.duration_us < 9_000_000));
}

/// One operation has hung since the warm-up; it must not hide one that hangs since the fault.
#[test]
fn an_older_operation_in_flight_does_not_hide_a_newer_one() {
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [recovery <= 5s];
        abort_if [max > 2s];
        options { timeout: secs(900) }
    );
    judge(spec, guarded("guard `max > 2s` tripped: 2"), |chaos| {
        Box::pin(async move {
            let mut calls = 0;
            let mut stuck = false;
            let service = Service::new(chaos, move |now, random| {
                calls += 1;
                let first = now.faulted && !stuck;
                stuck |= now.faulted;
                if calls == 5 || first { never() } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(50)).timeout(secs(600))).await?;
            chaos.inject(service.fault()).hold(secs(60)).await
        })
    });
}

#[test]
fn five_bad_seconds_trip_a_sustained_guard() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [success_rate < 50%] for secs(5)
    );
    let runs = judge(spec, guarded("tripped: in every second of the last 5 s"), |chaos| {
        Box::pin(async move { held(chaos, erring(chaos, 90), 60).await })
    });
    assert!(runs.iter().all(|run| (8_000_000..14_000_000).contains(&run.journal.duration_us)));
}

#[test]
fn four_bad_seconds_do_not_trip_a_guard_for_five() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [success_rate < 50%] for secs(5), [p50 > 1s] for secs(5), [throughput < 1/s] for secs(5)
    );
    judge(spec, PASSED, |chaos| Box::pin(async move { held(chaos, erring(chaos, 100), 4).await }));
}

/// Everything hangs. Each operation is known to have failed only 10 s later; the guard must trip all the same.
#[test]
fn hanging_operations_trip_a_sustained_guard() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [success_rate < 50%] for secs(5)
    );
    judge(spec, guarded("guard `success_rate < 50%` tripped"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { never() } else { fine(random) });
            held(chaos, service, 60).await
        })
    });
}

/// They hang for three seconds, and fail when everything else is over. The guard is told all the same.
#[test]
fn a_guard_is_looked_at_once_more_when_the_last_operation_has_ended() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [recovery <= 5s]; abort_if [errors > 20]);
    judge(spec, guarded("guard `errors > 20` tripped: 1"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { never() } else { fine(random) });
            held(chaos, service, 3).await
        })
    });
}

/// Ten seconds of waiting for the last answer are no outage.
#[test]
fn the_drain_trips_no_guard() {
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [recovery <= 5s];
        abort_if [unavailability > 2s], [throughput < 10/s], [success_rate < 50%] for secs(2)
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let mut calls = 0;
            let service = Service::new(chaos, move |now, random| {
                calls += u32::from(now.cleared_for(secs(5)));
                if calls == 5 { never() } else { fine(random) }
            });
            held(chaos, service, 3).await
        })
    });
}

/// That they are slower than a second is known a second later, not when they end.
#[test]
fn hanging_operations_trip_a_latency_guard_before_they_end() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [p50 > 1s] for secs(3)
    );
    let runs = judge(spec, guarded("guard `p50 > 1s` tripped"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { never() } else { fine(random) });
            held(chaos, service, 60).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.duration_us < 12_000_000), "{}", runs[0].journal.duration_us);
}

#[test]
fn an_outage_trips_unavailability_and_throughput() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 9s]; abort_if [unavailability > 4s]);
    judge(spec, guarded("guard `unavailability > 4s` tripped: 4"), |chaos| {
        Box::pin(async move { held(chaos, erring(chaos, 100), 30).await })
    });
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 9s]; abort_if [throughput < 10/s]);
    judge(spec, guarded("guard `throughput < 10/s` tripped"), |chaos| {
        Box::pin(async move { held(chaos, erring(chaos, 100), 30).await })
    });
}

#[test]
fn a_recovery_that_takes_too_long_trips() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 60s]; abort_if [recovery > 10s]);
    judge(spec, guarded("guard `recovery > 10s` tripped: 10"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                if now.faulted_or_within(minutes(9)) { failed(ErrorClass::Dns, millis(5)) } else { fine(random) }
            });
            held(chaos, service, 3).await
        })
    });
}

#[test]
fn a_probe_trips_its_guard() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; abort_if [probe("lag") > 10s]);
    judge(spec, guarded("guard `probe(\"lag\") > 10s` tripped: 11 s"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            chaos.probe(
                "lag",
                probe::every(millis(200), move || {
                    let lag = if lagging.is_faulted() { secs(11) } else { secs(1) };
                    async move { lag }
                }),
            );
            held(chaos, service, 20).await
        })
    });
}

/// A guard bounds the harm; it does not stand in for the hypothesis.
#[test]
fn an_untripped_guard_does_not_save_a_false_hypothesis() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p50 < 100ms)]; abort_if [p50 > 1s]);
    judge(spec, refuted("`during(p50 < 100ms)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(400)) } else { fine(random) });
            held(chaos, service, 10).await
        })
    });
}
