//! When a failed attempt is tried again.

use crate::measure::ErrorClass;
use std::time::Duration;

/// When a failed attempt is tried again.
#[derive(Debug, Clone)]
pub struct Retry;

impl Retry {
    /// Never.
    pub fn none() -> Self {
        Self
    }

    /// The pause before the next attempt; `None` = give up.
    pub(crate) fn next(&self, _attempt: u32, _elapsed: Duration, _error: ErrorClass, _rng: &mut fastrand::Rng) -> Option<Duration> {
        None
    }
}
