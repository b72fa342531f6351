//! The TCP proxy that runs inside the test process, and the way of a byte through it; the [UDP](UdpProxy) one beside it.
//!
//! ```text
//! client ⇄ listener ⇄ connection ┬ link upstream   ┬⇄ service
//!                                └ link downstream ┘
//!
//! link:  read → down, reset → black hole, partition → corruption → latency, slow close (delay line)
//!        → bandwidth (pacer) → slicer → data limit → write
//! ```
//!
//! *Upstream* is towards the service, *downstream* towards the client. The faults of a proxy are made by
//! methods of [`Proxy`]; several may be set at once and act in the order drawn above. Before a link begins, the
//! connection itself meets, in this order: down, reset → connection limit → black hole → slow connect, slow name →
//! wrong answers for the name (of several such faults the oldest holds).
//!
//! - `handle`: [`Proxy`], what the body of an experiment holds
//! - `upstream`: where the service is
//! - `listener`, `unix_listener`: accept, refuse, do not answer, keep the port or the path
//! - `dialing`: the connection to the service; `connection`: two sockets and two links; how connections end
//! - `socket`: of TCP or of the machine's own kind
//! - `link`: one direction; `subject`: what both know of their connection
//! - `buffer`, `pipe`: where the bytes of a link are meanwhile, in this process or in the kernel
//! - `delay_line`, `pacer`, `hold`, `corruption`, `slicer`, `quota`: what latency, bandwidth, black hole and the others
//!   do to a link
//! - `effect`: what a fault does; `scope`: to whom; `faults`: the set of active ones, changed atomically
//! - `plan`: the active faults sorted by what they do, for all connections or for one
//! - `draw`, `delay`: randomness as a function of the seed
//! - `hits`: the counters that prove a fault bit
//! - `client_hello`, `name_pattern`: the server that a TLS client names, and those that a fault is for
//! - `http`: faults of single requests, on a proxy that understands HTTP
//! - `resolve`: the addresses of a name, and wrong ones
//! - `udp`: the UDP proxy
//! - `alarm`: the one place that waits for an instant; one timer for all connections

mod alarm;
mod buffer;
mod client_hello;
mod connection;
mod corruption;
mod delay;
mod delay_line;
mod dialing;
mod direction;
mod draw;
mod effect;
mod faults;
mod handle;
mod hits;
mod hold;
pub(crate) mod http;
mod link;
mod listener;
mod name_pattern;
mod pacer;
#[cfg_attr(not(target_os = "linux"), path = "no_pipe.rs")]
mod pipe;
mod plan;
mod quota;
mod resolve;
mod scope;
mod slicer;
mod socket;
mod subject;
#[cfg(test)]
pub(crate) mod testbed;
#[cfg(test)]
mod tests;
mod udp;
#[cfg(unix)]
mod unix_listener;
mod upstream;

pub use self::http::HttpProxy;
#[cfg(feature = "fuzzing")]
pub(crate) use client_hello::fuzz as fuzz_client_hello;
pub(crate) use delay::{Delay, Spread};
pub(crate) use direction::Directions;
pub(crate) use effect::{Effect, Slices};
pub use handle::Proxy;
pub(crate) use hits::Hits;
pub(crate) use name_pattern::NamePattern;
pub(crate) use resolve::{Answers, Turns};
pub(crate) use scope::{Scope, Share};
pub use udp::UdpProxy;
pub(crate) use udp::{Effect as UdpEffect, Harm as UdpHarm, Tally as UdpTally};
pub use upstream::{ToUpstream, Upstream};
