//! Composition by method, on every fault.

use super::{Adjustable, Delayed, Ramped, Sequence, sequence};
use crate::fault::{Fault, Held};
use std::ops::RangeInclusive;
use std::time::Duration;

/// What can be made of any fault.
pub trait FaultExt: Fault + Sized {
    /// Begins `offset` after the injection of what it is part of: `parallel((latency, worker.pause().after(secs(3))))`.
    fn after(self, offset: Duration) -> Delayed<Self> {
        Delayed::new(self, offset)
    }

    /// A held fault for so long, counted from its confirmation, as a one-shot one: a [`Sequence`] of one step.
    fn held_for(self, hold: Duration) -> Sequence
    where
        Self: Held,
    {
        sequence().hold(self, hold)
    }

    /// Moves the fault's parameter from the first value to the second one while it is on, and stays there:
    /// `proxy.latency(secs(1)).ramp(secs(0)..=secs(1), secs(30))`. See [`Ramped`].
    fn ramp(self, values: RangeInclusive<Self::Value>, over: Duration) -> Ramped<Self>
    where
        Self: Adjustable,
    {
        let (from, to) = values.into_inner();
        Ramped::new(self, from, to, over)
    }
}

impl<F: Fault> FaultExt for F {}
