//! Patterns of resilience around calls of a remote service, for the chaos tests in `tests/` to judge.
//!
//! | pattern | weak edition | sound edition |
//! |---|---|---|
//! | [`time_out`] | waits as long as it takes | gives up |
//! | [`retry`] | again and again, whatever goes on | from a budget that successes fill |
//! | [`breaker`] | calls a service that is gone, each time until the time-out | stops calling for a while |
//! | [`bulkhead`] | one pool for all services | a pool for each, and no queue before it |
//! | [`fallback`] | fails as its service fails | answers with what it knew last |
//! | [`hedge`] | waits for the slow answer | asks once more meanwhile |
//!
//! The patterns themselves are those of [`tower`], and [`recloser`]'s circuit breaker.

pub mod breaker;
pub mod bulkhead;
pub mod fallback;
pub mod hedge;
mod quotes;
mod remote;
pub mod retry;
pub mod time_out;

pub use quotes::Quotes;
pub use remote::{Call, Remote};
