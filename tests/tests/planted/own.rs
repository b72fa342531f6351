//! A measuring machine that stands still now and then: what it could have done is neither blamed on the target nor
//! taken for its merit, and what the target did stays its own.

use crate::judge::{PASSED, guarded, inconclusive, judge, refuted, spec};
use crate::service::{Service, failed, fine, never, ok};
use chaos_runtime::experiment::virtual_time::{drivers_run, pause_the_drivers};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use std::time::Duration;

/// Injects the fault, and pauses the drivers once for this long while it is on.
async fn with_a_pause(chaos: &Chaos, service: &Service, hold: u64, pause: Duration) -> chaos::Result {
    let fault = chaos.inject(service.fault()).start().await?;
    tokio::time::sleep(secs(1)).await;
    pause_the_drivers(pause);
    tokio::time::sleep(secs(hold)).await;
    fault.clear().await
}

#[test]
fn what_only_a_pause_has_broken_is_inconclusive() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p99 < 50ms)];
        options { timeout: secs(300) }
    );
    let runs =
        judge(spec, inconclusive("`during(p99 < 50ms)` can't be decided: the measuring machine itself"), |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |_, random| fine(random));
                chaos.load(service.requests().rate(per_second(100))).await?;
                with_a_pause(chaos, &service, 8, millis(400)).await
            })
        });
    for run in runs {
        let driver = &run.journal.loads[0].phases[2].driver;
        assert!((350_000..=460_000).contains(&driver.longest_pause_us), "{driver:?}");
        assert!(run.claim("during(p99 < 50ms)").remark.contains("did not run for up to"), "{:?}", run.journal.claims);
    }
}

#[test]
fn a_pause_does_not_excuse_what_the_service_did() {
    let spec = spec!(steady [success_rate >= 99%] [p99 < 100ms]; hypothesis [during(p99 < 50ms)]);
    judge(spec, refuted("`during(p99 < 50ms)` is false"), |chaos| {
        Box::pin(async move {
            let service =
                Service::new(
                    chaos,
                    |now, random| {
                        if now.faulted && random.u32(..100) < 5 { ok(millis(80)) } else { fine(random) }
                    },
                );
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 8, millis(200)).await
        })
    });
}

#[test]
fn a_claim_that_holds_in_spite_of_a_pause_holds() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p90 < 100ms)] [during(max < 2s)] [during(mean < 100ms)] [errors == 0] [unavailability < 2s]
            [recovery <= 2s] [during(throughput >= 90/s)]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 8, millis(400)).await
        })
    });
}

#[test]
fn the_longest_the_mean_and_gaps_are_not_blamed_on_the_target() {
    let longest = spec!(steady [success_rate >= 99%]; hypothesis [during(max < 200ms)]);
    let mean = spec!(steady [success_rate >= 99%]; hypothesis [during(mean < 30ms)]);
    let gap = spec!(steady [success_rate >= 99%]; hypothesis [unavailability < 200ms]);
    for spec in [longest, mean, gap] {
        judge(spec, inconclusive("can't be decided: the measuring machine itself may have broken it"), |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |_, random| fine(random));
                chaos.load(service.requests().rate(per_second(100))).await?;
                with_a_pause(chaos, &service, 4, millis(500)).await
            })
        });
    }
}

#[test]
fn one_slow_operation_of_the_service_still_breaks_the_maximum() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(max < 300ms)]);
    judge(spec, refuted("`during(max < 300ms)` is false"), |chaos| {
        Box::pin(async move {
            let mut slow = false;
            let service = Service::new(chaos, move |now, random| {
                let late = now.since_injection.is_some_and(|since| now.faulted && since > secs(3));
                if late && !std::mem::replace(&mut slow, true) { ok(millis(600)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 6, millis(400)).await
        })
    });
}

#[test]
fn a_lower_limit_that_only_a_pause_has_met_is_inconclusive() {
    let quantile = spec!(steady [success_rate >= 99%]; hypothesis [during(p99 > 150ms)]);
    let longest = spec!(steady [success_rate >= 99%]; hypothesis [during(max >= 300ms)]);
    for spec in [quantile, longest] {
        judge(spec, inconclusive("can't be decided: the measuring machine itself may have made it true"), |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |_, random| fine(random));
                chaos.load(service.requests().rate(per_second(100))).await?;
                with_a_pause(chaos, &service, 8, millis(500)).await
            })
        });
    }
}

#[test]
fn a_lower_limit_that_the_service_meets_holds() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p90 > 150ms)] [during(max >= 150ms)]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(200)) } else { fine(random) });
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 8, millis(300)).await
        })
    });
}

/// The service answers in two steps; a driver that does not take the first one in time makes it too late for both.
#[test]
fn time_outs_that_a_pause_may_have_caused_are_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 99.9%)] [errors == 0]);
    judge(spec, inconclusive("the measuring machine itself may have broken it"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let stepwise = service.clone();
            let requests = op(move |id: OpId| {
                let service = stepwise.clone();
                async move {
                    service.call(id).await;
                    drivers_run().await;
                    service.call(id).await
                }
            });
            chaos.load(requests.rate(per_second(100)).timeout(millis(200))).await?;
            with_a_pause(chaos, &service, 12, millis(400)).await
        })
    });
}

#[test]
fn time_outs_of_a_service_that_hangs_are_its_own() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 90%)] [errors == 0]);
    judge(spec, refuted("`during(success_rate >= 90%)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(
                chaos,
                |now, random| {
                    if now.faulted && random.u32(..3) == 0 { never() } else { fine(random) }
                },
            );
            chaos.load(service.requests().rate(per_second(100)).timeout(secs(2))).await?;
            with_a_pause(chaos, &service, 8, millis(50)).await
        })
    });
}

#[test]
fn a_pause_in_the_baseline_does_not_make_the_service_unsteady() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [recovery <= 5s]; options { baseline: secs(5) });
    judge(spec, inconclusive("steady state not decidable: `p99 < 100ms`: the measuring machine itself"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            tokio::spawn(async {
                tokio::time::sleep(secs(4)).await;
                pause_the_drivers(millis(400));
            });
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// What is twice as slow under the fault looks well beside a baseline that the machine itself has spoiled.
#[test]
fn a_baseline_that_the_machine_has_spoiled_is_no_reference() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p99 <= 110% of baseline)]; options { baseline: secs(5) });
    judge(spec, inconclusive("the measuring machine itself may have made it true: in the baseline"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(60)) } else { fine(random) });
            chaos.load(service.requests().rate(per_second(100))).await?;
            tokio::spawn(async {
                tokio::time::sleep(secs(4)).await;
                pause_the_drivers(millis(400));
            });
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_short_pause_in_the_baseline_leaves_it_a_reference() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p50 <= 150% of baseline)]; options { baseline: secs(5) });
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            tokio::spawn(async {
                tokio::time::sleep(secs(4)).await;
                pause_the_drivers(millis(60));
            });
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// Pauses the drivers again and again after the fault has ended.
async fn with_pauses_in_recovery(chaos: &Chaos, service: &Service, times: u32) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(100))).await?;
    let fault = chaos.inject(service.fault()).start().await?;
    tokio::time::sleep(secs(3)).await;
    tokio::spawn(async move {
        for _ in 0..times {
            pause_the_drivers(millis(500));
            tokio::time::sleep(secs(1)).await;
        }
    });
    fault.clear().await
}

#[test]
fn a_recovery_that_pauses_may_have_delayed_is_inconclusive() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [recovery <= 2s]);
    judge(spec, inconclusive("`recovery <= 2s` can't be decided: the measuring machine itself"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            with_pauses_in_recovery(chaos, &service, 5).await
        })
    });
}

#[test]
fn a_recovery_that_the_service_delays_is_refuted_in_spite_of_pauses() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [recovery <= 2s]);
    judge(spec, refuted("`recovery <= 2s` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                if now.faulted_or_within(secs(8)) { failed(ErrorClass::Reset, millis(5)) } else { fine(random) }
            });
            with_pauses_in_recovery(chaos, &service, 2).await
        })
    });
}

#[test]
fn a_guard_that_a_pause_may_have_tripped_ends_the_harm_and_blames_nobody() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; abort_if [max > 300ms]);
    let runs = judge(spec, inconclusive("guard `max > 300ms` tripped: "), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 8, millis(500)).await
        })
    });
    for run in runs {
        assert!(run.journal.reasons[0].message.contains("but the measuring machine itself may have tripped it"));
        assert_eq!((run.harm.injected, run.harm.undone), (1, 1));
    }
}

#[test]
fn a_guard_that_the_service_trips_in_spite_of_a_pause_aborts() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; abort_if [max > 300ms]);
    judge(spec, guarded("guard `max > 300ms` tripped"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let late = now.since_injection.is_some_and(|since| now.faulted && since > secs(3));
                if late { ok(millis(900)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            with_a_pause(chaos, &service, 8, millis(100)).await
        })
    });
}

/// What was due while the fault was on, but sent when it was over, says nothing about it.
#[test]
fn operations_that_met_no_fault_any_more_are_no_proof() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 99%)]);
    judge(spec, inconclusive("were sent after it"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let fault = chaos.inject(service.fault()).start().await?;
            tokio::time::sleep(secs(1)).await;
            pause_the_drivers(secs(2));
            tokio::time::sleep(secs(1)).await;
            fault.clear().await
        })
    });
}

#[test]
fn a_closed_loop_that_paused_has_lost_no_throughput_of_the_service() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(throughput >= 170/s)]);
    judge(spec, inconclusive("the measuring machine itself may have broken it"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, _| ok(millis(20)));
            chaos.load(service.requests().closed_loop(4)).await?;
            with_a_pause(chaos, &service, 5, secs(1)).await
        })
    });
}
