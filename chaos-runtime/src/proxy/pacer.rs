//! When bytes may leave a link whose rate is limited.
//!
//! Kept in virtual time: the instant at which the wire is free again is moved by `bytes / rate`, never set
//! from a wake-up, so that late timers do not lower the rate.

use crate::units::ByteRate;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes go out in slices worth this much time, so that a slow link drips instead of gushing.
const SLICE: Duration = Duration::from_millis(5);
/// No slice is larger.
const MAX_SLICE: usize = 64 * 1024;

/// A wire with a rate, or none.
#[derive(Debug, Default)]
pub(super) struct Pacer(Option<Wire>);

#[derive(Debug)]
struct Wire {
    bytes_per_second: u64,
    free_at: Instant,
    stalled: bool,
}

/// What may leave, and when.
#[derive(Debug, PartialEq)]
pub(super) struct Grant {
    pub(super) bytes: usize,
    pub(super) at: Instant,
}

impl Pacer {
    /// Changes the rate, or keeps it; the wire does not start anew.
    pub(super) fn set_rate(&mut self, rate: Option<ByteRate>, now: Instant) {
        let (free_at, stalled) = self.0.as_ref().map_or((now, false), |wire| (wire.free_at, wire.stalled));
        self.0 = rate.map(|rate| Wire { bytes_per_second: rate.as_bytes_per_second().max(1), free_at, stalled });
    }

    /// Of `len` bytes that arrived at the wire at `arrival`, what passes next.
    pub(super) fn grant(&mut self, len: usize, arrival: Instant, now: Instant) -> Grant {
        let Some(wire) = &mut self.0 else { return Grant { bytes: len, at: arrival } };
        if std::mem::take(&mut wire.stalled) {
            // The receiver did not take its bytes: the time it was not listening is lost to it.
            wire.free_at = wire.free_at.max(now);
        }
        let slice = (u128::from(wire.bytes_per_second) * SLICE.as_nanos() / 1_000_000_000).clamp(1, MAX_SLICE as u128);
        let bytes = len.min(slice as usize);
        wire.free_at = wire.free_at.max(arrival);
        Grant { bytes, at: wire.free_at + wire.time(bytes) }
    }

    /// Notes that `n` bytes left.
    pub(super) fn spent(&mut self, n: usize) {
        if let Some(wire) = &mut self.0 {
            wire.free_at += wire.time(n);
        }
    }

    /// Notes that the receiver takes nothing at present.
    pub(super) fn stall(&mut self) {
        if let Some(wire) = &mut self.0 {
            wire.stalled = true;
        }
    }
}

impl Wire {
    fn time(&self, bytes: usize) -> Duration {
        // At most 64 KiB at 1 B/s: fits.
        Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / self.bytes_per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{bytes_per_second, kilobytes_per_second, millis, secs};

    /// How long `len` bytes take that all arrive at the start, with timers that are `late`.
    fn drain(pacer: &mut Pacer, mut len: usize, start: Instant, late: Duration) -> Duration {
        let mut now = start;
        while len > 0 {
            let grant = pacer.grant(len, start, now);
            now = now.max(grant.at + late);
            pacer.spent(grant.bytes);
            len -= grant.bytes;
        }
        now - start
    }

    #[test]
    fn the_rate_is_kept_also_with_late_timers() {
        let start = Instant::now();
        for late in [millis(0), millis(3)] {
            let mut pacer = Pacer::default();
            pacer.set_rate(Some(kilobytes_per_second(1_000)), start);
            assert_eq!(drain(&mut pacer, 480_000, start, late), millis(480) + late);
        }
    }

    #[test]
    fn a_byte_a_second_passes_byte_by_byte() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(Some(bytes_per_second(1)), start);
        assert_eq!(pacer.grant(9, start, start), Grant { bytes: 1, at: start + secs(1) });
    }

    #[test]
    fn a_receiver_that_stalls_saves_up_no_credit() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        pacer.set_rate(Some(kilobytes_per_second(1)), start);
        pacer.stall();
        let later = start + secs(60);
        assert_eq!(pacer.grant(5, start, later).at, later + millis(5));
    }

    #[test]
    fn changes_of_other_faults_do_not_hold_it_up() {
        let start = Instant::now();
        let mut pacer = Pacer::default();
        for tick in 0..4 {
            pacer.set_rate(Some(kilobytes_per_second(1)), start + millis(tick));
        }
        assert_eq!(pacer.grant(3, start, start).at, start + millis(3));
    }

    #[test]
    fn without_a_rate_everything_passes_at_once() {
        let start = Instant::now();
        assert_eq!(Pacer::default().grant(1 << 20, start, start), Grant { bytes: 1 << 20, at: start });
    }
}
