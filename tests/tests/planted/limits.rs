//! Claims about operations while a fault is on.

use crate::judge::{PASSED, inconclusive, judge, refuted, spec};
use crate::service::{Service, failed, fine, never, ok, status};
use chaos_runtime::claim::Claim;
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;

#[test]
fn a_healthy_system_passes() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p99 < 100ms)] [during(p50 < 40ms)] [success_rate >= 99.9%] [recovery <= 1s] [errors == 0]
            [permanent_failures == 0] [max < 200ms] [mean < 40ms] [throughput >= 95/s]
    );
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(12)).await
        })
    });
    for run in runs {
        assert_eq!((run.harm.injected, run.harm.undone), (1, 1));
        assert_eq!(run.recovery(0), 0.0);
    }
}

#[test]
fn noise_under_every_limit_passes() {
    let spec = spec!(
        steady [success_rate >= 98%] [p99 < 100ms];
        hypothesis [during(p99 < 100ms)] [success_rate >= 99%] [recovery <= 10s] [error_rate <= 1%]
            [unavailability < 1s] [throughput >= 180/s]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| match random.u32(..1_000) {
                0 => failed(ErrorClass::Timeout, millis(50)),
                1 => ok(millis(200)),
                2..20 => ok(millis(99)),
                _ => ok(millis(random.u64(1..98))),
            });
            chaos.load(service.requests().rate(per_second(200))).await?;
            chaos.inject(service.fault()).hold(secs(10)).await
        })
    });
}

#[test]
fn slow_at_p99_only_is_refuted_by_p99_and_not_by_p50() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p50 < 100ms)] [during(p99 < 100ms)] [recovery <= 5s]
    );
    let runs =
        judge(spec, refuted("`during(p99 < 100ms)` is false"), |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |now, random| {
                    if now.faulted && random.u32(..100) < 4 { ok(millis(400)) } else { fine(random) }
                });
                chaos.load(service.requests().rate(per_second(200))).await?;
                chaos.inject(service.fault()).hold(secs(10)).await
            })
        });
    for run in runs {
        assert_eq!(run.journal.reasons.len(), 1, "P50 and recovery hold: {:?}", run.journal.reasons);
        assert!((run.claim("during(p99 < 100ms)").value.unwrap() - 0.4).abs() < 0.01);
    }
}

#[test]
fn slow_by_a_constant_is_refuted() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [during(p50 < 100ms)] [recovery <= 2s]);
    judge(spec, refuted("`during(p50 < 100ms)` is false: measured"), |chaos| {
        Box::pin(async move {
            let service =
                Service::new(chaos, |now, random| ok(millis(random.u64(10..30) + if now.faulted { 150 } else { 0 })));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// Fails this share of the faulted requests, in per mille.
fn erring(chaos: &Chaos, per_mille: u32) -> Service {
    Service::new(chaos, move |now, random| {
        if now.faulted && random.u32(..1_000) < per_mille { failed(ErrorClass::Reset, millis(5)) } else { fine(random) }
    })
}

#[test]
fn two_percent_of_errors_refute_99_percent() {
    let spec = spec!(steady [success_rate >= 95%]; hypothesis [during(success_rate >= 99%)] [recovery <= 2s]);
    judge(spec, refuted("`during(success_rate >= 99%)` is false"), |chaos| {
        Box::pin(async move {
            let service = erring(chaos, 20);
            chaos.load(service.requests().rate(per_second(200))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

#[test]
fn half_a_percent_of_errors_is_tolerated_by_99_percent() {
    let spec = spec!(
        steady [success_rate >= 95%];
        hypothesis [during(success_rate >= 99%)] [error(reset) <= 1%] [error(timeout) == 0] [recovery <= 2s]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = erring(chaos, 5);
            chaos.load(service.requests().rate(per_second(200))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

/// FIELD.md: 396 requests, 30 errors, P95 500.94 ms, and another tool calls it passed.
#[test]
fn a_p95_of_501_ms_refutes_110_ms() {
    let spec = spec!(steady [p50 < 110ms]; hypothesis [during(p95 < 110ms)]);
    let runs = judge(spec, refuted("`during(p95 < 110ms)` is false"), |chaos| {
        Box::pin(async move {
            let mut n = 0;
            let service = Service::new(chaos, move |now, random| {
                if !now.faulted {
                    return fine(random);
                }
                n += 1;
                match n % 13 {
                    0 => failed(ErrorClass::Status, millis(20)),
                    1 => ok(micros(500_940)),
                    _ => fine(random),
                }
            });
            chaos.load(service.requests().rate(per_second(99))).await?;
            chaos.inject(service.fault()).hold(secs(4)).await
        })
    });
    for run in runs {
        let samples = run.claim("during(p95 < 110ms)").samples;
        assert!((390..=402).contains(&samples), "{samples}");
    }
}

#[test]
fn a_stall_is_charged_to_every_operation_that_was_due_in_it() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [during(p90 < 100ms)] [during(p99 < 500ms)]);
    let runs = judge(spec, refuted("`during(p99 < 500ms)` is false"), |chaos| {
        Box::pin(async move {
            // Frozen for the first second of the fault: whatever comes in then is answered at its end.
            let service = Service::new(chaos, |now, random| match now.since_injection {
                Some(since) if since < secs(1) => ok(secs(1) - since),
                _ => fine(random),
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
    for run in runs {
        let p99 = run.claim("during(p99 < 500ms)").value.unwrap();
        assert!((0.7..0.9).contains(&p99), "1 % of 20 s are the worst fifth of the stalled second: {p99}");
    }
}

#[test]
fn an_operation_in_flight_for_ever_is_not_forgotten() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [permanent_failures == 0] [recovery <= 30s];
        options { timeout: secs(4_000) }
    );
    let runs = judge(spec, refuted("`permanent_failures == 0` is false: measured 1"), |chaos| {
        Box::pin(async move {
            let mut stuck = false;
            let service = Service::new(chaos, move |now, random| {
                if now.faulted && !std::mem::replace(&mut stuck, true) { never() } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(50)).timeout(secs(3_600))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    for run in runs {
        let errors = run.journal.loads[0].phases.iter().map(|phase| &phase.errors);
        assert_eq!(errors.filter_map(|e| e.get(&ErrorClass::Unfinished)).sum::<u64>(), 1);
    }
}

#[test]
fn a_hung_operation_breaks_max() {
    let spec = spec!(steady [success_rate >= 95%]; hypothesis [max < 2s]);
    judge(spec, refuted("`max < 2s` is false: measured 10 s"), |chaos| {
        Box::pin(async move {
            let mut stuck = false;
            let service = Service::new(chaos, move |now, random| {
                if now.faulted && !std::mem::replace(&mut stuck, true) { never() } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn permanent_failures_behind_retries_are_refuted() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [permanent_failures == 0] [recovery <= 5s]);
    judge(spec, refuted("`permanent_failures == 0` is false"), |chaos| {
        Box::pin(async move {
            let service =
                Service::new(
                    chaos,
                    |now, random| {
                        if now.faulted { failed(ErrorClass::Refused, millis(2)) } else { fine(random) }
                    },
                );
            let retry = Retry::times(3).backoff(millis(50), millis(200));
            chaos.load(service.requests().rate(per_second(50)).retry(retry)).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// Every request fails at its first attempt while the fault is on, and succeeds at the second.
fn transient(chaos: &Chaos) -> Service {
    Service::new(chaos, |now, random| {
        if now.faulted && now.attempts == 0 { failed(ErrorClass::Refused, millis(2)) } else { fine(random) }
    })
}

#[test]
fn transient_failures_behind_retries_are_no_permanent_ones() {
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [permanent_failures == 0] [during(p99 < 300ms)] [recovery <= 2s]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = transient(chaos);
            let retry = Retry::times(3).backoff(millis(50), millis(200));
            chaos.load(service.requests().rate(per_second(50)).retry(retry)).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn transient_failures_behind_retries_lower_the_success_rate() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [permanent_failures == 0] [success_rate >= 99%]);
    judge(spec, refuted("`success_rate >= 99%` is false"), |chaos| {
        Box::pin(async move {
            let service = transient(chaos);
            let retry = Retry::times(3).backoff(millis(50), millis(200));
            chaos.load(service.requests().rate(per_second(50)).retry(retry)).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// Answers 503 to a fifth of the faulted requests.
fn shedding(chaos: &Chaos) -> Service {
    Service::new(chaos, |now, random| {
        if now.faulted && random.u32(..100) < 20 { status(503, millis(1)) } else { status(200, millis(20)) }
    })
}

#[test]
fn statuses_and_classes_are_told_apart() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(status(503) <= 25%)] [during(status(503) >= 15%)] [status(500) == 0] [status(200) >= 60%]
            [error(status) <= 25%] [error(reset) == 0] [during(throughput >= 70/s)]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = shedding(chaos);
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

#[test]
fn too_many_of_a_status_are_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(status(503) <= 10%)]);
    judge(spec, refuted("`during(status(503) <= 10%)` is false"), |chaos| {
        Box::pin(async move {
            let service = shedding(chaos);
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

#[test]
fn lost_throughput_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(throughput >= 90/s)]);
    judge(spec, refuted("`during(throughput >= 90/s)` is false"), |chaos| {
        Box::pin(async move {
            let service = shedding(chaos);
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(10)).await
        })
    });
}

/// The arrivals end when the after phase does; waiting for the last answers is no part of it.
#[test]
fn the_drain_of_slow_answers_does_not_dilute_throughput() {
    let spec = spec!(steady [throughput >= 95/s]; hypothesis [after(throughput >= 95/s)] [recovery <= 3s]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| ok(millis(random.u64(700..900))));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_slower_mean_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(mean < 50ms)] [during(p50 < 50ms)]);
    let runs =
        judge(spec, refuted("`during(mean < 50ms)` is false"), |chaos| {
            Box::pin(async move {
                let service = Service::new(chaos, |now, random| {
                    if now.faulted && random.u32(..10) == 0 { ok(millis(900)) } else { fine(random) }
                });
                chaos.load(service.requests().rate(per_second(100))).await?;
                chaos.inject(service.fault()).hold(secs(10)).await
            })
        });
    assert!(runs.iter().all(|run| run.journal.reasons.len() == 1));
}

#[test]
fn a_panicking_operation_is_a_failed_one() {
    // Its message would be printed a thousand times.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&"planted") {
            hook(panic);
        }
    }));
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [error(panicked) == 0] [recovery <= 3s]);
    judge(spec, refuted("`error(panicked) == 0` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let harmed = service.clone();
            let requests = op(move |id: OpId| {
                let service = harmed.clone();
                async move {
                    let outcome = service.call(id).await;
                    assert!(!service.is_faulted() || !id.index().is_multiple_of(5), "planted");
                    outcome
                }
            });
            chaos.load(requests.rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_closed_loop_is_judged_and_owns_up() {
    let spec = spec!(
        steady [success_rate >= 99%] [p99 < 100ms];
        hypothesis [during(p99 < 300ms)] [during(throughput >= 100/s)] [recovery <= 2s]
    );
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().closed_loop(4)).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.notes.iter().any(|note| note.contains("closed-loop"))));
}

#[test]
fn a_closed_loop_that_stalls_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%] [p99 < 100ms]; hypothesis [unavailability < 2s]);
    judge(spec, refuted("`unavailability < 2s` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { never() } else { fine(random) });
            chaos.load(service.requests().closed_loop(4).timeout(secs(3))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn expectations_of_the_body_are_judged_too() {
    const CLAIM: Claim = slo!(during(p99 < 100ms));
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, refuted("`during(p99 < 100ms)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(300)) } else { fine(random) });
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.expect(CLAIM);
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn with_confidence_enough_good_samples_pass() {
    let spec = spec!(
        steady [success_rate >= 95%];
        hypothesis [during(success_rate >= 98%)] [during(p99 < 100ms)];
        options { confidence: 0.95, baseline: secs(5) }
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = erring(chaos, 3);
            chaos.load(service.requests().rate(per_second(200))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

#[test]
fn with_confidence_clear_failures_are_refuted() {
    let spec = spec!(
        steady [success_rate >= 95%];
        hypothesis [during(success_rate >= 98%)];
        options { confidence: 0.95 }
    );
    judge(spec, refuted("`during(success_rate >= 98%)` is false"), |chaos| {
        Box::pin(async move {
            let service = erring(chaos, 60);
            chaos.load(service.requests().rate(per_second(200))).await?;
            chaos.inject(service.fault()).hold(secs(20)).await
        })
    });
}

#[test]
fn with_confidence_too_few_samples_decide_nothing() {
    // 200 of 200 successes hold by themselves, but show no more than 98.5 %.
    let spec = spec!(
        steady [success_rate >= 90%];
        hypothesis [during(success_rate >= 99%)];
        options { confidence: 0.95 }
    );
    judge(spec, inconclusive("`during(success_rate >= 99%)` can't be decided: not decided at 95 %"), |chaos| {
        Box::pin(async move {
            let service = erring(chaos, 0);
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(2)).await
        })
    });
}
