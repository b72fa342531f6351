//! Systems drawn at random, whose right verdict follows from how they were drawn, with a clear margin.
//!
//! A few run always. Thousands: `cargo test -p chaos-tests --test planted thousands -- --ignored --nocapture`.

use crate::judge::{run, spec};
use crate::service::{Service, failed, ok};
use chaos_runtime::experiment::{Body, Spec};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ClaimRole, Judgement, Verdict};
use std::time::Duration;

const ERRORS: &str = "during(success_rate >= 95%)";
const SLOW: &str = "during(p90 < 100ms)";
const RECOVERY: &str = "recovery <= 4s";
const AFTER: &str = "after(p50 <= 150% of baseline)";

/// A system: drawn from a seed alone.
#[derive(Debug, Clone)]
struct System {
    rate: f64,
    random_arrivals: bool,
    latency: f64,
    /// Share of requests that fail before the fault.
    broken_before: f64,
    errors: f64,
    slow: f64,
    slow_by: Duration,
    /// Until when everything fails after the clearance; `None` = for ever.
    down: Option<Duration>,
    slower_after: f64,
    visible: bool,
    hold: Duration,
}

impl System {
    fn draw(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut between = |low: f64, high: f64| low + (high - low) * random.f64();
        let rate = between(80.0, 150.0);
        let random_arrivals = between(0.0, 1.0) < 0.3;
        let latency = between(4.0, 18.0);
        let broken_before = if between(0.0, 1.0) < 0.06 { between(0.25, 0.9) } else { between(0.0, 0.005) };
        let errors = if between(0.0, 1.0) < 0.3 { between(0.12, 1.0) } else { between(0.0, 0.015) };
        let slow = if between(0.0, 1.0) < 0.3 { between(0.2, 0.9) } else { between(0.0, 0.02) };
        let slow_by = Duration::from_secs_f64(between(0.15, 2.0));
        let down = match between(0.0, 1.0) {
            0.0..0.4 => Some(Duration::ZERO),
            0.4..0.7 => Some(Duration::from_secs_f64(between(0.5, 3.5))),
            0.7..0.93 => Some(Duration::from_secs_f64(between(4.5, 15.0))),
            _ => None,
        };
        let slower_after = if between(0.0, 1.0) < 0.25 { between(2.0, 2.9) } else { between(0.9, 1.15) };
        let visible = between(0.0, 1.0) < 0.95;
        let hold = Duration::from_secs_f64(between(5.0, 8.0));
        Self { rate, random_arrivals, latency, broken_before, errors, slow, slow_by, down, slower_after, visible, hold }
    }

    /// The verdict that it must get, and which claims of the hypothesis are false.
    fn right(&self) -> (Verdict, Vec<&'static str>) {
        if self.broken_before > 0.2 {
            return (Verdict::Unsteady, vec![]);
        }
        if !self.visible {
            return (Verdict::Inconclusive, vec![]);
        }
        let mut broken = Vec::new();
        if self.errors > 0.05 {
            broken.push(ERRORS);
        }
        // A failed request is slow too.
        if self.slow + self.errors > 0.1 {
            broken.push(SLOW);
        }
        if self.down.is_none_or(|down| down > secs(4)) {
            broken.push(RECOVERY);
        }
        if self.down.is_some() && self.slower_after > 1.5 {
            broken.push(AFTER);
        }
        (if broken.is_empty() { Verdict::Passed } else { Verdict::Refuted }, broken)
    }

    fn service(&self, chaos: &Chaos) -> Service {
        let system = self.clone();
        Service::new(chaos, move |now, random| {
            let mut latency = system.latency * (0.5 + random.f64());
            let mut fails = system.broken_before;
            if now.faulted {
                fails = system.errors;
                if random.f64() < system.slow {
                    latency += system.slow_by.as_secs_f64() * 1e3;
                }
            } else if now.since_clearance.is_some() {
                latency *= system.slower_after;
                fails = if system.down.is_none_or(|down| now.faulted_or_within(down)) { 1.0 } else { 0.0 };
            }
            let latency = Duration::from_secs_f64(latency / 1e3);
            if random.f64() < fails { failed(ErrorClass::Refused, latency) } else { ok(latency) }
        })
    }
}

fn experiment() -> (&'static Spec, Body) {
    let spec = spec!(
        steady [success_rate >= 95%] [p90 < 100ms];
        hypothesis [during(success_rate >= 95%)] [during(p90 < 100ms)] [recovery <= 4s]
            [after(p50 <= 150% of baseline)]
    );
    (spec, |chaos| {
        Box::pin(async move {
            let system = System::draw(chaos.seed());
            let service = system.service(chaos);
            let rate = per_second(system.rate);
            let load = service.requests();
            chaos.load(if system.random_arrivals { load.rate(poisson(rate)) } else { load.rate(rate) }).await?;
            let harmed = if system.visible { service.fault() } else { system.service(chaos).fault() };
            chaos.inject(harmed).hold(system.hold).await
        })
    })
}

/// Why a drawn system was judged wrongly, if it was.
fn disagreement(seed: u64) -> Option<String> {
    let (spec, body) = experiment();
    let system = System::draw(seed);
    let (verdict, broken) = system.right();
    let run = run(spec, body, seed);
    let found = run.journal.claims.iter().filter(|claim| claim.role == ClaimRole::Hypothesis);
    let found: Vec<_> = found.filter(|c| c.judgement == Judgement::Broken).map(|c| c.text.as_str()).collect();
    let measured = run.journal.faults.first().and_then(|fault| fault.recovery.as_ref()?.counted_us());
    let recovery = match (&verdict, system.down) {
        (Verdict::Passed | Verdict::Refuted, Some(down)) => {
            measured.is_some_and(|measured| (measured as f64 / 1e6 - down.as_secs_f64()).abs() <= 1.0)
        }
        _ => true,
    };
    let right = run.journal.verdict == verdict && found == broken && recovery && run.harm.injected == run.harm.undone;
    (!right).then(|| {
        format!(
            "seed {seed}: {:?} {found:?} instead of {verdict:?} {broken:?}\n{system:?}\n{:?}\n{:?}\n{:#?}",
            run.journal.verdict, run.journal.reasons, run.journal.faults, run.journal.claims
        )
    })
}

/// Judges systems on all processors and gives the time that one took.
fn judge_all(seeds: std::ops::Range<u64>) -> Duration {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, count) = (std::sync::atomic::AtomicU64::new(seeds.start), seeds.end - seeds.start);
    let begun = std::time::Instant::now();
    let wrong = std::thread::scope(|scope| {
        let work = || {
            let mut wrong = Vec::new();
            loop {
                let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if seed >= seeds.end {
                    return wrong;
                }
                wrong.extend(disagreement(seed));
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a simulation does not panic")).collect::<Vec<_>>()
    });
    assert!(wrong.is_empty(), "{} of {count} systems are judged wrongly:\n{}", wrong.len(), wrong[0]);
    begun.elapsed() * threads as u32 / count as u32
}

#[test]
fn a_hundred_drawn_systems_are_judged_rightly() {
    judge_all(0..100);
}

#[test]
#[ignore = "takes minutes"]
fn thousands_of_drawn_systems_are_judged_rightly() {
    let each = judge_all(1_000..3_000);
    println!("{each:?} each");
}
