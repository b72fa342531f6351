//! Claims relative to the baseline and to a control group.

use crate::judge::{PASSED, inconclusive, judge, refuted, spec};
use crate::service::{Service, failed, ok};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;

/// Latencies from a log-normal distribution, times this factor once the fault has been cleared.
fn slower_afterwards(chaos: &Chaos, factor: f64) -> Service {
    Service::new(chaos, move |now, random| {
        let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
        let factor = if now.cleared_for(secs(0)) { factor } else { 1.0 };
        ok(micros((20.0e3 * (0.3 * normal).exp() * factor) as u64))
    })
}

/// The same with pauses of 30 ms, which hit two of a hundred and move P99 about.
fn slower_with_pauses(chaos: &Chaos, factor: f64) -> Service {
    Service::new(chaos, move |now, random| {
        let pause = if random.u32(..50) == 0 { 30.0 } else { 0.0 };
        let factor = if now.cleared_for(secs(0)) { factor } else { 1.0 };
        ok(micros(((20.0 + 20.0 * random.f64() + pause) * 1e3 * factor) as u64))
    })
}

async fn held(chaos: &Chaos, service: Service, hold: u64) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(200))).await?;
    chaos.inject(service.fault()).hold(secs(hold)).await
}

#[test]
fn noise_is_no_slowdown() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [after(p99 <= 110% of baseline)] [after(p50 <= 110% of baseline)] [after(mean <= 110% of baseline)]
            [after(throughput >= 98% of baseline)] [after(p99 <= baseline + 5ms)] [after(success_rate >= 99% of baseline)];
        options { baseline: secs(10), after: secs(10) }
    );
    judge(spec, PASSED, |chaos| Box::pin(async move { held(chaos, slower_afterwards(chaos, 1.0), 5).await }));
}

#[test]
fn twice_as_slow_afterwards_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [after(p99 <= 110% of baseline)]);
    judge(spec, refuted("`after(p99 <= 110% of baseline)` is false"), |chaos| {
        Box::pin(async move { held(chaos, slower_afterwards(chaos, 2.0), 5).await })
    });
}

#[test]
fn twice_as_slow_with_pauses_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [after(p99 <= 110% of baseline)]);
    judge(spec, refuted("`after(p99 <= 110% of baseline)` is false"), |chaos| {
        Box::pin(async move { held(chaos, slower_with_pauses(chaos, 2.0), 5).await })
    });
}

#[test]
fn thirty_percent_slower_afterwards_is_refuted() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [after(p99 <= 110% of baseline)];
        options { baseline: secs(10), after: secs(10) }
    );
    judge(spec, refuted("`after(p99 <= 110% of baseline)` is false"), |chaos| {
        Box::pin(async move { held(chaos, slower_afterwards(chaos, 1.3), 5).await })
    });
}

#[test]
fn a_slower_median_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [after(p50 <= baseline + 2ms)]);
    judge(spec, refuted("`after(p50 <= baseline + 2ms)` is false"), |chaos| {
        Box::pin(async move { held(chaos, slower_afterwards(chaos, 1.3), 5).await })
    });
}

/// Operations of the baseline that the fault catches in flight must not become the reference.
#[test]
fn the_baseline_is_what_the_gate_saw() {
    let spec = spec!(steady [p50 < 1s]; hypothesis [during(p99 <= 110% of baseline)]);
    judge(spec, refuted("`during(p99 <= 110% of baseline)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                ok(if now.faulted { millis(900) } else { millis(random.u64(200..300)) })
            });
            held(chaos, service, 8).await
        })
    });
}

#[test]
fn more_errors_than_in_the_baseline_are_refuted() {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [during(error_rate <= baseline + 1%)]);
    judge(spec, refuted("`during(error_rate <= baseline + 1%)` is false"), |chaos| {
        Box::pin(async move {
            let service = Service::new(chaos, |now, random| {
                let percent = if now.faulted { 8 } else { 2 };
                if random.u32(..100) < percent { failed(ErrorClass::Body, millis(9)) } else { ok(millis(20)) }
            });
            held(chaos, service, 10).await
        })
    });
}

/// A treated and a control group, the treated one this much slower under the fault.
async fn against_control(chaos: &Chaos, slower: u64) -> chaos::Result {
    let latency = |random: &mut fastrand::Rng| millis(random.u64(20..40));
    let treated = Service::new(chaos, move |now, random| {
        ok(latency(random) + if now.faulted { millis(slower) } else { millis(0) })
    });
    let control = Service::new(chaos, move |_, random| ok(latency(random)));
    let both = [treated.clone(), control];
    // One type of operation for both groups.
    let group = move |index: usize| {
        let service = both[index].clone();
        Request(service)
    };
    chaos.load(group(0).rate(per_second(200)).against(group(1))).await?;
    chaos.inject(treated.fault()).hold(secs(10)).await
}

#[derive(Clone)]
struct Request(Service);

impl Operation for Request {
    async fn attempt(&self, id: OpId) -> chaos_runtime::measure::Outcome {
        self.0.call(id).await
    }

    fn describe(&self) -> String {
        "request".to_owned()
    }
}

#[test]
fn a_slower_treated_group_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p99 <= 110% of control)]);
    judge(spec, refuted("`during(p99 <= 110% of control)` is false"), |chaos| {
        Box::pin(async move { against_control(chaos, 30).await })
    });
}

#[test]
fn equal_groups_pass() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(p99 <= 110% of control)] [during(p50 <= 110% of control)]
            [during(success_rate >= 99.9% of control)]
    );
    judge(spec, PASSED, |chaos| Box::pin(async move { against_control(chaos, 0).await }));
}

#[test]
fn with_confidence_the_groups_are_told_apart_or_not() {
    let slower = spec!(
        steady [success_rate >= 95%];
        hypothesis [during(p90 <= 120% of control)];
        options { confidence: 0.95 }
    );
    judge(slower, refuted("`during(p90 <= 120% of control)` is false"), |chaos| {
        Box::pin(async move { against_control(chaos, 30).await })
    });
    let equal = spec!(
        steady [success_rate >= 95%];
        hypothesis [during(p90 <= 120% of control)];
        options { confidence: 0.95 }
    );
    judge(equal, PASSED, |chaos| Box::pin(async move { against_control(chaos, 0).await }));
}

#[test]
fn a_missing_control_group_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(p99 <= 110% of control)]);
    judge(spec, inconclusive("the control has no operations to compare with"), |chaos| {
        Box::pin(async move { held(chaos, slower_afterwards(chaos, 1.0), 5).await })
    });
}
