//! Coming back, or not.

use crate::judge::{PASSED, judge, refuted, spec};
use crate::service::{Service, failed, fine, never, ok};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::RecoveryState;
use std::time::Duration;

/// Down while the fault is on and for this long afterwards.
fn down_until(chaos: &Chaos, after: Duration) -> Service {
    Service::new(chaos, move |now, random| {
        if now.faulted_or_within(after) { failed(ErrorClass::Refused, millis(3)) } else { fine(random) }
    })
}

async fn held(chaos: &Chaos, service: Service, hold: u64) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(secs(hold)).await
}

#[test]
fn never_back_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 10s]);
    let runs = judge(spec, refuted("`recovery <= 10s` is false: measured never"), |chaos| {
        Box::pin(async move { held(chaos, down_until(chaos, minutes(60)), 3).await })
    });
    for run in runs {
        assert_eq!(run.journal.faults[0].recovery.as_ref().unwrap().state, RecoveryState::Permanent);
    }
}

#[test]
fn never_back_is_refuted_without_any_claim_about_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(max < 100ms)]);
    judge(spec, refuted("the steady state did not come back after `planted fault`"), |chaos| {
        Box::pin(async move { held(chaos, down_until(chaos, minutes(60)), 3).await })
    });
}

#[test]
fn three_seconds_are_within_five() {
    let spec =
        spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s] [unavailability <= 7s] [time_to_detect <= 1s]);
    let runs = judge(spec, PASSED, |chaos| Box::pin(async move { held(chaos, down_until(chaos, secs(3)), 3).await }));
    for run in runs {
        assert!((run.recovery(0) - 3.0).abs() <= 0.2, "{}", run.recovery(0));
        let recovery = run.journal.faults[0].recovery.as_ref().unwrap();
        assert_eq!(recovery.state, RecoveryState::Recovered);
        let both = (recovery.from_clearance_us.unwrap(), recovery.from_injection_us.unwrap());
        assert!(
            (both.1 as i64 - both.0 as i64 - 3_000_000).abs() < 50_000,
            "{both:?}: 3 s held between the two clocks"
        );
        assert!((5_900_000..6_200_000).contains(&recovery.unavailability_us), "{}", recovery.unavailability_us);
    }
}

#[test]
fn three_seconds_are_not_within_two() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 2s]);
    let runs = judge(spec, refuted("`recovery <= 2s` is false: measured 3"), |chaos| {
        Box::pin(async move { held(chaos, down_until(chaos, secs(3)), 3).await })
    });
    assert!(runs.iter().all(|run| (run.recovery(0) - 3.0).abs() <= 0.2));
}

#[test]
fn an_outage_of_six_seconds_is_not_within_five() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [unavailability <= 5s]);
    judge(spec, refuted("`unavailability <= 5s` is false: measured 6"), |chaos| {
        Box::pin(async move { held(chaos, down_until(chaos, secs(3)), 3).await })
    });
}

/// A one-shot fault's recovery counts from its confirmed injection.
#[test]
fn a_one_shot_recovery_counts_from_the_injection() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s] [unavailability <= 5s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = down_until(chaos, secs(1));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.crash(secs(3))).await
        })
    });
    for run in runs {
        assert!((run.recovery(0) - 4.0).abs() <= 0.2, "{}", run.recovery(0));
        assert!(run.journal.faults[0].one_shot);
    }
}

#[test]
fn a_one_shot_that_takes_four_seconds_is_not_within_three() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 3s]);
    judge(spec, refuted("`recovery <= 3s` is false"), |chaos| {
        Box::pin(async move {
            let service = down_until(chaos, secs(1));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.crash(secs(3))).await
        })
    });
}

#[test]
fn a_one_shot_that_never_ends_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(max < 100ms)]);
    judge(spec, refuted("the steady state did not come back after `planted crash`"), |chaos| {
        Box::pin(async move {
            let service = down_until(chaos, secs(1));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.crash(minutes(60))).await
        })
    });
}

/// Good for two seconds, which is no stretch of stability, then bad for good.
#[test]
fn a_flicker_is_no_recovery() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 30s]);
    judge(spec, refuted("`recovery <= 30s` is false: measured never"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let good = now.cleared_for(secs(2)) && !now.cleared_for(secs(4));
                if now.since_injection.is_none() || good { fine(random) } else { failed(ErrorClass::Closed, millis(3)) }
            });
            held(chaos, service, 3).await
        })
    });
}

/// Recovery is the start of the first *lasting* stretch: flickers before it do not count.
#[test]
fn flickers_before_the_recovery_do_not_shorten_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 8s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let flicker = now.cleared_for(secs(2)) && !now.cleared_for(secs(4));
                let good = now.since_injection.is_none() || flicker || now.cleared_for(secs(6));
                if good { fine(random) } else { failed(ErrorClass::Closed, millis(3)) }
            });
            held(chaos, service, 3).await
        })
    });
    assert!(runs.iter().all(|run| (run.recovery(0) - 6.0).abs() <= 0.2));
}

#[test]
fn slowness_after_the_clearance_delays_recovery() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [recovery <= 3s]);
    judge(spec, refuted("`recovery <= 3s` is false"), |chaos| {
        Box::pin(async move {
            let service =
                Service::new(
                    chaos,
                    |now, random| {
                        if now.faulted_or_within(secs(5)) { ok(millis(300)) } else { fine(random) }
                    },
                );
            held(chaos, service, 3).await
        })
    });
}

/// Steady for four seconds, enough to be called back, and lost in the after phase.
#[test]
fn lost_again_in_the_after_phase_is_refuted() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 3s];
        options { after: secs(8) }
    );
    judge(spec, refuted("the steady state was lost again"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                if now.faulted || now.cleared_for(secs(6)) {
                    failed(ErrorClass::Refused, millis(3))
                } else {
                    fine(random)
                }
            });
            held(chaos, service, 3).await
        })
    });
}

/// Five dead seconds of a minute are within 90 %, but the steady state was lost for longer than it takes to call it back.
#[test]
fn a_relapse_is_not_averaged_away() {
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [recovery <= 3s];
        options { after: secs(60) }
    );
    let runs = judge(spec, refuted("the steady state was lost again"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let relapse = now.cleared_for(secs(20)) && !now.cleared_for(secs(25));
                if now.faulted || relapse { failed(ErrorClass::Refused, millis(3)) } else { fine(random) }
            });
            held(chaos, service, 3).await
        })
    });
    for run in runs {
        assert_eq!(run.journal.faults[0].recovery.as_ref().unwrap().state, RecoveryState::Relapsed);
    }
}

/// The longest gap counts wherever it lies, the after phase included.
#[test]
fn an_outage_in_the_after_phase_is_unavailability() {
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [unavailability <= 1s];
        options { after: secs(60) }
    );
    judge(spec, refuted("`unavailability <= 1s` is false: measured 2"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let outage = now.cleared_for(secs(20)) && !now.cleared_for(secs(22));
                if outage { failed(ErrorClass::Refused, millis(3)) } else { fine(random) }
            });
            held(chaos, service, 3).await
        })
    });
}

/// Nothing comes in after the clearance: an empty bin is a bad one.
#[test]
fn silence_is_no_recovery() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 20s]);
    judge(spec, refuted("`recovery <= 20s` is false: measured never"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let rates = stages([(per_second(50), secs(7)), (per_second(0), minutes(10)), (per_second(50), secs(1))]);
            chaos.load(service.requests().rate(rates)).await?;
            chaos.inject(service.fault()).hold(secs(4)).await
        })
    });
}

#[test]
fn nothing_detected_is_no_time_to_detect() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [time_to_detect <= 1s]);
    judge(spec, crate::judge::inconclusive("`time_to_detect <= 1s` can't be decided"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            held(chaos, service, 5).await
        })
    });
}

/// Requests that hang in the fault phase are known to be bad only when they time out, long after the recovery.
#[test]
fn what_hangs_under_the_fault_is_no_absence_of_effect() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [time_to_detect <= 1s] [recovery <= 5s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { never() } else { fine(random) });
            held(chaos, service, 3).await
        })
    });
    for run in runs {
        assert_eq!(run.journal.faults[0].recovery.as_ref().unwrap().state, RecoveryState::Recovered);
    }
}

#[test]
fn late_detection_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [time_to_detect <= 2s]);
    judge(spec, refuted("`time_to_detect <= 2s` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let late = now.since_injection.is_some_and(|since| since >= secs(5));
                if now.faulted && late { failed(ErrorClass::Reset, millis(3)) } else { fine(random) }
            });
            held(chaos, service, 9).await
        })
    });
}

#[test]
fn a_steady_state_of_throughput_and_mean_is_watched_too() {
    let spec =
        spec!(steady [throughput >= 45/s] [mean < 300ms] [max < 500ms]; hypothesis [recovery <= 4s] [recovery >= 2s]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                if now.faulted_or_within(secs(3)) {
                    failed(ErrorClass::Refused, millis(3))
                } else {
                    ok(millis(random.u64(200..290)))
                }
            });
            held(chaos, service, 3).await
        })
    });
}

/// With answers in flight a bin's throughput is not known yet; a healthy system must not seem disturbed by that.
#[test]
fn answers_in_flight_do_not_count_against_throughput() {
    let spec = spec!(steady [throughput >= 45/s]; hypothesis [recovery <= 500ms]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| ok(millis(random.u64(500..900))));
            held(chaos, service, 5).await
        })
    });
    for run in runs {
        let recovery = run.journal.faults[0].recovery.as_ref().unwrap();
        assert_eq!((recovery.state, recovery.time_to_detect_us), (RecoveryState::NoEffect, None));
    }
}
