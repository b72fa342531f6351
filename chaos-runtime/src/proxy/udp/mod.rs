//! The UDP proxy: datagrams between clients and a service, each of which may meet a fault.
//!
//! ```text
//! client ⇄ relay ⇄ session (one for each client's address, with a socket of its own) ⇄ service
//!
//! datagram: down → loss → corruption → latency → reordering → duplication → sent on
//! ```
//!
//! Faults of the same kind act one after the other in the order they were set, each on what the ones before it have let
//! through.
//!
//! - `handle`: [`UdpProxy`], what the body of an experiment holds
//! - `relay`: where clients send, and the way of a datagram
//! - `session`: one client and its socket towards the service
//! - `faults`, `plan`: the active faults; changed atomically, sorted by what they do
//! - `draw`: which datagrams meet them
//! - `line`: datagrams that are late or held back
//! - `tally`: the counters that prove a fault bit

mod draw;
mod faults;
mod handle;
mod line;
mod plan;
mod relay;
mod session;
mod tally;
#[cfg(test)]
pub(crate) mod testbed;
#[cfg(test)]
mod tests;

pub use handle::UdpProxy;
pub(crate) use plan::{Effect, Harm};
pub(crate) use tally::Tally;
