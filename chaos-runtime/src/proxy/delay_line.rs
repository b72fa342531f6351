//! The bytes that are on their way through a link, each chunk with the instant at which it is due.
//!
//! A queue of timestamped chunks, not a sleep per chunk: whatever is read at one instant leaves at one
//! instant, so that latency costs no throughput.

use super::buffer::Kept;
use std::collections::VecDeque;
use tokio::time::Instant;

/// What a chunk costs besides its bytes; keeps a line of tiny chunks bounded too.
const OVERHEAD: usize = size_of::<Chunk>();
/// An empty line keeps room for no more chunks than this, whatever it once held.
const IDLE: usize = 16;

/// A first-in-first-out queue of chunks.
#[derive(Debug, Default)]
pub(super) struct DelayLine {
    chunks: VecDeque<Chunk>,
    size: usize,
    last_due: Option<Instant>,
}

/// Bytes that were read together.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Kept,
    sent: usize,
    /// Which chunk of its link it is, counted from 0.
    pub(super) number: u64,
    /// When it was read.
    pub(super) arrival: Instant,
    /// When it may leave.
    pub(super) due: Instant,
}

impl Chunk {
    /// What has not left yet.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes.bytes()[self.sent..]
    }
}

impl DelayLine {
    /// Appends a chunk. It never overtakes the one before it, whatever `due` says.
    pub(super) fn push(&mut self, bytes: Kept, number: u64, arrival: Instant, due: Instant) {
        let due = self.in_order(due);
        self.size += bytes.size() + OVERHEAD;
        self.chunks.push_back(Chunk { bytes, sent: 0, number, arrival, due });
    }

    /// The instant at which something appended now would leave.
    pub(super) fn in_order(&mut self, due: Instant) -> Instant {
        let due = self.last_due.map_or(due, |last| last.max(due));
        self.last_due = Some(due);
        due
    }

    /// The chunk that leaves next.
    pub(super) fn front(&self) -> Option<&Chunk> {
        self.chunks.front()
    }

    /// Notes that the first `n` bytes of the front have left.
    pub(super) fn consume(&mut self, n: usize) {
        let Some(front) = self.chunks.front_mut() else { return };
        front.sent += n;
        self.size -= n;
        if front.rest().is_empty() {
            self.size -= front.bytes.size() - front.bytes.bytes().len() + OVERHEAD;
            self.chunks.pop_front();
            if self.chunks.is_empty() && self.chunks.capacity() > IDLE {
                self.chunks = VecDeque::new();
            }
        }
    }

    /// Gives every chunk a new due instant, in order; `due` is asked front to back.
    pub(super) fn retime(&mut self, mut due: impl FnMut(&Chunk) -> Instant) {
        self.last_due = None;
        for chunk in &mut self.chunks {
            let wanted = due(chunk);
            chunk.due = self.last_due.map_or(wanted, |last| last.max(wanted));
            self.last_due = Some(chunk.due);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Bytes in the line, with what they cost besides.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::millis;

    fn kept(bytes: &[u8]) -> Kept {
        Kept::from(bytes)
    }

    #[test]
    fn chunks_leave_in_order_whatever_their_delays() {
        let (mut line, now) = (DelayLine::default(), Instant::now());
        for (number, delay) in [(0, 50), (1, 10), (2, 70)] {
            line.push(kept(b"x"), number, now, now + millis(delay));
        }
        let dues: Vec<_> = line.chunks.iter().map(|chunk| (chunk.due - now).as_millis()).collect();
        assert_eq!(dues, [50, 50, 70]);
    }

    #[test]
    fn retiming_lets_go_but_keeps_the_order() {
        let (mut line, now) = (DelayLine::default(), Instant::now());
        for number in 0..3 {
            line.push(kept(b"x"), number, now, now + millis(500));
        }
        line.retime(|chunk| chunk.arrival + millis([30, 20, 40][chunk.number as usize]));
        let dues: Vec<_> = line.chunks.iter().map(|chunk| (chunk.due - now).as_millis()).collect();
        assert_eq!(dues, [30, 30, 40]);
        assert_eq!(line.in_order(now), now + millis(40), "what follows does not overtake either");
    }

    #[test]
    fn the_size_returns_to_zero() {
        let (mut line, now) = (DelayLine::default(), Instant::now());
        line.push(kept(b"hello"), 0, now, now);
        line.push(kept(b"you"), 1, now, now);
        line.consume(2);
        assert_eq!(line.front().map(Chunk::rest), Some(&b"llo"[..]));
        line.consume(3);
        line.consume(3);
        assert!(line.is_empty());
        assert_eq!(line.size(), 0);
    }
}
