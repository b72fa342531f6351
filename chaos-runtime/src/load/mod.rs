//! Load: operations at an arrival rate, recorded from the instant they were due.
//!
//! Data's way: [`Schedule`] → pacer → queue → workers → recorder. One driver thread per load, apart
//! from the code under test; nothing on an operation's path takes a lock.

mod classify;
mod deadline;
mod driver;
mod heartbeat;
pub mod http;
mod id;
mod lane;
mod op;
mod operation;
mod pacer;
mod plan;
pub(crate) mod planted;
mod retry;
mod schedule;

pub use classify::classify;
pub(crate) use driver::{Driver, DriverCx, View};
pub use id::{OpId, ParseOpIdError};
#[cfg(feature = "bench")]
pub(crate) use lane::{Lane, LaneSettings};
pub use op::{IntoOutcome, Op, op};
pub use operation::Operation;
pub(crate) use pacer::Pacer;
pub use plan::{Counterpart, Load, OperationExt};
pub use retry::Retry;
pub use schedule::{Schedule, poisson, ramp, stages};
