//! Several faults, several loads, known weaknesses.

use crate::judge::{PASSED, inconclusive, judge, refuted, spec, weakness};
use crate::service::{Service, failed, fine, ok};
use chaos_runtime::experiment::{KnownWeakness, Urgency};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{PhaseKind, Verdict};
use std::time::Duration;

/// Down while the fault is on and for this long afterwards.
fn down_until(chaos: &Chaos, after: Duration) -> Service {
    Service::new(chaos, move |now, random| {
        if now.faulted_or_within(after) { failed(ErrorClass::Refused, millis(3)) } else { fine(random) }
    })
}

#[test]
fn the_second_fault_waits_for_the_recovery_from_the_first() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s] [each_recovery <= 5s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = down_until(chaos, secs(4));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(3)).await?;
            chaos.inject(service.fault()).hold(secs(3)).await
        })
    });
    for run in runs {
        let faults = &run.journal.faults;
        let between = faults[1].injected_us - faults[0].cleared_us.unwrap();
        assert!(between >= 7_000_000, "4 s of recovery and 3 s of stability: {between} µs");
        assert!((run.recovery(0) - 4.0).abs() <= 0.2 && (run.recovery(1) - 4.0).abs() <= 0.2);
        assert_eq!((run.harm.injected, run.harm.undone), (2, 2));
    }
}

#[test]
fn nothing_more_is_injected_into_an_unsteady_system() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, refuted("`recovery <= 5s` is false: measured never"), |chaos| {
        Box::pin(async move {
            let service = down_until(chaos, minutes(60));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(3)).await?;
            // Whatever the body makes of the error.
            for _ in 0..3 {
                let _ = chaos.inject(service.fault()).hold(secs(3)).await;
            }
            Ok(())
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 1 && run.harm.undone == 1));
}

#[test]
fn the_worst_of_several_recoveries_counts() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 4s]);
    let runs = judge(spec, refuted("`recovery <= 4s` is false: measured 6"), |chaos| {
        Box::pin(async move {
            let (quick, slow) = (down_until(chaos, secs(1)), down_until(chaos, secs(6)));
            chaos.load(quick.requests().rate(per_second(50)).named("quick")).await?;
            chaos.load(slow.requests().rate(per_second(50)).named("slow")).await?;
            chaos.inject(slow.fault()).hold(secs(3)).await?;
            chaos.inject(quick.fault()).hold(secs(3)).await
        })
    });
    assert!(runs.iter().all(|run| (run.recovery(1) - 1.0).abs() <= 0.2));
}

/// One fault inside the other: recovery is watched when both have ended, and each counts from there.
#[test]
fn nested_faults_recover_together() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 3s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let (outer, inner) = (down_until(chaos, secs(2)), down_until(chaos, secs(1)));
            chaos.load(outer.requests().rate(per_second(50)).named("outer")).await?;
            chaos.load(inner.requests().rate(per_second(50)).named("inner")).await?;
            let fault = chaos.inject(outer.fault()).start().await?;
            chaos.inject(inner.fault()).hold(secs(3)).await?;
            tokio::time::sleep(secs(5)).await;
            fault.clear().await
        })
    });
    for run in runs {
        let phases: Vec<_> = run.journal.phases.iter().map(|phase| phase.kind).collect();
        let expected =
            [PhaseKind::WarmUp, PhaseKind::Baseline, PhaseKind::Fault, PhaseKind::Recovery, PhaseKind::After];
        assert_eq!(phases, expected);
        assert!((run.recovery(0) - 2.0).abs() <= 0.2, "{}", run.recovery(0));
    }
}

#[test]
fn overlapping_faults_by_join_recover_together() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 3s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let (a, b) = (down_until(chaos, secs(1)), down_until(chaos, secs(2)));
            chaos.load(a.requests().rate(per_second(50)).named("a")).await?;
            chaos.load(b.requests().rate(per_second(50)).named("b")).await?;
            let (first, second) =
                tokio::join!(chaos.inject(a.fault()).hold(secs(3)), chaos.inject(b.fault()).hold(secs(9)));
            first.and(second)
        })
    });
    for run in runs {
        assert_eq!(run.journal.phases.iter().filter(|phase| phase.kind == PhaseKind::Fault).count(), 1);
        assert!((run.recovery(1) - 2.0).abs() <= 0.2, "{}", run.recovery(1));
        assert_eq!((run.harm.injected, run.harm.undone), (2, 2));
    }
}

#[test]
fn a_crash_under_a_held_fault_recovers_with_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 3s]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let (a, b) = (down_until(chaos, secs(1)), down_until(chaos, secs(1)));
            chaos.load(a.requests().rate(per_second(50)).named("a")).await?;
            chaos.load(b.requests().rate(per_second(50)).named("b")).await?;
            let held = chaos.inject(a.fault()).start().await?;
            chaos.inject(b.crash(secs(1))).await?;
            tokio::time::sleep(secs(8)).await;
            held.clear().await
        })
    });
}

/// A long good stretch between two faults must not water down the bad one at the end.
#[test]
fn only_the_last_after_phase_says_whether_the_steady_state_is_back() {
    let spec = spec!(steady [success_rate >= 95%]; hypothesis [recovery <= 9s]);
    judge(spec, refuted("the steady state was lost again after the recovery: `success_rate >= 95%`"), |chaos| {
        Box::pin(async move {
            let mut faults = 0;
            let mut was = false;
            let service = Service::new(chaos, move |now, random| {
                faults += u32::from(now.faulted && !was);
                was = now.faulted;
                let bad = faults == 2 && now.cleared_for(millis(4_200)) && random.u32(..100) < 40;
                if bad { failed(ErrorClass::Reset, millis(3)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.crash(secs(1))).await?;
            tokio::time::sleep(secs(120)).await;
            chaos.inject(service.fault()).hold(secs(3)).await
        })
    });
}

#[test]
fn claims_of_one_load_do_not_read_the_other() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(checkout.p99 < 100ms)] [during(search.p50 >= 150ms)] [during(p99 < 300ms)]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let checkout = Service::new(chaos, |_, random| fine(random));
            let search = Service::new(chaos, |now, random| if now.faulted { ok(millis(200)) } else { fine(random) });
            chaos.load(checkout.requests().rate(per_second(60)).named("checkout")).await?;
            chaos.load(search.requests().rate(per_second(60)).named("search")).await?;
            chaos.inject(search.fault()).hold(secs(5)).await
        })
    });
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(search.p99 < 100ms)]);
    judge(spec, refuted("`during(search.p99 < 100ms)` is false"), |chaos| {
        Box::pin(async move {
            let checkout = Service::new(chaos, |_, random| fine(random));
            let search = Service::new(chaos, |now, random| if now.faulted { ok(millis(200)) } else { fine(random) });
            // A thousand good ones beside it change nothing.
            chaos.load(checkout.requests().rate(per_second(200)).named("checkout")).await?;
            chaos.load(search.requests().rate(per_second(40)).named("search")).await?;
            chaos.inject(search.fault()).hold(secs(5)).await
        })
    });
}

const PAY_142: KnownWeakness =
    KnownWeakness { id: "PAY-142", urgency: Urgency::High, fix_by: "2026-01-01", owner: Some("payments") };
const OVERDUE: KnownWeakness = KnownWeakness { fix_by: "2025-12-31", ..PAY_142 };

async fn slow_for_a_while(chaos: &Chaos) -> chaos::Result {
    let service = down_until(chaos, secs(6));
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(secs(3)).await
}

#[test]
fn a_known_weakness_is_tolerated_until_its_day() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; options { known_weakness: PAY_142 });
    let right = weakness(Verdict::KnownWeakness, "known weakness PAY-142, tolerated until 2026-01-01");
    let runs = judge(spec, right, |chaos| Box::pin(async move { slow_for_a_while(chaos).await }));
    assert!(runs.iter().all(|run| run.journal.finding.as_ref().is_some_and(|f| f.claims == ["recovery <= 5s"])));
}

#[test]
fn an_overdue_weakness_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; options { known_weakness: OVERDUE });
    let right = weakness(Verdict::Refuted, "known weakness PAY-142 was to be fixed by 2025-12-31");
    judge(spec, right, |chaos| Box::pin(async move { slow_for_a_while(chaos).await }));
}

#[test]
fn a_weakness_that_is_gone_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 9s]; options { known_weakness: PAY_142 });
    let right = weakness(Verdict::Refuted, "known weakness PAY-142 is gone");
    judge(spec, right, |chaos| Box::pin(async move { slow_for_a_while(chaos).await }));
}

#[test]
fn a_known_weakness_does_not_excuse_a_run_that_proves_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; options { known_weakness: PAY_142 });
    judge(spec, inconclusive("was not confirmed"), |chaos| {
        Box::pin(async move {
            let (service, other) = (down_until(chaos, secs(6)), down_until(chaos, secs(6)));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(other.fault()).hold(secs(3)).await
        })
    });
}

/// The first fault's recovery holds for five seconds, then the service is down again for twenty.
#[test]
fn nothing_more_is_injected_while_the_steady_state_is_lost_again() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [recovery <= 5s]);
    let right = refuted("the steady state was lost again after the recovery from `planted fault`");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let relapsed = now.since_clearance.is_some_and(|since| (5..25).contains(&since.as_secs()));
                if now.faulted || relapsed { failed(ErrorClass::Refused, millis(5)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(2)).await?;
            tokio::time::sleep(secs(6)).await;
            chaos.inject(fault("second", async || {}).undo(Undo::nothing())).hold(secs(2)).await
        })
    });
    for run in runs {
        let [first, second] = &run.journal.faults[..] else { panic!("the second waits until all is well") };
        let waited = second.injected_us - first.cleared_us.expect("it was cleared");
        assert!(waited > 25_000_000, "{waited}");
    }
}
