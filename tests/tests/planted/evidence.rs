//! What keeps a run from being a proof: the gate, evidence, traffic, sample sizes, unknown names.

use crate::judge::{PASSED, inconclusive, judge, refuted, spec, unsteady};
use crate::service::{Harm, Service, failed, fine, never, ok};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Judgement;

const NO_HARM: Harm = Harm { injected: 0, undone: 0 };

#[test]
fn a_closed_gate_injects_nothing_and_undoes_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, unsteady("steady state not met: `success_rate >= 99%` measured"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| {
                if random.u32(..100) < 10 { failed(ErrorClass::Timeout, millis(40)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    for run in runs {
        assert_eq!(run.harm, NO_HARM);
        assert!(run.journal.faults.is_empty() && run.journal.rollback.is_empty());
        assert_eq!(run.claim("recovery <= 5s").judgement, Judgement::NotJudged);
    }
}

#[test]
fn a_body_that_swallows_the_gates_error_passes_nothing() {
    let spec = spec!(steady [p99 < 10ms]; hypothesis [recovery <= 5s]);
    judge(spec, unsteady("steady state not met: `p99 < 10ms`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let _ = chaos.inject(service.fault()).hold(secs(5)).await;
            let _ = chaos.inject(service.fault()).hold(secs(5)).await;
            Ok(())
        })
    });
}

/// Half of the requests hang; the other half is fine. What is still in flight is not steady.
#[test]
fn operations_that_hang_in_the_baseline_close_the_gate() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 30s]);
    let runs = judge(spec, unsteady("steady state not met: `success_rate >= 99%`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| if random.bool() { never() } else { fine(random) });
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    assert!(runs.iter().all(|run| run.harm == NO_HARM));
}

#[test]
fn a_system_that_never_answers_can_not_be_called_steady() {
    let spec = spec!(steady [p99 < 100ms]; hypothesis [recovery <= 30s]);
    judge(spec, inconclusive("steady state not decidable: `p99 < 100ms`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, _| never());
            chaos.load(service.requests().rate(per_second(10)).timeout(secs(3_600))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_fault_without_evidence_is_inconclusive_by_name() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let right = inconclusive("`planted fault` was not confirmed within 5 s: 0 requests hit");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let other = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(other.fault()).hold(secs(5)).await
        })
    });
    for run in runs {
        assert_eq!((run.harm.injected, run.harm.undone), (1, 1));
    }
}

/// The fault is its own witness, but no operation met it: the load pauses.
#[test]
fn a_fault_on_an_idle_path_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    judge(spec, inconclusive("no operation was observed while the fault was active"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let pause = stages([(per_second(50), millis(4_003)), (per_second(0), secs(6)), (per_second(50), secs(1))]);
            chaos.load(service.requests().rate(pause)).await?;
            let idle = fault("unseen", async || {}).undo(Undo::nothing());
            chaos.inject(idle).hold(secs(3)).await
        })
    });
}

/// A probe that goes on sampling does not stand in for the operations that are missing.
#[test]
fn a_probe_is_no_traffic_where_there_is_a_load() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [probe("lag") < 10s]);
    judge(spec, inconclusive("no operation was observed while the fault was active"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let pause = stages([(per_second(50), millis(4_003)), (per_second(0), secs(6)), (per_second(50), secs(1))]);
            chaos.probe("lag", probe::every(millis(100), || async { secs(1) }));
            chaos.load(service.requests().rate(pause)).await?;
            let idle = fault("unseen", async || {}).undo(Undo::nothing());
            chaos.inject(idle).hold(secs(3)).await
        })
    });
}

#[test]
fn too_few_operations_are_inconclusive() {
    // 3 s at 20/s: 60 operations, and P99 needs 100.
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [during(p99 < 100ms)]);
    judge(spec, inconclusive("`during(p99 < 100ms)` can't be decided: needs at least 100 operations"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(20))).await?;
            chaos.inject(service.fault()).hold(secs(3)).await
        })
    });
}

#[test]
fn too_few_operations_still_refute_what_is_clearly_false() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [during(p99 < 100ms)]);
    judge(spec, refuted("`during(p99 < 100ms)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(150)) } else { fine(random) });
            chaos.load(service.requests().rate(per_second(20))).await?;
            chaos.inject(service.fault()).hold(secs(3)).await
        })
    });
}

#[test]
fn what_can_never_be_decided_is_said_at_once() {
    let spec = spec!(steady [p99.9 < 100ms]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, inconclusive("`p99.9 < 100ms` can never be decided: it needs 1,000 operations"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(2))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
    for run in runs {
        assert!(run.journal.duration_us < 1_500_000, "{}", run.journal.duration_us);
        assert_eq!(run.harm, NO_HARM);
    }
}

#[test]
fn nothing_injected_proves_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [success_rate >= 99%]);
    judge(spec, inconclusive("nothing was injected"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            tokio::time::sleep(secs(10)).await;
            Ok(())
        })
    });
}

#[test]
fn an_empty_body_proves_nothing() {
    judge(spec!(steady [success_rate >= 99%]), inconclusive("nothing was injected"), |_| Box::pin(async { Ok(()) }));
}

#[test]
fn without_a_steady_state_nothing_is_proven() {
    let spec = spec!(steady; hypothesis [during(p99 < 100ms)]);
    judge(spec, inconclusive("no steady state was declared"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_steady_state_without_a_load_is_undecidable() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, inconclusive("steady state not decidable: `success_rate >= 99%`: no operation"), |chaos| {
        Box::pin(async move { chaos.inject(fault("f", async || {}).undo(Undo::nothing())).hold(secs(5)).await })
    });
}

#[test]
fn an_unknown_load_is_inconclusive_by_name() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [checkout.p99 < 100ms]);
    let right = inconclusive("`checkout.p99 < 100ms` can't be decided: no load is named `checkout`; there is `load`");
    judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn an_unknown_ledger_is_inconclusive_by_name() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [orders.lost == 0]);
    judge(spec, inconclusive("`orders.lost == 0` can't be decided: no ledger is named `orders`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn an_unknown_probe_is_inconclusive_by_name() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [probe("lag") < 1s]);
    judge(spec, inconclusive("no probe is named `lag`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_slow_start_is_waited_for_and_passes() {
    // 2/s: the gate needs 10 operations of the baseline, which take longer than its least length.
    let spec = spec!(steady [p90 < 100ms]; hypothesis [recovery <= 10s]; options { bin: secs(2) });
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(2))).await?;
            chaos.inject(service.fault()).hold(secs(10)).await
        })
    });
}
