//! Conditions: what must be well before there is harm, and while there is.

use crate::judge::{PASSED, errored, guarded, inconclusive, judge, spec, unsteady};
use crate::service::{Service, fine};
use chaos_runtime::condition::{Condition, Standing};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::ReasonKind;
use std::time::Duration;
use tokio::time::Instant;

/// An alarm that knows the service, and for how long the fault has been on.
struct Alarm<F> {
    service: Service,
    begun: Instant,
    says: F,
}

impl<F> Alarm<F> {
    fn new(service: &Service, says: F) -> Self {
        Self { service: service.clone(), begun: Instant::now(), says }
    }
}

impl<F: Fn(bool, Duration) -> chaos::Result<Standing> + Send + Sync + 'static> Condition for Alarm<F> {
    fn describe(&self) -> String {
        "alarm `budget`".into()
    }

    async fn standing(&self) -> chaos::Result<Standing> {
        tokio::time::sleep(millis(50)).await;
        (self.says)(self.service.is_faulted(), self.begun.elapsed())
    }
}

async fn held(chaos: &Chaos, service: Service, hold: u64) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(secs(hold)).await
}

fn service(chaos: &Chaos) -> Service {
    Service::new(chaos, |_, random| fine(random))
}

fn rings() -> chaos::Result<Standing> {
    Ok(Standing::Alarming("it rings".into()))
}

fn silent() -> chaos::Result<Standing> {
    Ok(Standing::Unknown("it has no data".into()))
}

#[test]
fn conditions_that_are_well_change_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.require(Alarm::new(&service, |_, _| Ok(Standing::Well)));
            chaos.abort_on(Alarm::new(&service, |_, _| Ok(Standing::Well)));
            held(chaos, service, 20).await
        })
    });
}

#[test]
fn one_that_rings_keeps_the_gate_closed() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, unsteady("steady state not met: alarm `budget`: it rings"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.require(Alarm::new(&service, |_, _| rings()));
            held(chaos, service, 20).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

/// It was well when the baseline began.
#[test]
fn one_that_begins_to_ring_in_the_baseline_keeps_the_gate_closed() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, unsteady("steady state not met: alarm `budget`: it rings"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let late = |_, since| if since > secs(2) { rings() } else { Ok(Standing::Well) };
            chaos.abort_on(Alarm::new(&service, late));
            held(chaos, service, 20).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

#[test]
fn one_that_can_not_tell_keeps_the_gate_closed() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, inconclusive("steady state not decidable: alarm `budget`: it has no data"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.require(Alarm::new(&service, |_, _| silent()));
            held(chaos, service, 20).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

#[test]
fn one_that_can_not_be_asked_is_an_error() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let right = errored(ReasonKind::Body, "alarm `budget` can't be asked: there is no such alarm");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let missing = |_, _| Err(chaos_runtime::Error::new("there is no such alarm"));
            chaos.require(Alarm::new(&service, missing));
            held(chaos, service, 20).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

#[test]
fn one_that_rings_while_there_is_harm_ends_it() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, guarded("guard tripped: alarm `budget`: it rings"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.abort_on(Alarm::new(&service, |faulted, _| if faulted { rings() } else { Ok(Standing::Well) }));
            held(chaos, service, 100).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.undone == 1 && run.journal.duration_us < 20_000_000));
}

#[test]
fn a_guard_that_falls_silent_ends_the_harm_and_decides_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, inconclusive("a guard sees nothing any more: alarm `budget`: it has no data"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.abort_on(Alarm::new(&service, |faulted, _| if faulted { silent() } else { Ok(Standing::Well) }));
            held(chaos, service, 100).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.undone == 1 && run.journal.duration_us < 20_000_000));
}

/// Throttled for a while: no reason to stop. For good: nobody would see that anything is wrong.
#[test]
fn a_guard_may_be_out_of_reach_for_less_than_a_minute() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let throttled = |faulted, _| match faulted {
                true => Err(chaos_runtime::Error::new("throttled")),
                false => Ok(Standing::Well),
            };
            chaos.abort_on(Alarm::new(&service, throttled));
            held(chaos, service, 45).await
        })
    });
    let right = inconclusive("alarm `budget` could not be asked for 60s: throttled");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let throttled = |faulted, _| match faulted {
                true => Err(chaos_runtime::Error::new("throttled")),
                false => Ok(Standing::Well),
            };
            chaos.abort_on(Alarm::new(&service, throttled));
            held(chaos, service, 100).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.undone == 1 && run.journal.duration_us < 90_000_000));
}

#[test]
fn one_that_panics_is_an_error_and_harms_nobody() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]);
    let right = errored(ReasonKind::Body, "alarm `budget` can't be asked: panicked: at the disco");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.require(Alarm::new(&service, |_, _| panic!("at the disco")));
            held(chaos, service, 20).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}
