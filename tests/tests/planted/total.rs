//! What claims with a level of confidence say of a total failure.

use super::switch::{BASE, Sys, bad, claims, fine, run};
use chaos_runtime::experiment::{Options, Spec};
use chaos_runtime::measure::Outcome;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;

#[test]
fn confidence_and_a_limit_of_all() {
    static S: Spec = Spec {
        steady_state: claims!([success_rate >= 99%]),
        hypothesis: claims!([during(error_rate <= 100%)]),
        options: Options { confidence: Some(0.95), ..Options::DEFAULT },
        ..BASE
    };
    run(&S, &[Verdict::Passed], |chaos| {
        Box::pin(async move {
            let s = Sys::default();
            let a = s.clone();
            chaos
                .load(
                    op(move |_| {
                        let on = a.on();
                        async move {
                            if on {
                                return bad();
                            }
                            fine().await
                        }
                    })
                    .rate(per_second(200)),
                )
                .await?;
            chaos.inject(s.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn confidence_refutes_when_all_fail_relative_to_control() {
    static S: Spec = Spec {
        steady_state: claims!([success_rate >= 90%]),
        hypothesis: claims!([during(p95 <= 110% of control)]),
        options: Options { confidence: Some(0.95), ..Options::DEFAULT },
        ..BASE
    };
    run(&S, &[Verdict::Refuted], |chaos| {
        Box::pin(async move {
            let s = Sys::default();
            let a = s.clone();
            let make = move |a: Sys| {
                op(move |_| {
                    let on = a.on();
                    Box::pin(async move {
                        if on {
                            return bad();
                        }
                        fine().await
                    }) as std::pin::Pin<Box<dyn Future<Output = Outcome>>>
                })
            };
            chaos.load(make(a.clone()).rate(per_second(200)).against(make(Sys::default()))).await?;
            chaos.inject(s.fault()).hold(secs(8)).await
        })
    });
}
