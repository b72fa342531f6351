//! What the slicer does to a link: bytes leave in pieces, with a pause after each.

use super::direction::Direction;
use super::draw;
use super::hits::ConnectionId;
use super::pacer::Grant;
use super::plan::{ChunkOf, Slicer};
use tokio::time::Instant;

/// Where in a slice a link is.
#[derive(Debug, Default)]
pub(super) struct Slicing {
    /// How many slices have left.
    slices: u64,
    /// Bytes that the current one may still take; none is begun when this is zero.
    left: usize,
    /// Not before this does the next one leave.
    free_at: Option<Instant>,
}

impl Slicing {
    /// Of what may leave, what leaves as one piece, and when.
    pub(super) fn grant(&mut self, grant: Grant, slicer: Option<&Slicer>, chunk: ChunkOf) -> Grant {
        let Some(slicer) = slicer else {
            *self = Self { slices: self.slices, ..Self::default() };
            return grant;
        };
        if !slicer.scope.picks_chunk(chunk.connection, chunk.direction, chunk.number) {
            return grant;
        }
        if self.left == 0 {
            self.left = slicer.size(chunk.connection, chunk.direction, self.slices);
        }
        let at = self.free_at.map_or(grant.at, |free_at| grant.at.max(free_at));
        Grant { bytes: grant.bytes.min(self.left), at }
    }

    /// Notes that `n` bytes of a chunk left; `ends`: nothing of it is left.
    pub(super) fn spent(&mut self, n: usize, ends: bool, slicer: Option<&Slicer>, chunk: ChunkOf) {
        let Some(slicer) = slicer.filter(|_| self.left > 0) else { return };
        self.left = self.left.saturating_sub(n);
        // Who reads can't see where a piece begins, only where one ends: the end of a chunk ends it too.
        if self.left == 0 || ends {
            self.left = 0;
            self.slices += 1;
            self.free_at = Some(Instant::now() + slicer.slices.pause);
            slicer.hits.add(1);
            slicer.hits.touch(chunk.connection);
        }
    }
}

impl Slicer {
    /// The size of a slice: uniform in `average ± variation`, at least a byte.
    fn size(&self, connection: ConnectionId, direction: Direction, number: u64) -> usize {
        let least = self.slices.average.saturating_sub(self.slices.variation);
        let unit = draw::in_lane(self.scope.seed, connection, direction, number);
        (least + (unit * (2 * self.slices.variation + 1) as f64) as usize).max(1)
    }
}
