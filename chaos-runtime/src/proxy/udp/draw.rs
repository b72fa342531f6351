//! What chance decides about a datagram: a function of the seed and of which datagram it is, so that a replay decides
//! the same.

use crate::proxy::direction::Direction;
use crate::proxy::draw;

/// Number of a session in its proxy, counted from 0 in the order of first datagrams.
pub(super) type SessionId = u64;

/// Which datagram it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) session: SessionId,
    pub(super) direction: Direction,
    /// Counted from 0 in its session and direction, whether faults are set or not.
    pub(super) number: u64,
}

impl Mark {
    /// A number that is uniform in `0.0 .. 1.0`.
    pub(super) fn unit(self, seed: u64) -> f64 {
        draw::in_lane(seed, self.session, self.direction, self.number)
    }

    /// One of `n` things, or the first where there are none.
    pub(super) fn one_of(self, n: usize, seed: u64) -> usize {
        // Rounding may not lead beyond the last one.
        ((self.unit(seed) * n as f64) as usize).min(n.saturating_sub(1))
    }
}
