//! Systems that keep what they acknowledge, and systems that do not.

use crate::judge::{PASSED, Right, inconclusive, judge, refuted, spec};
use crate::service::{Service, fine};
use chaos_runtime::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// What happens to an operation while the fault is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    None,
    /// Every tenth is acknowledged and forgotten.
    Forgets,
    /// The answer to every tenth is lost after it took effect, so it is tried again and takes effect again.
    RepeatsItself,
    /// Every tenth is stored under an id that nobody gave it.
    Invents,
    /// Every tenth is refused, and stored all the same.
    StoresRefused,
    /// Fails, and does nothing.
    Fails,
    /// Becomes visible 3 s after it is acknowledged.
    IsLate,
}

/// A store with a defect that shows while the fault is on.
#[derive(Clone)]
struct Store {
    service: Service,
    defect: Defect,
    rows: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Store {
    fn new(chaos: &Chaos, defect: Defect) -> Self {
        Self { service: Service::new(chaos, |_, random| fine(random)), defect, rows: Arc::default() }
    }

    fn insert(&self, id: impl ToString, after: Duration) {
        self.rows.lock().unwrap().push((id.to_string(), Instant::now() + after));
    }

    /// Stores an operation; the error is what its client sees.
    async fn store(&self, id: OpId, payments: &Ledger) -> Result<(), String> {
        // Takes its time, and tells the service that it was called.
        let _ = self.service.call(id).await;
        let shows = self.service.is_faulted() && id.index().is_multiple_of(10);
        let known = self.rows.lock().unwrap().iter().any(|(row, _)| *row == id.to_string());
        match self.defect {
            Defect::Forgets if shows => return Ok(()),
            Defect::RepeatsItself if shows && !known => {
                self.insert(id, Duration::ZERO);
                return Err("the answer was lost".into());
            }
            Defect::Invents if shows => self.insert(format!("ghost of {id}"), Duration::ZERO),
            Defect::StoresRefused if shows => {
                payments.refused(id);
                self.insert(id, Duration::ZERO);
                return Err("declined".into());
            }
            Defect::Fails => return Err("nothing works".into()),
            Defect::IsLate => {
                self.insert(id, secs(3));
                return Ok(());
            }
            _ => {}
        }
        self.insert(id, Duration::ZERO);
        Ok(())
    }

    /// What is there now.
    fn visible(&self) -> Vec<String> {
        let now = Instant::now();
        self.rows.lock().unwrap().iter().filter(|(_, from)| *from <= now).map(|(id, _)| id.clone()).collect()
    }
}

/// Loads a store and harms it for 5 s.
async fn payments(chaos: &Chaos, defect: Defect) -> chaos::Result {
    let store = Store::new(chaos, defect);
    let reader = store.clone();
    let payments = chaos.ledger("payments", move || {
        let found = reader.visible();
        async move { Ok::<_, String>(found) }
    });
    let (service, storing) = (store.service.clone(), store.clone());
    let pay = op(move |id: OpId| {
        let (store, payments) = (storing.clone(), payments.clone());
        async move { payments.attempt(id, store.store(id, &payments)).await }
    });
    let load = pay.rate(per_second(50));
    // What was declined is not tried again.
    let load = if defect == Defect::StoresRefused { load } else { load.retry(Retry::for_at_most(secs(5))) };
    chaos.load(load).await?;
    chaos.inject(service.fault()).hold(secs(5)).await
}

macro_rules! judged {
    ($defect:expr, $right:expr, $($hypothesis:tt)*) => {{
        let spec = spec!(steady [success_rate >= 80%]; hypothesis $($hypothesis)*);
        let right: Right = $right;
        judge(spec, right, |chaos| Box::pin(async move { payments(chaos, $defect).await }))
    }};
}

#[test]
fn a_store_that_keeps_everything_passes() {
    for run in judged!(
        Defect::None,
        PASSED,
        [payments.lost == 0][payments.duplicated == 0][payments.unexpected == 0][payments.resurrected == 0]
    ) {
        let ledger = &run.journal.ledgers[0];
        assert!(ledger.acknowledged > 300 && ledger.found == ledger.attempted, "{ledger:?}");
    }
}

#[test]
fn what_was_acknowledged_and_forgotten_is_lost() {
    for run in judged!(Defect::Forgets, refuted("`payments.lost == 0` is false: measured 2"), [payments.lost == 0]) {
        let lost = &run.journal.ledgers[0].lost;
        assert!((20..=30).contains(&lost.count) && lost.ids.len() as u64 == lost.count, "{lost:?}");
        let reason = &run.journal.reasons[0].message;
        assert!(reason.contains(&lost.ids[0]) && reason.contains("more"), "the ids are in the failure: {reason}");
    }
}

#[test]
fn a_share_may_be_lost() {
    judged!(Defect::Forgets, PASSED, [payments.lost <= 20%]);
    judged!(Defect::Forgets, refuted("`payments.lost <= 1%` is false"), [payments.lost <= 1%]);
}

#[test]
fn what_was_tried_again_and_took_effect_twice_is_duplicated() {
    for run in judged!(
        Defect::RepeatsItself,
        refuted("`payments.duplicated == 0` is false"),
        [payments.duplicated == 0][payments.lost == 0]
    ) {
        let ledger = &run.journal.ledgers[0];
        assert!(ledger.duplicated.ids[0].ends_with("(2 times)") && ledger.lost.count == 0, "{ledger:?}");
    }
}

#[test]
fn what_nobody_stored_is_unexpected() {
    judged!(Defect::Invents, refuted("`payments.unexpected == 0` is false"), [payments.unexpected == 0]);
    judged!(Defect::Invents, PASSED, [payments.lost == 0][payments.duplicated == 0]);
}

#[test]
fn what_was_refused_and_is_there_is_resurrected() {
    judged!(Defect::StoresRefused, refuted("`payments.resurrected == 0` is false"), [payments.resurrected == 0]);
}

#[test]
fn what_becomes_visible_late_is_not_lost() {
    judged!(Defect::IsLate, PASSED, [payments.lost == 0]);
}

#[test]
fn a_ledger_of_nothing_proves_nothing() {
    let spec = spec!(steady [error_rate >= 80%]; hypothesis [payments.lost == 0]);
    judge(spec, inconclusive("nothing was acknowledged in ledger `payments`"), |chaos| {
        Box::pin(async move { payments(chaos, Defect::Fails).await })
    });
}

#[test]
fn what_can_not_be_read_proves_nothing() {
    let spec = spec!(steady [success_rate >= 80%]; hypothesis [payments.lost == 0]);
    judge(spec, inconclusive("what is in `payments` could not be read: the table is locked"), |chaos| {
        Box::pin(async move {
            let store = Store::new(chaos, Defect::None);
            let payments = chaos.ledger("payments", || async { Err::<Vec<String>, _>("the table is locked") });
            let (service, storing) = (store.service.clone(), store.clone());
            let pay = op(move |id: OpId| {
                let (store, payments) = (storing.clone(), payments.clone());
                async move { payments.acknowledged(id, store.store(id, &payments).await) }
            });
            chaos.load(pay.rate(per_second(50))).await?;
            chaos.inject(service.fault()).hold(secs(5)).await
        })
    });
}

#[test]
fn a_ledger_that_does_not_exist_harms_nothing() {
    let spec = spec!(steady [success_rate >= 80%]; hypothesis [orders.lost == 0]);
    let right = inconclusive("`orders.lost == 0` can't be decided: no ledger is named `orders`; there is `payments`");
    for run in judge(spec, right, |chaos| Box::pin(async move { payments(chaos, Defect::None).await })) {
        assert!(run.journal.faults.is_empty(), "{:?}", run.journal.faults);
    }
}
