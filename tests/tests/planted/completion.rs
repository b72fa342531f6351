//! One-shot faults that go on after they were confirmed: what came of them decides.

use crate::judge::{PASSED, inconclusive, judge, spec};
use crate::service::{Service, failed, fine};
use chaos_runtime::fault::{Evidence, Fault, InjectCx, OneShot};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A failover that is confirmed at once and over after 5 s. Who serves is back after 2 s already.
struct Failover {
    down: Arc<AtomicBool>,
    comes_to: Result<&'static str, &'static str>,
}

impl Fault for Failover {
    fn describe(&self) -> String {
        "planted failover".into()
    }

    fn target(&self) -> String {
        "planted cluster".into()
    }

    fn undo(&self) -> Undo {
        Undo::nothing()
    }

    async fn inject(&mut self, _cx: &InjectCx) -> chaos::Result {
        self.down.store(true, Ordering::Relaxed);
        let down = self.down.clone();
        tokio::spawn(async move {
            tokio::time::sleep(secs(2)).await;
            down.store(false, Ordering::Relaxed);
        });
        Ok(())
    }

    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        Ok(Evidence::seen("the old writer is gone"))
    }

    async fn completion(&mut self) -> chaos::Result<Option<Evidence>> {
        tokio::time::sleep(secs(5)).await;
        match self.comes_to {
            Ok(text) => Ok(Some(Evidence::seen(text))),
            Err(text) if text.starts_with("no ") => Ok(Some(Evidence::none(text))),
            Err(text) => Err(chaos::Error::new(text).help("look at its log")),
        }
    }
}

impl OneShot for Failover {}

async fn fail_over(chaos: &Chaos, comes_to: Result<&'static str, &'static str>) -> chaos::Result {
    let down = Arc::new(AtomicBool::new(false));
    let seen = down.clone();
    let service = Service::new(chaos, move |_, random| match seen.load(Ordering::Relaxed) {
        true => failed(ErrorClass::Refused, millis(5)),
        false => fine(random),
    });
    chaos.load(service.requests().rate(per_second(50))).await?;
    chaos.inject(Failover { down, comes_to }).await
}

#[test]
fn what_came_of_it_stands_in_the_report_and_recovery_counts_from_the_confirmation() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 4s]);
    let runs =
        judge(spec, PASSED, |chaos| Box::pin(async move { fail_over(chaos, Ok("the writer moved in 5 s")).await }));
    for run in runs {
        let fault = &run.journal.faults[0];
        assert_eq!(fault.evidence, "the writer moved in 5 s");
        let recovery = fault.recovery.as_ref().unwrap();
        let back = recovery.from_injection_us.unwrap();
        assert!((1_500_000..4_000_000).contains(&back), "not from the completion, and not cut off by it: {recovery:?}");
    }
}

#[test]
fn one_that_comes_to_nothing_proves_nothing() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 4s]);
    let says = "`planted failover` began, and did not end as it should: no new writer";
    judge(spec, inconclusive(says), |chaos| Box::pin(async move { fail_over(chaos, Err("no new writer")).await }));
}

#[test]
fn one_that_fails_in_the_middle_is_inconclusive_with_its_reason() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [recovery <= 4s]);
    let says = "`planted failover` began, and did not end as it should: the promotion failed";
    let runs = judge(spec, inconclusive(says), |chaos| {
        Box::pin(async move { fail_over(chaos, Err("the promotion failed")).await })
    });
    assert!(runs.iter().all(|run| run.journal.reasons[0].help.as_deref() == Some("look at its log")));
}
