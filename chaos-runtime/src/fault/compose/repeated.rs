//! The same several times.

use super::sequence::{Sequence, sequence};
use crate::fault::OneShot;
use std::time::Duration;

/// A one-shot fault `times` times, with a pause between one's end and the next one's beginning. `make` is called for each
/// of them at once. A held fault becomes a one-shot one with [`held_for`](super::FaultExt::held_for).
///
/// ```
/// # use chaos_runtime::prelude::*;
/// let crashes = repeated(3, secs(5), || fault("crash", async || {}).one_shot());
/// assert_eq!(crashes.describe(), "crash, then 5 s of nothing, then crash, then 5 s of nothing, then crash");
/// ```
pub fn repeated<F: OneShot>(times: u32, pause: Duration, mut make: impl FnMut() -> F) -> Sequence {
    (0..times).fold(sequence(), |sequence, index| {
        // Without one where none was asked for: one after the other at once.
        let sequence = if index == 0 || pause.is_zero() { sequence } else { sequence.pause(pause) };
        sequence.once(make())
    })
}
