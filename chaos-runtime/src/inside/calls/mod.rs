//! Faults on calls: of a tower service, of an HTTP client.
//!
//! ```text
//! call → limit → latency ┬ error, status
//!                        └ drop → service
//! ```
//!
//! A call first waits for a place (all limits that it meets), and keeps it to its end. Then it fails, or gets another
//! answer, by the oldest such fault that hits it; or the service is called, and the call is dropped there if it takes
//! too long (the shortest of the drops that hit it). Whatever comes of it is held back by the latencies, which add up.

#[macro_use]
mod steering;

mod course;
mod drop;
mod error;
mod future;
mod latency;
#[cfg(feature = "tower")]
mod layer;
mod limit;
#[cfg(feature = "reqwest-middleware")]
mod middleware;
#[cfg(feature = "reqwest-middleware")]
mod status;
mod substitute;
#[cfg(all(test, feature = "tower"))]
mod tests;

pub use drop::CallDrop;
pub use error::{CallError, ChaosError};
pub use future::ResponseFuture;
pub use latency::CallLatency;
#[cfg(feature = "tower")]
pub use layer::{ChaosLayer, ChaosService};
pub use limit::CallLimit;
#[cfg(feature = "reqwest-middleware")]
pub use middleware::ChaosMiddleware;
#[cfg(feature = "reqwest-middleware")]
pub use status::CallStatus;
pub use substitute::Substitute;
#[cfg(feature = "tower")]
pub use substitute::{AnswerBy, ErrorBy, ErrorFrom};
