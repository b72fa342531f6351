//! What the faults that are on have decided about one call.

use super::steering::{Harm, Instead};
use crate::inside::switch::{Active, Switch};
use crate::inside::tally::{Tally, hold_back};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The course that a call takes. Decided when it is made; what is cleared meanwhile holds nothing up and drops nothing any more.
#[derive(Debug, Default)]
pub(super) struct Course {
    limits: Vec<(Arc<Semaphore>, Arc<Tally>)>,
    instead: Option<(Instead, Arc<Tally>)>,
    cut: Option<(Duration, Arc<Tally>)>,
    delays: Vec<(Duration, Arc<Tally>)>,
}

/// A place among those that may be under way; given back when dropped.
pub(super) type Permit = OwnedSemaphorePermit;

impl Course {
    /// `None` for a call that meets no fault; while none is on, that is one atomic load.
    pub(super) fn of(switch: &Switch<Harm>) -> Option<Self> {
        let active = switch.active()?;
        let mut course = Self::default();
        for fault in &*active {
            let number = fault.tally.next();
            if fault.draw.hits(number, fault.share) {
                course.meet(fault, number);
            }
        }
        (!course.is_clear()).then_some(course)
    }

    fn meet(&mut self, fault: &Active<Harm>, number: u64) {
        let tally = || fault.tally.clone();
        match &fault.harm {
            Harm::Limit(semaphore) => self.limits.push((semaphore.clone(), tally())),
            Harm::Instead(instead) => _ = self.instead.get_or_insert_with(|| (*instead, tally())),
            Harm::Drop { after } => {
                if self.cut.as_ref().is_none_or(|(shortest, _)| after < shortest) {
                    self.cut = Some((*after, tally()));
                }
            }
            Harm::Latency { delay, jitter } => {
                self.delays.push((fault.draw.around(number, *delay, *jitter), tally()));
            }
        }
    }

    /// Whether the service is called at all.
    pub(super) fn is_made(&self) -> bool {
        self.instead.is_none()
    }

    /// What the caller gets if the call is not made.
    pub(super) fn instead(&mut self) -> Option<Instead> {
        let (instead, tally) = self.instead.take()?;
        tally.strike();
        Some(instead)
    }

    /// Whether nothing is left that would hold the call up or end it.
    fn is_clear(&self) -> bool {
        self.limits.is_empty() && self.instead.is_none() && self.cut.is_none() && self.delays.is_empty()
    }

    /// Waits for a place with every limit, in their order.
    pub(super) fn places(&mut self) -> Option<impl Future<Output = Vec<Permit>> + Send + 'static> {
        let limits = std::mem::take(&mut self.limits);
        if limits.is_empty() {
            return None;
        }
        Some(async move {
            let mut places = Vec::with_capacity(limits.len());
            for (semaphore, tally) in limits {
                if let Ok(place) = semaphore.clone().try_acquire_owned() {
                    places.push(place);
                    continue;
                }
                tally.strike();
                tokio::select! {
                    biased;
                    () = tally.over() => {}
                    place = semaphore.acquire_owned() => places.extend(place.ok()),
                }
            }
            places
        })
    }

    /// Waits until the call has to be dropped; `None` if nothing would drop it. Never over for a fault that is.
    pub(super) fn cut(&mut self) -> Option<impl Future<Output = Arc<Tally>> + Send + 'static> {
        let (after, tally) = self.cut.take()?;
        Some(async move {
            if after.is_zero() && !tally.is_cleared() {
                // A timer of nothing would still wait for the clock's next tick.
                return tally;
            }
            tokio::select! {
                biased;
                () = tally.over() => std::future::pending().await,
                () = tokio::time::sleep(after) => tally,
            }
        })
    }

    /// Holds back what came of the call.
    pub(super) fn delay(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let mut delays = std::mem::take(&mut self.delays);
        delays.retain(|(_, tally)| !tally.is_cleared());
        delays.iter().for_each(|(_, tally)| tally.strike());
        (!delays.is_empty()).then(|| hold_back(delays))
    }
}
