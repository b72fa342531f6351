//! One direction of a stream.

use super::steering::{Harm, Kind, Side};
use super::switch::Shared;
use crate::inside::draw::Draw;
use crate::inside::switch::Active;
use crate::inside::tally::{Tally, hold_back};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub(super) type Waiting = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// Where a direction stands, in bytes and operations, and what it waits for.
pub(super) struct Lane {
    side: Side,
    stream: u64,
    bytes: u64,
    operations: u64,
    stalled: Option<Waiting>,
}

impl Lane {
    pub(super) fn new(side: Side, stream: u64) -> Self {
        Self { side, stream, bytes: 0, operations: 0, stalled: None }
    }

    /// Notes an operation of so many bytes.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.operations += 1;
    }

    fn faults<'a>(&self, active: &'a [Active<Harm>]) -> impl Iterator<Item = &'a Active<Harm>> + use<'a> {
        let side = self.side;
        active.iter().filter(move |fault| fault.harm.sides.contain(side) && !fault.tally.is_cleared())
    }

    fn draw(&self, fault: &Active<Harm>) -> Draw {
        fault.draw.of(self.stream << 1 | u64::from(self.side == Side::Write))
    }

    /// Whether a fault hits the operation that is next.
    fn is_next(&self, fault: &Active<Harm>) -> bool {
        self.draw(fault).hits(self.operations, fault.share)
    }

    /// The fault that resets the stream.
    pub(super) fn reset<'a>(&self, active: &'a [Active<Harm>]) -> Option<&'a Active<Harm>> {
        let is_reset = |f: &&Active<Harm>| matches!(f.harm.kind, Kind::Reset) && f.draw.hits(self.stream, f.share);
        self.faults(active).find(is_reset)
    }

    /// Waits until no fault stalls the stream.
    pub(super) fn poll_stalled(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(stalled) = &mut self.stalled {
                ready!(stalled.as_mut().poll(cx));
                self.stalled = None;
            }
            let Some(active) = shared.faults.active() else { return Poll::Ready(()) };
            let stalls = |f: &&Active<Harm>| matches!(f.harm.kind, Kind::Stall) && f.draw.hits(self.stream, f.share);
            let Some(fault) = self.faults(&active).find(stalls) else { return Poll::Ready(()) };
            fault.tally.strike();
            let tally = fault.tally.clone();
            self.stalled = Some(Box::pin(async move { tally.over().await }));
        }
    }

    /// What holds back the operation that is next, which is counted.
    pub(super) fn late(&self, active: &[Active<Harm>]) -> Option<Waiting> {
        let delays = self.faults(active).filter_map(|fault| match fault.harm.kind {
            Kind::Latency { delay, jitter } if self.is_next(fault) => {
                Some((self.draw(fault).around(self.operations, delay, jitter), fault.tally.clone()))
            }
            _ => None,
        });
        let delays: Vec<_> = delays.collect();
        delays.iter().for_each(|(_, tally)| tally.strike());
        (!delays.is_empty()).then(|| Box::pin(hold_back(delays)) as Waiting)
    }

    /// How many of `len` bytes the next operation may move, and the faults that say so.
    pub(super) fn slice(&self, active: &[Active<Harm>], len: usize) -> (usize, Vec<Arc<Tally>>) {
        let mut short = (len, Vec::new());
        for fault in self.faults(active) {
            let Kind::Slices { most } = fault.harm.kind else { continue };
            if self.is_next(fault) {
                // `most` is 1 at least: `prepare` refuses 0, and a stream must not end of it.
                let drawn = 1 + self.draw(fault).of(u64::MAX).bits(self.operations) % most.max(1) as u64;
                if drawn < len as u64 {
                    short.0 = short.0.min(drawn as usize);
                    short.1.push(fault.tally.clone());
                }
            }
        }
        short
    }

    /// Changes the bytes that are next.
    pub(super) fn corrupt(&self, active: &[Active<Harm>], bytes: &mut [u8]) {
        for (fault, draw) in self.corruptions(active) {
            for (byte, place) in bytes.iter_mut().zip(self.bytes..) {
                if draw.hits(place, fault.share) {
                    // Never 0, which would leave the byte as it is.
                    *byte ^= 1 + (draw.of(u64::MAX).bits(place) % 255) as u8;
                }
            }
        }
    }

    /// Whether a fault may change bytes.
    pub(super) fn is_corrupted(&self, active: &[Active<Harm>]) -> bool {
        self.corruptions(active).next().is_some()
    }

    /// Counts those of the next `len` bytes that were changed.
    pub(super) fn count_corrupted(&self, active: &[Active<Harm>], len: usize) {
        for (fault, draw) in self.corruptions(active) {
            let changed = (self.bytes..).take(len).filter(|place| draw.hits(*place, fault.share)).count();
            fault.tally.add(changed as u64);
        }
    }

    fn corruptions<'a>(&self, active: &'a [Active<Harm>]) -> impl Iterator<Item = (&'a Active<Harm>, Draw)> {
        self.faults(active)
            .filter(|fault| matches!(fault.harm.kind, Kind::Corruption))
            .map(|fault| (fault, self.draw(fault)))
    }
}
