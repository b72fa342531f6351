//! Faults on byte streams.
//!
//! ```text
//! reads:   stream → reset → stall → slices → corruption → latency → caller
//! writes:  caller → reset → stall → latency → slices → corruption → stream
//! ```
//!
//! Whatever the faults do, bytes stay in order and none is lost; corruption changes them where they are.

#[macro_use]
mod steering;

mod chaos_stream;
mod corruption;
mod lane;
mod latency;
mod reset;
mod slices;
mod stall;
mod switch;
#[cfg(test)]
mod tests;

pub use chaos_stream::ChaosStream;
pub use corruption::StreamCorruption;
pub use latency::StreamLatency;
pub use reset::StreamReset;
pub use slices::StreamSlices;
pub use stall::StreamStall;
pub use switch::StreamSwitch;
