//! Claims about probes.

use crate::judge::{PASSED, errored, inconclusive, judge, refuted, spec, unsteady};
use crate::service::{Service, fine};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::ReasonKind;

async fn held(chaos: &Chaos, service: Service, hold: u64) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(secs(hold)).await
}

#[test]
fn a_probe_within_its_limit_passes() {
    let spec = spec!(
        steady [success_rate >= 99%] [probe("lag") < 2s];
        hypothesis [during(probe("lag") < 10s)] [probe("free") >= 10%] [probe("workers") == 3] [recovery <= 8s]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            chaos.probe(
                "lag",
                probe::every(millis(500), move || {
                    let lag = if lagging.is_faulted() { secs(9) } else { secs(1) };
                    async move { lag }
                }),
            );
            chaos.probe("free", probe::every(secs(1), || async { Ok::<_, String>(percent(20)) }));
            chaos.probe("workers", probe::every(secs(1), || async { 3 }));
            held(chaos, service, 5).await
        })
    });
}

#[test]
fn one_sample_beyond_the_limit_refutes() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("lag") < 10s)]);
    judge(spec, refuted("`during(probe(\"lag\") < 10s)` is false: measured 12 s"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            let mut faulted = 0;
            let next = std::sync::Mutex::new(move || {
                faulted += u64::from(lagging.is_faulted());
                if faulted == 7 { secs(12) } else { secs(1) }
            });
            chaos.probe(
                "lag",
                probe::every(millis(500), move || {
                    let lag = next.lock().expect("no panic inside")();
                    async move { lag }
                }),
            );
            held(chaos, service, 5).await
        })
    });
}

#[test]
fn missing_samples_are_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("lag") < 10s)]);
    judge(spec, inconclusive("samples are missing"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            let samples = std::sync::atomic::AtomicU64::new(0);
            chaos.probe(
                "lag",
                probe::every(millis(200), move || {
                    let nth = samples.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let fails = lagging.is_faulted() && nth.is_multiple_of(3);
                    async move { if fails { Err("no connection") } else { Ok(secs(1)) } }
                }),
            );
            held(chaos, service, 5).await
        })
    });
}

/// It answers until the fault, and then hangs to the end: the last good sample must not stand for the fault.
#[test]
fn a_probe_that_hangs_is_inconclusive() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(probe("lag") < 10s)];
        options { after: secs(1), stability: secs(1) }
    );
    judge(spec, inconclusive("`during(probe(\"lag\") < 10s)` can't be decided"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            chaos.probe(
                "lag",
                probe::every(millis(500), move || {
                    let hangs = lagging.is_faulted();
                    async move {
                        if hangs {
                            std::future::pending::<()>().await;
                        }
                        secs(1)
                    }
                }),
            );
            held(chaos, service, 2).await
        })
    });
}

#[test]
fn another_unit_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [probe("lag") < 10s]);
    judge(spec, inconclusive("the probe gives plain numbers, the claim speaks of `s`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.probe("lag", probe::every(millis(500), || async { 3 }));
            held(chaos, service, 5).await
        })
    });
}

#[test]
fn a_probe_beyond_its_limit_before_the_fault_closes_the_gate() {
    let spec = spec!(steady [success_rate >= 99%] [probe("lag") < 1s]; hypothesis [recovery <= 5s]);
    judge(spec, unsteady("steady state not met: `probe(\"lag\") < 1s` measured 3 s"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.probe("lag", probe::every(millis(500), || async { secs(3) }));
            held(chaos, service, 5).await
        })
    });
}

/// Requests are fine at once, but the queue takes six seconds to drain.
#[test]
fn a_probe_of_the_steady_state_delays_recovery() {
    let spec = spec!(steady [success_rate >= 99%] [probe("queue") <= 5]; hypothesis [recovery <= 4s]);
    judge(spec, refuted("`recovery <= 4s` is false: measured 5."), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let drained = service.clone();
            chaos.probe(
                "queue",
                probe::every(millis(250), move || {
                    let depth = if drained.faulted_or_within(millis(5_900)) { 500 } else { 0 };
                    async move { depth }
                }),
            );
            held(chaos, service, 5).await
        })
    });
}

/// Sampled every ten seconds, it is last seen before the fault: that says nothing about the three seconds of it.
#[test]
fn a_sample_of_the_baseline_proves_nothing_about_the_fault() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("lag") < 1s)]);
    judge(spec, inconclusive("it samples every 10 s, the phase lasted 3"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            let lagging = service.clone();
            let lag = move || if lagging.is_faulted() { secs(100) } else { millis(1) };
            chaos.probe("lag", probe::every(secs(10), lag));
            held(chaos, service, 3).await
        })
    });
}

#[test]
fn two_probes_of_one_name_are_refused() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [probe("lag") < 5]);
    judge(spec, errored(ReasonKind::Body, "two probes are named `lag`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.probe("lag", probe::every(millis(100), || 1));
            chaos.probe("lag", probe::every(millis(100), || 9));
            held(chaos, service, 1).await
        })
    });
}

/// 3, in milliseconds, says its author: neither more nor less than 500 ms.
#[test]
fn a_guard_in_another_unit_is_inconclusive_before_any_harm() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis; abort_if [probe("lag") > 500ms]);
    let runs = judge(spec, inconclusive("the probe gives plain numbers, the claim speaks of `s`"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |_, random| fine(random));
            chaos.probe("lag", probe::every(millis(100), || 3));
            held(chaos, service, 1).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}
