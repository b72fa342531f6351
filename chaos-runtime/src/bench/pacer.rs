//! The pacing of open loops, for loops that have nothing else of ours.

use crate::clock::Clock;
use std::time::Duration;

/// Waits for instants as an open loop does.
#[derive(Debug)]
pub struct Pacer {
    clock: Clock,
    pacer: crate::load::Pacer,
}

impl Pacer {
    /// Time begins now.
    #[must_use]
    pub fn start() -> Self {
        let clock = Clock::start();
        Self { clock, pacer: crate::load::Pacer::new(&clock, false) }
    }

    /// Time since the start.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.now())
    }

    /// Waits until this long after the start.
    pub async fn sleep_until(&self, at: Duration) {
        self.pacer.sleep_until(&self.clock, crate::clock::nanos(at)).await;
    }
}
