//! Bytes that arrive as other bytes.

use super::draw;
use super::plan::{ChunkOf, Lane};

/// Changes bytes as the faults of a lane ask for; `offset` is the number of the first of them in its direction.
///
/// Which bytes, and into what, depends on their place in the stream and not on how it was cut into chunks.
pub(super) fn apply(lane: &Lane, bytes: &mut [u8], offset: u64, chunk: ChunkOf) {
    for fault in &lane.corruptions {
        if !fault.scope.picks_chunk(chunk.connection, chunk.direction, chunk.number) {
            continue;
        }
        let share = fault.bytes.fraction();
        let mut changed = 0;
        for (place, byte) in (offset..).zip(bytes.iter_mut()) {
            let unit = draw::in_lane(fault.scope.seed, chunk.connection, chunk.direction, place);
            if unit < share {
                // Never by zero: then it would be the same byte.
                *byte ^= 1 + (unit / share * 255.0) as u8 % 255;
                changed += 1;
            }
        }
        if changed > 0 {
            fault.hits.add(changed);
            fault.hits.touch(chunk.connection);
        }
    }
}
