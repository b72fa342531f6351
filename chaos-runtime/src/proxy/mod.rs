//! The TCP proxy that runs inside the test process, and the way of a byte through it.
//!
//! ```text
//! client ⇄ listener ⇄ connection ┬ link upstream   ┬⇄ service
//!                                └ link downstream ┘
//!
//! link:  read → down, reset → black hole → latency (delay line) → bandwidth (pacer) → write
//! ```
//!
//! *Upstream* is towards the service, *downstream* towards the client. The faults of a proxy are made by
//! methods of [`Proxy`]; several may be set at once and act in the order drawn above.
//!
//! - `handle`: [`Proxy`], what the body of an experiment holds
//! - `upstream`: where the service is
//! - `listener`: accepts, refuses, keeps the port
//! - `connection`: two sockets and two links; how connections end
//! - `link`: one direction
//! - `buffer`, `pipe`: where the bytes of a link are meanwhile, in this process or in the kernel
//! - `delay_line`, `pacer`, `hold`: what latency, bandwidth and black hole do to a link
//! - `faults`: the set of active faults, changed atomically; who must be told
//! - `plan`: the active faults sorted by what they do
//! - `hits`: the counters that prove a fault bit
//! - `alarm`: the one place that waits for an instant; one timer for all connections

mod alarm;
mod buffer;
mod connection;
mod delay_line;
mod direction;
mod faults;
mod handle;
mod hits;
mod hold;
mod link;
mod listener;
mod pacer;
#[cfg_attr(not(target_os = "linux"), path = "no_pipe.rs")]
mod pipe;
mod plan;
#[cfg(test)]
pub(crate) mod testbed;
#[cfg(test)]
mod tests;
mod upstream;

pub(crate) use direction::Directions;
pub use handle::Proxy;
pub(crate) use hits::Hits;
pub(crate) use plan::Effect;
pub use upstream::{ToUpstream, Upstream};
