//! Faults inside the process under test: on calls, on byte streams, and at points that the code names.
//!
//! Where the service under test runs in the test itself, a fault need not go through the network:
//!
//! - `ChaosLayer`: a tower layer around any service (feature `tower`)
//! - `ChaosMiddleware`: the same for clients of `reqwest-middleware` (feature `reqwest-middleware`)
//! - [`ChaosStream`]: around anything that is `AsyncRead` and `AsyncWrite`, steered by a [`StreamSwitch`]
//! - `Points`: what `chaos_point::point!("cache.read")` does in production code (feature `points`)
//!
//! Each of them is a switch with methods that make faults, for `chaos.inject(…).hold(…)`. Clones steer the same switch.
//! While no fault is set, what passes costs one atomic load more.
//!
//! Which calls, operations or bytes a share hits is a function of the fault's seed and their numbers alone, so that a
//! replay hits the same; of 100 % all are hit. What a cleared fault was holding up goes on at once.

#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
mod calls;
mod draw;
#[cfg(feature = "points")]
mod point_fault;
#[cfg(feature = "points")]
mod points;
#[cfg(all(feature = "points", feature = "tower"))]
mod points_layer;
mod stream;
mod switch;
mod tally;
#[cfg(test)]
mod testbed;

#[cfg(feature = "tower")]
pub use calls::{AnswerBy, ChaosLayer, ChaosService, ErrorBy, ErrorFrom};
#[cfg(any(feature = "tower", feature = "reqwest-middleware"))]
pub use calls::{CallDrop, CallError, CallLatency, CallLimit, ChaosError, ResponseFuture, Substitute};
#[cfg(feature = "reqwest-middleware")]
pub use calls::{CallStatus, ChaosMiddleware};
#[cfg(feature = "points")]
pub use point_fault::PointFault;
#[cfg(feature = "points")]
pub use points::{At, Points};
#[cfg(all(feature = "points", feature = "tower"))]
pub use points_layer::{PointsLayer, PointsService};
pub use stream::{ChaosStream, StreamCorruption, StreamLatency, StreamReset, StreamSlices, StreamStall, StreamSwitch};
