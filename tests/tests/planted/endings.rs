//! Ways out: errors, panics, time-outs, injections and undos that fail. Whatever happens, what was injected is undone.

use crate::judge::{Run, errored, judge, refuted, rollback_failed, spec};
use crate::service::{Service, fine, note_injected, note_undone, ok};
use chaos_runtime::fault::{ClosureFault, EndsByUndo};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::ReasonKind;

fn healthy(chaos: &Chaos) -> Service {
    Service::new(chaos, |_, random| fine(random))
}

fn all_undone_once(runs: &[Run], faults: u32) {
    for run in runs {
        assert_eq!((run.harm.injected, run.harm.undone), (faults, faults), "seed {}", run.seed);
    }
}

#[test]
fn an_error_of_the_body_while_the_fault_is_on() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Body, "the ledger is not reachable"), |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            let _fault = chaos.inject(service.fault()).start().await?;
            Err(chaos::Error::new("the ledger is not reachable"))
        })
    });
    all_undone_once(&runs, 1);
}

#[test]
fn an_error_of_the_body_before_any_fault() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Body, "no such file"), |chaos| {
        Box::pin(async move {
            chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
            Err(std::io::Error::other("no such file").into())
        })
    });
    all_undone_once(&runs, 0);
}

#[test]
fn an_error_of_the_body_after_a_good_fault() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Body, "orders are missing"), |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await?;
            Err(chaos::Error::new("orders are missing"))
        })
    });
    all_undone_once(&runs, 1);
}

#[test]
fn a_panic_of_the_body_while_the_fault_is_on() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Panic, "the body panicked: planted"), |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            let _fault = chaos.inject(service.fault()).start().await?;
            std::panic::resume_unwind(Box::new("planted"));
        })
    });
    all_undone_once(&runs, 1);
}

#[test]
fn a_body_that_never_ends_is_timed_out() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        options { timeout: secs(30) }
    );
    let runs = judge(spec, errored(ReasonKind::Timeout, "not done within 30 s"), |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            let _fault = chaos.inject(service.fault()).start().await?;
            std::future::pending().await
        })
    });
    all_undone_once(&runs, 1);
    assert!(runs.iter().all(|run| run.journal.duration_us < 31_000_000));
}

#[test]
fn a_fault_that_is_left_on_is_cleared_and_noted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p50 < 100ms)] [recovery <= 1s]);
    let right = refuted("`during(p50 < 100ms)` is false");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| if now.faulted { ok(millis(200)) } else { fine(random) });
            chaos.load(service.requests().rate(per_second(50))).await?;
            let _fault = chaos.inject(service.fault()).start().await?;
            tokio::time::sleep(secs(5)).await;
            Ok(())
        })
    });
    all_undone_once(&runs, 1);
    for run in runs {
        assert!(run.journal.notes.iter().any(|note| note.contains("still on when the body returned")));
        assert_eq!(run.recovery(0), 0.0);
    }
}

/// A fault whose undo is counted and does this.
fn with_undo(undo: fn() -> chaos::Result) -> ClosureFault<EndsByUndo> {
    fault("planted fault", async || note_injected())
        .undo(Undo::in_process("heal by hand", move || async move { undo() }))
}

#[test]
fn an_injection_that_fails_is_undone_all_the_same() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, errored(ReasonKind::Body, "failed to inject `half done`: no permission"), |chaos| {
        Box::pin(async move {
            chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
            let half_done = fault("half done", async || {
                note_injected();
                Err::<(), _>("no permission")
            });
            let undo = Undo::in_process("heal", || async {
                note_undone();
                chaos::Result::Ok(())
            });
            chaos.inject(half_done.undo(undo)).hold(secs(5)).await
        })
    });
    all_undone_once(&runs, 1);
}

#[test]
fn a_body_that_swallows_a_failed_injection_passes_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [success_rate >= 99%]);
    judge(spec, errored(ReasonKind::Body, "failed to inject `half done`: no permission"), |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            let half_done = fault("half done", async || Err::<(), _>("no permission")).undo(Undo::nothing());
            let _ = chaos.inject(half_done).hold(secs(5)).await;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

/// The hypothesis is false too; what was left behind matters more.
#[test]
fn an_undo_that_fails_outranks_a_refutation() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p50 < 1ms)]);
    let runs =
        judge(spec, rollback_failed("`planted fault` on planted fault is still there: access denied"), |chaos| {
            Box::pin(async move {
                chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
                chaos.inject(with_undo(|| Err(chaos::Error::new("access denied")))).hold(secs(5)).await
            })
        });
    for run in runs {
        let help = run.journal.reasons[0].help.as_deref().unwrap();
        assert!(help.contains("heal by hand"), "{help}");
    }
}

#[test]
fn an_undo_that_panics_is_a_failed_one() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, rollback_failed("the undo panicked: planted"), |chaos| {
        Box::pin(async move {
            chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
            chaos.inject(with_undo(|| std::panic::resume_unwind(Box::new("planted")))).hold(secs(5)).await
        })
    });
}

#[test]
fn an_undo_that_fails_after_a_panic_outranks_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, rollback_failed("access denied"), |chaos| {
        Box::pin(async move {
            chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
            let _fault = chaos.inject(with_undo(|| Err(chaos::Error::new("access denied")))).start().await?;
            std::panic::resume_unwind(Box::new("planted"));
        })
    });
}

/// The undo failed, and the body does not care.
#[test]
fn a_swallowed_rollback_failure_is_told_all_the_same() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, rollback_failed("access denied"), |chaos| {
        Box::pin(async move {
            chaos.load(healthy(chaos).requests().rate(per_second(50))).await?;
            let _ = chaos.inject(with_undo(|| Err(chaos::Error::new("access denied")))).hold(secs(5)).await;
            Ok(())
        })
    });
}

#[test]
fn a_load_that_can_not_run_is_an_error() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, errored(ReasonKind::Body, "a load can't run at this rate"), |chaos| {
        Box::pin(async move { chaos.load(healthy(chaos).requests().rate(per_second(0))).await })
    });
}

#[test]
fn a_body_that_swallows_a_failed_injection_does_not_hide_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let right = errored(ReasonKind::Body, "failed to inject `broken`: permission denied");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(50))).await?;
            let broken = fault("broken", async || Err::<(), _>("permission denied"));
            let _ = chaos.inject(broken.undo(Undo::nothing())).hold(secs(1)).await;
            Ok(())
        })
    });
    assert!(runs.iter().all(|run| run.journal.faults[0].evidence.contains("permission denied")));
}

/// It is then as long as the claims need.
#[test]
fn an_after_phase_of_zero_still_judges_the_steady_state() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        options { after: secs(0) }
    );
    judge(spec, crate::judge::PASSED, |chaos| {
        Box::pin(async move {
            let service = healthy(chaos);
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}
