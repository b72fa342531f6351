//! What keeps a run from being a proof: the gate, evidence, traffic, sample sizes, unknown names.

use crate::judge::{PASSED, errored, inconclusive, judge, refuted, spec, unsteady};
use crate::service::{Harm, Service, failed, fine, never, ok};
use chaos_runtime::fault::{ClosureFault, EndsByUndo, Held, InjectCx};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Judgement, ReasonKind};
use std::sync::{Arc, Mutex};

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

/// Something (a supervisor) ends the harm after 100 ms of a hold of ten seconds.
#[test]
fn a_fault_that_ends_before_its_time_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 95%)]);
    judge(spec, inconclusive("`pause` was no longer seen at its end"), |chaos| {
        Box::pin(async move {
            let service =
                Service::new(
                    chaos,
                    |now, random| {
                        if now.faulted { failed(ErrorClass::Refused, millis(5)) } else { fine(random) }
                    },
                );
            chaos.load(service.requests().rate(per_second(100))).await?;
            let (harmed, seen) = (service.clone(), service);
            let pause = fault("pause", async move || {
                harmed.harm();
                tokio::spawn(async move {
                    tokio::time::sleep(millis(100)).await;
                    harmed.heal();
                });
            });
            chaos.inject(pause.undo(Undo::nothing()).confirm(move || seen.is_faulted())).hold(secs(10)).await
        })
    });
}

#[test]
fn a_confirmation_that_hangs_is_given_up_in_time() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let right = inconclusive("`planted fault` was not confirmed within 5 s: the confirmation did not answer");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            let hanging = async || std::future::pending::<bool>().await;
            chaos.inject(service.fault().confirm(hanging)).hold(secs(5)).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.duration_us < 20_000_000));
}

#[test]
fn a_confirmation_that_hangs_at_the_end_does_not_lengthen_the_harm() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            let asked = std::sync::atomic::AtomicBool::new(false);
            let hangs_later = move || {
                let again = asked.swap(true, std::sync::atomic::Ordering::Relaxed);
                async move {
                    if again {
                        std::future::pending::<()>().await;
                    }
                    true
                }
            };
            chaos.inject(service.fault().confirm(hangs_later)).hold(secs(5)).await
        })
    });
    for run in runs {
        let fault = &run.journal.faults[0];
        let held = fault.cleared_us.expect("it was cleared") - fault.injected_us;
        assert!(held < 7_000_000, "{held}");
    }
}

/// The first fault met a thousand operations, which say nothing about the second.
#[test]
fn every_fault_needs_operations_of_its_own() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 90%)]);
    judge(spec, inconclusive("no operation was observed while `unseen` was active"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await?;
            chaos.inject(fault("unseen", async || {}).undo(Undo::nothing())).hold(millis(1)).await
        })
    });
}

#[test]
fn a_fault_held_for_no_time_is_refused() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 90%)]);
    let runs = judge(spec, errored(ReasonKind::Body, "`planted fault` is held for no time at all"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let _ = chaos.inject(service.fault()).hold(secs(0)).await;
            Ok(())
        })
    });
    assert!(runs.iter().all(|run| run.harm == NO_HARM));
}

/// It takes 4.8 s to bite and is held for one more: only that second is what the fault does.
#[test]
fn healthy_time_before_the_confirmation_does_not_water_down_the_fault() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 80%)]);
    judge(spec, refuted("`during(success_rate >= 80%)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let bites = now.faulted && now.since_injection.is_some_and(|since| since > millis(4_800));
                if bites { failed(ErrorClass::Refused, millis(5)) } else { fine(random) }
            });
            chaos.load(service.requests().rate(per_second(100))).await?;
            let begun = tokio::time::Instant::now();
            let injected = std::sync::Arc::new(std::sync::Mutex::new(begun));
            let (harmed, noted) = (service.clone(), injected.clone());
            let late = fault("slow to bite", async move || {
                *noted.lock().expect("no panic inside") = tokio::time::Instant::now();
                harmed.harm();
            });
            let undo = Undo::in_process("heal", move || {
                let service = service.clone();
                async move {
                    service.heal();
                    chaos_runtime::Result::Ok(())
                }
            });
            let bites = move || injected.lock().expect("no panic inside").elapsed() > millis(4_800);
            chaos.inject(late.undo(undo).confirm(bites)).hold(secs(1)).await
        })
    });
}

/// It would never trip, and be reported as one that did not.
#[test]
fn a_guard_on_an_unknown_load_or_probe_harms_nothing() {
    let load = spec!(steady [success_rate >= 99%]; hypothesis; abort_if [chekout.error_rate > 50%]);
    let probe = spec!(steady [success_rate >= 99%]; hypothesis; abort_if [probe("nosuch") > 5]);
    let body: chaos_runtime::experiment::Body = |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50)).named("checkout")).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    };
    let runs = judge(load, inconclusive("no load is named `chekout`; there is `checkout`"), body);
    assert!(runs.iter().all(|run| run.harm == NO_HARM));
    let runs = judge(probe, inconclusive("`probe(\"nosuch\") > 5` can't be decided: no probe is named `nosuch`"), body);
    assert!(runs.iter().all(|run| run.harm == NO_HARM));
}

/// A fault whose preparation fails, or counts what was called when it does not.
struct Prepared {
    fault: ClosureFault<EndsByUndo>,
    works: bool,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Fault for Prepared {
    fn describe(&self) -> String {
        self.fault.describe()
    }

    fn target(&self) -> String {
        Fault::target(&self.fault)
    }

    async fn prepare(&mut self, _: &InjectCx) -> chaos::Result {
        self.calls.lock().unwrap().push("prepare");
        tokio::time::sleep(secs(2)).await;
        if self.works { Ok(()) } else { Err(chaos::Error::new("no such target").help("make one")) }
    }

    fn undo(&self) -> Undo {
        self.calls.lock().unwrap().push("undo");
        self.fault.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> chaos::Result {
        self.calls.lock().unwrap().push("inject");
        self.fault.inject(cx).await
    }

    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        self.fault.evidence().await
    }
}

impl Held for Prepared {}

#[test]
fn a_fault_that_can_not_be_prepared_is_not_injected() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Body, "so nothing was injected: no such target"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let prepared = Prepared { fault: service.fault(), works: false, calls: Arc::default() };
            chaos.inject(prepared).hold(secs(5)).await
        })
    });
    for run in runs {
        assert_eq!(run.harm, NO_HARM);
        assert!(run.journal.faults.is_empty() && run.journal.rollback.is_empty());
        assert_eq!(run.journal.reasons[0].help.as_deref(), Some("make one"));
    }
}

#[test]
fn preparing_comes_before_the_undo_and_costs_the_fault_no_time() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let calls = Arc::<Mutex<Vec<_>>>::default();
            let prepared = Prepared { fault: service.fault(), works: true, calls: calls.clone() };
            chaos.inject(prepared).hold(secs(5)).await?;
            assert_eq!(*calls.lock().unwrap(), ["prepare", "undo", "inject"]);
            Ok(())
        })
    });
    for run in runs {
        let fault = &run.journal.faults[0];
        assert!(fault.confirmed_us.unwrap() - fault.injected_us < 1_000_000, "{fault:?}");
    }
}

/// Bites at once, and shows it after 8 s only, as what happens far away does.
struct Late {
    fault: ClosureFault<EndsByUndo>,
    injected: Option<tokio::time::Instant>,
    own: Option<std::time::Duration>,
}

impl Late {
    fn new(service: &Service, own: Option<std::time::Duration>) -> Self {
        Self { fault: service.fault(), injected: None, own }
    }
}

impl Fault for Late {
    fn describe(&self) -> String {
        self.fault.describe()
    }

    fn target(&self) -> String {
        // The closure fault has a setter of this name.
        Fault::target(&self.fault)
    }

    fn undo(&self) -> Undo {
        self.fault.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> chaos::Result {
        self.injected = Some(tokio::time::Instant::now());
        self.fault.inject(cx).await
    }

    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        match self.injected {
            Some(injected) if injected.elapsed() >= secs(8) => self.fault.evidence().await,
            _ => Ok(Evidence::none("nothing is seen from here")),
        }
    }

    fn confirm_within(&self) -> Option<std::time::Duration> {
        self.own
    }
}

impl Held for Late {}

#[test]
fn a_fault_says_how_long_its_confirmation_may_take_and_the_attribute_outranks_it() {
    let usual = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(usual, inconclusive("`planted fault` was not confirmed within 5 s: nothing is seen from here"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(Late::new(&service, None)).hold(secs(5)).await
        })
    });
    // Less than the usual time is no wish that is granted.
    judge(usual, inconclusive("`planted fault` was not confirmed within 5 s: nothing is seen from here"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(Late::new(&service, Some(secs(1)))).hold(secs(5)).await
        })
    });
    judge(usual, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(Late::new(&service, Some(secs(30)))).hold(secs(5)).await
        })
    });
    let short = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; options { confirm: secs(6) });
    judge(short, inconclusive("`planted fault` was not confirmed within 6 s: nothing is seen from here"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(Late::new(&service, Some(secs(30)))).hold(secs(5)).await
        })
    });
}
