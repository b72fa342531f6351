//! What comes again: a second fault, and a second attempt.

use super::switch::{BASE, Sys, bad, claims, fine, run, show};
use chaos_runtime::experiment::virtual_time::simulate;
use chaos_runtime::experiment::{Body, Spec};
use chaos_runtime::load::Retry;
use chaos_runtime::measure::Outcome;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::sleep;

#[test]
fn a_guard_is_not_blinded_by_an_earlier_harmless_fault() {
    static S: Spec =
        Spec { steady_state: claims!([success_rate >= 99%]), abort_if: claims!([success_rate < 50%]), ..BASE };
    run(&S, &[Verdict::Aborted], |chaos| {
        Box::pin(async move {
            let (s, t) = (Sys::default(), Sys::default());
            let (a, b) = (s.clone(), t.clone());
            chaos
                .load(
                    op(move |_| {
                        a.on();
                        let on = b.on();
                        async move {
                            if on {
                                return bad();
                            }
                            fine().await
                        }
                    })
                    .rate(per_second(100)),
                )
                .await?;
            chaos.inject(s.named("harmless")).hold(secs(60)).await?;
            chaos.inject(t.named("outage")).hold(secs(55)).await
        })
    });
}

#[test]
fn an_operation_in_back_off_at_the_end_is_no_permanent_failure() {
    static S: Spec =
        Spec { steady_state: claims!([success_rate >= 90%]), hypothesis: claims!([permanent_failures == 0]), ..BASE };
    run(&S, &[Verdict::Passed], |chaos| {
        Box::pin(async move {
            let s = Sys::default();
            let a = s.clone();
            let n = std::sync::atomic::AtomicU64::new(0);
            chaos
                .load(
                    op(move |_| {
                        a.on();
                        let n = n.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        async move {
                            if n.is_multiple_of(50) {
                                return bad();
                            }
                            fine().await
                        }
                    })
                    .rate(per_second(100))
                    .timeout(secs(1))
                    .retry(Retry::for_at_most(secs(45)).backoff(secs(5), secs(5))),
                )
                .await?;
            chaos.inject(s.fault()).hold(secs(3)).await
        })
    });
}

#[test]
fn a_hundred_percent_of_baseline_is_within_its_noise() {
    static S: Spec = Spec {
        steady_state: claims!([success_rate >= 99%]),
        hypothesis: claims!([after(p95 <= 100% of baseline)]),
        ..BASE
    };
    static T: Spec = Spec { hypothesis: claims!([after(p95 <= baseline + 1us)]), ..S };
    let body: Body = |chaos| {
        Box::pin(async move {
            let s = Sys::default();
            let a = s.clone();
            let r = Mutex::new(fastrand::Rng::with_seed(chaos.seed()));
            chaos
                .load(
                    op(move |_| {
                        a.on();
                        let ms = r.lock().unwrap().u64(10_000..30_000);
                        async move {
                            sleep(Duration::from_micros(ms)).await;
                            Outcome::OK
                        }
                    })
                    .rate(per_second(200)),
                )
                .await?;
            chaos.inject(s.fault()).hold(secs(3)).await
        })
    };
    let count = |spec: &'static Spec| {
        (1..=20)
            .map(|seed| simulate(spec, seed, body))
            .filter(|j| {
                if j.verdict == Verdict::Refuted {
                    println!("{}", show(j))
                }
                j.verdict == Verdict::Refuted
            })
            .count()
    };
    let (a, b) = (count(&S), count(&T));
    println!("100%: {a} of 20 refuted, +1us: {b}");
    assert_eq!((a, b), (0, 0));
}
