//! HTTP on a proxy: an engine between the two links and the service.
//!
//! ```text
//! client ⇄ listener ⇄ connection ┬ link upstream   ┬⇄ engine ⇄ service
//!                                └ link downstream ┘
//!
//! engine:  request → delay → rate limit → abort, gRPC status → service
//!          answer  ← body cut ← header removal ← other body ← delay of answers ← service
//! ```
//!
//! The engine is a server of hyper towards the client and a client of hyper towards the service, one connection each.
//! Faults of the network act between the client and the engine, faults of requests within it. A connection that
//! turns out not to be HTTP, TLS for instance, passes untouched.
//!
//! - `handle`: [`HttpProxy`], what the body of an experiment holds
//! - `engine`: one connection; `protocol`: what it speaks; `tunnel`: what is no HTTP
//! - `exchange`: one request and its answer; `answer`: what faults do to an answer; `body`: bodies, piece by piece
//! - `ends`: the engine's sockets, and resets that pass it
//! - `faults`: the set of active faults, changed atomically; `plan`: what they decide about a request; `rule`: one of them
//! - `matcher`, `glob`: which requests a fault is for; `bucket`: the rate limit's; `hits`: the counters of a fault

mod answer;
mod body;
mod bucket;
mod ends;
mod engine;
mod exchange;
mod faults;
mod glob;
mod handle;
mod hits;
mod matcher;
mod plan;
mod protocol;
mod rule;
#[cfg(test)]
mod tests;
mod tunnel;

pub(in crate::proxy) use ends::Ends;
pub(in crate::proxy) use engine::between;
pub(crate) use faults::HttpFaults;
pub use handle::HttpProxy;
pub(crate) use handle::ReadyRule;
pub(crate) use hits::RequestHits;
pub(crate) use matcher::Conditions;
pub(crate) use rule::{Canned, HttpEffect};
