//! Claims about values that stand for periods and come late, as CloudWatch gives them.

use crate::judge::{PASSED, guarded, inconclusive, judge, refuted, spec, unsteady};
use crate::service::{Service, fine};
use chaos_runtime::prelude::*;
use chaos_runtime::probe::{Aggregate, Periods};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A monitoring system: it looks at a value ten times a second and gives one value for each period, late.
#[derive(Clone)]
struct Monitor {
    period: Duration,
    /// How long after the end of a period its value is there.
    delay: Duration,
    history: Arc<Mutex<Vec<(SystemTime, f64)>>>,
}

impl Monitor {
    fn new(period: Duration, delay: Duration, value: impl Fn() -> f64 + Send + 'static) -> Self {
        let history: Arc<Mutex<Vec<_>>> = Arc::default();
        let (begun, into) = (Instant::now(), history.clone());
        // Virtual experiments begin with the year 2026.
        let origin = SystemTime::UNIX_EPOCH + secs(1_767_225_600);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(millis(100));
            loop {
                ticks.tick().await;
                into.lock().expect("no panic inside").push((origin + begun.elapsed(), value()));
            }
        });
        Self { period, delay, history }
    }

    /// The periods of `from..to` that are known at `to`, each with all that was seen in it.
    fn known(&self, from: SystemTime, to: SystemTime) -> Vec<(SystemTime, Vec<f64>)> {
        let history = self.history.lock().expect("no panic inside");
        let mut periods = Vec::new();
        let mut start = from;
        while start + self.period + self.delay <= to {
            let inside = history.iter().filter(|(at, _)| (start..start + self.period).contains(at));
            periods.push((start, inside.map(|(_, value)| *value).collect()));
            start += self.period;
        }
        periods
    }

    fn give(&self, aggregate: Aggregate, of: fn(&[f64]) -> f64) -> Given {
        let monitor = self.clone();
        let read: Box<Read> = Box::new(move |from, to| {
            let known = monitor.known(from, to).into_iter().filter(|(_, seen)| !seen.is_empty());
            let values: Vec<_> = known.map(|(start, seen)| (start, of(&seen))).collect();
            ready(Ok(values))
        });
        probe::periods(self.period, read).of(aggregate).settles_within(SETTLES)
    }

    fn maximum(&self) -> Given {
        self.give(Aggregate::Maximum, |seen| seen.iter().copied().fold(f64::MIN, f64::max))
    }

    fn mean(&self) -> Given {
        self.give(Aggregate::Other, |seen| seen.iter().sum::<f64>() / seen.len() as f64)
    }
}

type Read = dyn Fn(SystemTime, SystemTime) -> Ready<Result<Vec<(SystemTime, f64)>, String>> + Send;

/// What a monitoring system is as a probe.
type Given = Periods<Box<Read>>;

const PERIOD: Duration = secs(10);
const DELAY: Duration = secs(15);
const SETTLES: Duration = secs(20);

async fn held(chaos: &Chaos, service: Service, hold: Duration) -> chaos::Result {
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(service.fault()).hold(hold).await
}

fn service(chaos: &Chaos) -> Service {
    Service::new(chaos, |_, random| fine(random))
}

/// 1 when all is well, `faulted` while the fault is on.
fn depth(service: &Service, faulted: f64) -> Monitor {
    let service = service.clone();
    Monitor::new(PERIOD, DELAY, move || if service.is_faulted() { faulted } else { 1.0 })
}

#[test]
fn what_holds_in_every_period_passes() {
    let spec = spec!(
        steady [success_rate >= 99%] [probe("depth") <= 2];
        hypothesis [during(probe("depth") < 10)] [probe("depth") < 10] [after(probe("depth") <= 2)] [recovery <= 5s]
    );
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
    for run in runs {
        let during = run.claim("during(probe(\"depth\") < 10)");
        assert_eq!(during.value, Some(5.0), "only whole periods of the fault: {during:?}");
        let probe = &run.journal.probes[0];
        assert_eq!(probe.period_us, Some(10_000_000));
        let after = run.journal.phases.last().expect("it had phases");
        let last = probe.samples.last().expect("it had values");
        assert!(last.at_us + 10_000_000 >= after.end_us - 10_000_000, "the values of the after phase were waited for");
    }
}

#[test]
fn one_period_beyond_the_limit_refutes_however_late_it_comes() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, refuted("`during(probe(\"depth\") < 10)` is false: measured 50"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 50.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
}

/// A mean of ten seconds, five of them without the fault, says nothing about it, good or bad.
#[test]
fn a_mean_can_not_speak_for_a_fault_shorter_than_its_period() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    let runs = judge(spec, inconclusive("no whole period of 10 s lies in the fault phase, which lasted 5"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(5)).await
        })
    });
    let warned = |notes: &[String]| notes.iter().any(|note| note.contains("one of 5 s has none"));
    assert!(runs.iter().all(|run| warned(&run.journal.notes)));
}

#[test]
fn a_maximum_speaks_for_every_part_of_its_period() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).maximum());
            held(chaos, service, secs(5)).await
        })
    });
}

/// It may have been the fault, it may have been what was before it.
#[test]
fn a_mixed_period_beyond_the_limit_refutes_nothing_and_proves_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    for mean in [true, false] {
        let body: chaos_runtime::experiment::Body = if mean {
            |chaos| {
                Box::pin(async move {
                    let service = service(chaos);
                    chaos.probe("depth", depth(&service, 500.0).mean());
                    held(chaos, service, secs(5)).await
                })
            }
        } else {
            |chaos| {
                Box::pin(async move {
                    let service = service(chaos);
                    chaos.probe("depth", depth(&service, 500.0).maximum());
                    held(chaos, service, secs(5)).await
                })
            }
        };
        judge(spec, inconclusive("mixes fault and no-fault time is beyond the limit"), body);
    }
}

/// The harm is done in the first two seconds of a long fault, which share their period with the baseline.
#[test]
fn whole_periods_do_not_hide_a_bad_beginning() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, inconclusive("mixes fault and no-fault time is beyond the limit"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let harmed = service.clone();
            let since = Mutex::new(None);
            let burst = move || {
                let mut since = since.lock().expect("no panic inside");
                match harmed.is_faulted() {
                    true => since.get_or_insert_with(Instant::now).elapsed() < secs(2),
                    false => false,
                }
            };
            let depth = Monitor::new(PERIOD, DELAY, move || if burst() { 500.0 } else { 1.0 });
            chaos.probe("depth", depth.maximum());
            chaos.load(service.requests().rate(per_second(50))).await?;
            // Lest a period begins with the fault.
            tokio::time::sleep(secs(1)).await;
            chaos.inject(service.fault()).hold(secs(45)).await
        })
    });
}

#[test]
fn a_source_without_values_keeps_the_gate_closed() {
    let spec = spec!(steady [success_rate >= 99%] [probe("depth") <= 2]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, inconclusive("its source has no value for 1 of 1 period, 20 s after"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let nothing = |_, _| async { Ok::<_, String>(Vec::<(SystemTime, f64)>::new()) };
            chaos.probe("depth", probe::periods(PERIOD, nothing).settles_within(SETTLES));
            held(chaos, service, secs(25)).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

/// Of the fault, too, nothing ever comes: the values of the baseline do not stand for it.
#[test]
fn a_source_that_falls_silent_with_the_fault_is_inconclusive() {
    let spec = spec!(
        steady [success_rate >= 99%] [probe("depth") <= 2];
        hypothesis [during(probe("depth") < 10)]
    );
    judge(spec, inconclusive("its source has no value for"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let silent = service.clone();
            let depth = depth(&service, 5.0);
            let read = move |from, to| {
                let silent = silent.faulted_or_within(secs(3_600));
                let known = if silent { Vec::new() } else { depth.known(from, to) };
                let values: Vec<_> = known.into_iter().map(|(start, seen)| (start, seen[0])).collect();
                async move { Ok::<_, String>(values) }
            };
            chaos.probe("depth", probe::periods(PERIOD, read).settles_within(SETTLES));
            held(chaos, service, secs(45)).await
        })
    });
}

#[test]
fn one_missing_period_of_the_fault_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, inconclusive("its source has no value for 1 of"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let faulted = service.clone();
            // Only the third period in which the fault was seen has no value.
            let depth = depth(&service, 5.0);
            let read = move |from, to| {
                let _ = &faulted;
                let mut harmed = 0;
                let mut values = Vec::new();
                for (start, seen) in depth.known(SystemTime::UNIX_EPOCH + secs(1_767_225_600), to) {
                    harmed += u64::from(seen.contains(&5.0));
                    let gap = harmed == 3 && seen.iter().all(|value| *value == 5.0);
                    if start >= from && !gap {
                        values.push((start, seen[0]));
                    }
                }
                async move { Ok::<_, String>(values) }
            };
            chaos.probe("depth", probe::periods(PERIOD, read).settles_within(SETTLES));
            held(chaos, service, secs(60)).await
        })
    });
}

/// They come, but after they should have settled.
#[test]
fn values_later_than_promised_are_missing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, inconclusive("its source has no value for"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let slow = service.clone();
            let depth = Monitor::new(PERIOD, secs(90), move || if slow.is_faulted() { 5.0 } else { 1.0 });
            chaos.probe("depth", depth.mean());
            held(chaos, service, secs(25)).await
        })
    });
}

/// A first value of each period is too low; it is corrected before it settles.
#[test]
fn a_value_counts_as_it_is_when_it_has_settled() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, refuted("`during(probe(\"depth\") < 10)` is false: measured 50"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let final_values = depth(&service, 50.0);
            let early = Monitor { delay: secs(1), ..final_values.clone() };
            let read = move |from, to| {
                let mut values: Vec<_> = early.known(from, to).into_iter().map(|(start, _)| (start, 1.0)).collect();
                values.extend(final_values.known(from, to).into_iter().map(|(start, seen)| (start, seen[0])));
                async move { Ok::<_, String>(values) }
            };
            chaos.probe("depth", probe::periods(PERIOD, read).settles_within(SETTLES));
            held(chaos, service, secs(45)).await
        })
    });
}

#[test]
fn a_bad_period_of_the_baseline_closes_the_gate() {
    let spec = spec!(steady [success_rate >= 99%] [probe("depth") <= 2]; hypothesis [recovery <= 5s]);
    let runs = judge(spec, unsteady("steady state not met: `probe(\"depth\") <= 2` measured 3"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", Monitor::new(PERIOD, DELAY, || 3.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

/// It is bad again a minute after the fault: too late for recovery, which is measured by requests, but not for `after`.
#[test]
fn the_steady_state_must_hold_in_a_whole_period_after_the_fault() {
    let spec = spec!(steady [success_rate >= 99%] [probe("depth") <= 2]; hypothesis [recovery <= 5s]);
    judge(spec, refuted("the steady state was lost again after the recovery: `probe(\"depth\") <= 2`"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let filled = service.clone();
            let value = move || if filled.faulted_or_within(secs(60)) { 9.0 } else { 1.0 };
            chaos.probe("depth", Monitor::new(PERIOD, DELAY, value).mean());
            held(chaos, service, secs(25)).await
        })
    });
}

#[test]
fn a_steady_state_of_nothing_else_is_refused() {
    let spec = spec!(steady [probe("depth") <= 2]; hypothesis [during(probe("depth") < 10)]);
    let runs = judge(spec, inconclusive("all of the steady state is known only minutes later"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}

#[test]
fn a_time_out_that_leaves_no_room_for_a_period_is_told_at_once() {
    let spec = spec!(
        steady [success_rate >= 99%] [probe("depth") <= 2];
        hypothesis [recovery <= 5s];
        options { timeout: secs(35) }
    );
    let right = inconclusive("the experiment takes at least 40 s, and its time-out is 35 s");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.duration_us < 10_000_000 && run.harm.injected == 0));
}

#[test]
fn a_guard_trips_as_soon_as_a_period_has_come() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [probe("depth") > 10], [probe("depth") > 100] for secs(20)
    );
    let runs = judge(spec, guarded("guard `probe(\"depth\") > 10` tripped: 50"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 50.0).maximum());
            held(chaos, service, secs(200)).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.duration_us < 60_000_000 && run.harm.undone == 1));
}

#[test]
fn a_guard_with_a_duration_trips_when_periods_of_that_length_have_come() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [recovery <= 5s];
        abort_if [probe("depth") > 10] for secs(20)
    );
    let runs =
        judge(spec, guarded("guard `probe(\"depth\") > 10` tripped: in every second of the last 20 s"), |chaos| {
            Box::pin(async move {
                let service = service(chaos);
                chaos.probe("depth", depth(&service, 50.0).maximum());
                held(chaos, service, secs(200)).await
            })
        });
    assert!(runs.iter().all(|run| run.journal.duration_us < 90_000_000));
}

/// What a guard should have seen comes when the load has ended: it was breached all the same.
#[test]
fn a_guard_looks_at_what_comes_after_the_end() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 5s]; abort_if [probe("depth") > 10]);
    judge(spec, guarded("guard `probe(\"depth\") > 10` tripped: 50"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 50.0).maximum());
            held(chaos, service, secs(20)).await
        })
    });
}

#[test]
fn a_source_that_fails_is_inconclusive_and_says_why() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, inconclusive("can't be read: no route to host"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let fails = |_, _| async { Err::<Vec<(SystemTime, f64)>, _>("no route to host") };
            chaos.probe("depth", probe::periods(PERIOD, fails).settles_within(SETTLES));
            held(chaos, service, secs(25)).await
        })
    });
}

/// While it fails nothing is lost: what has settled meanwhile comes with the next answer.
#[test]
fn a_source_that_fails_for_a_while_costs_nothing() {
    let spec = spec!(
        steady [success_rate >= 99%] [probe("depth") <= 2];
        hypothesis [during(probe("depth") < 10)] [after(probe("depth") <= 2)]
    );
    judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let (harmed, monitor) = (service.clone(), depth(&service, 5.0));
            let read = move |from, to| {
                let fails = harmed.is_faulted();
                let known = monitor.known(from, to).into_iter();
                let values: Vec<_> = known.map(|(start, seen)| (start, seen[0])).collect();
                async move { if fails { Err("throttled") } else { Ok(values) } }
            };
            chaos.probe("depth", probe::periods(PERIOD, read).settles_within(SETTLES));
            held(chaos, service, secs(45)).await
        })
    });
}

#[test]
fn a_source_that_hangs_or_panics_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") < 10)]);
    judge(spec, inconclusive("can't be read: no answer within 30s"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            let hangs = |_, _| std::future::pending::<Result<Vec<(SystemTime, f64)>, String>>();
            chaos.probe("depth", probe::periods(PERIOD, hangs).settles_within(SETTLES));
            held(chaos, service, secs(25)).await
        })
    });
}

#[test]
fn a_limit_may_be_relative_to_the_periods_of_the_baseline() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(probe("depth") <= 300% of baseline)]);
    judge(spec, refuted("is false: measured 5"), |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
}

#[test]
fn values_in_another_unit_are_refused_before_any_harm() {
    let spec = spec!(
        steady [success_rate >= 99%];
        hypothesis [during(probe("depth") < 10s)];
        options { warm_up: secs(40) }
    );
    let right = inconclusive("the probe gives plain numbers, the claim speaks of `s`");
    let runs = judge(spec, right, |chaos| {
        Box::pin(async move {
            let service = service(chaos);
            chaos.probe("depth", depth(&service, 5.0).mean());
            held(chaos, service, secs(25)).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 0));
}
