//! Measuring: what became of operations, by phase and by slice of time, and how a system came back.

mod bins;
mod blocks;
mod event;
mod histogram;
mod outcome;
mod phase_clock;
mod recorder;
mod recovery;
mod series;
mod strain;
mod tally;

pub(crate) use bins::{BinSummary, Bins};
pub(crate) use blocks::{Blocks, Sums};
pub(crate) use event::{Ended, Event};
#[cfg(feature = "bench")]
pub(crate) use histogram::Latencies;
pub(crate) use histogram::{Coarse, Fine};
pub use outcome::{ErrorClass, Outcome};
pub(crate) use phase_clock::{PhaseClock, Segment};
pub(crate) use recorder::{Completion, PhaseMeasures, Recorder};
pub(crate) use recovery::{BinQuality, Recovery, watch};
pub(crate) use series::{Changed, SLICES_PER_BIN, Series, SliceView};
pub(crate) use strain::{Beat, Pauses, Strain};
pub(crate) use tally::Tally;
