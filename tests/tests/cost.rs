//! What a chaos test costs beyond its own phases. Measure it yourself:
//! `cargo test -p chaos-tests --test cost -- --nocapture what_a_chaos_test_costs`.
//!
//! The tests in `empty` are ignored: they are run in processes of their own, all of one kind at once.

#![cfg(target_os = "linux")]

use chaos_tests::home::{Home, run};
use std::time::{Duration, Instant};

mod empty {
    macro_rules! fifty {
        ($each:ident) => {
            $each! {
                t00 t01 t02 t03 t04 t05 t06 t07 t08 t09 t10 t11 t12 t13 t14 t15 t16 t17 t18 t19 t20 t21 t22 t23 t24
                t25 t26 t27 t28 t29 t30 t31 t32 t33 t34 t35 t36 t37 t38 t39 t40 t41 t42 t43 t44 t45 t46 t47 t48 t49
            }
        };
    }

    mod chaos {
        use chaos_runtime::prelude::*;

        /// Nothing is proven, so the verdict is inconclusive: everything but the phases has been done then.
        macro_rules! experiments {
            ($($name:ident)*) => { $(
                #[chaos_test]
                #[ignore = "run by the test below"]
                #[should_panic]
                async fn $name(_chaos: &mut Chaos) -> chaos::Result {
                    Ok(())
                }
            )* };
        }
        fifty!(experiments);
    }

    mod tokio_only {
        macro_rules! tests {
            ($($name:ident)*) => { $(
                #[tokio::test]
                #[ignore = "run by the test below"]
                #[should_panic]
                async fn $name() {
                    panic!("inconclusive");
                }
            )* };
        }
        fifty!(tests);
    }
}

/// How long fifty tests of a kind take in a process of their own.
fn fifty(kind: &str) -> Duration {
    let home = Home::new();
    let started = Instant::now();
    let ended = run(home.command(&["--ignored", "--test-threads=1", &format!("empty::{kind}::")]));
    let took = started.elapsed();
    assert!(ended.output.contains("50 passed"), "{}", ended.output);
    took
}

/// Typically 2 to 4 ms on an idle machine. The bound is for busy ones.
#[test]
fn what_a_chaos_test_costs() {
    // In turn, so that whatever else the machine does hits both; the medians, because it hits now and then.
    let (mut chaos, mut plain): (Vec<_>, Vec<_>) = (0..5).map(|_| (fifty("chaos"), fifty("tokio_only"))).unzip();
    chaos.sort_unstable();
    plain.sort_unstable();
    let each = chaos[2].saturating_sub(plain[2]) / 50;
    println!("50 chaos tests {:?}, 50 tokio tests {:?}: {each:?} for each chaos test", chaos[2], plain[2]);
    assert!(each < Duration::from_millis(100), "each costs {each:?}");
}
