//! A load's way from arrival to record, without its pacer and its thread.

use crate::clock::Clock;
use crate::load::{Lane, LaneSettings, Op, Retry, op};
use crate::measure::{PhaseClock, Recorder};
use crate::report::journal::PhaseKind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

type Empty = fn(crate::load::OpId) -> std::future::Ready<()>;

/// A queue with workers whose operation does nothing. Lives on a current-thread runtime.
pub struct Arrivals {
    lane: Rc<Lane<Op<Empty, ()>>>,
    clock: Clock,
}

impl Arrivals {
    /// With so many workers at most.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        let clock = Clock::start();
        let phases = Arc::new(PhaseClock::default());
        phases.begin(PhaseKind::Baseline, 0);
        // So wide that how long a run takes makes no difference.
        let mut recorder = Recorder::new(phases, 3_600_000_000_000);
        recorder.register(&super::events());
        let settings = LaneSettings {
            run: 1,
            load: 0,
            workers,
            closed_loop: false,
            timeout: Duration::from_secs(10),
            retry: Retry::none(),
            seed: 1,
        };
        let empty: Empty = |_| std::future::ready(());
        Self { lane: Lane::new(op(empty), clock, settings, recorder), clock }
    }

    /// So many operations are due now; returns when all have ended.
    pub async fn arrive(&self, operations: u64) {
        let now = self.clock.now();
        (0..operations).for_each(|_| self.lane.arrive(now, now));
        while self.lane.pending() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Operations that were recorded.
    #[must_use]
    pub fn recorded(&self) -> u64 {
        self.lane.recorder().borrow().phases.iter().map(|phase| phase.tally.operations).sum()
    }
}
