//! Faults on the connections of a [`Proxy`](crate::proxy::Proxy): one file each.
//!
//! Every one is a harm; [`OnProxy`] is the [`Fault`](super::Fault) that the engine knows, and what they have in common:
//! direction, share, server name.

mod bandwidth;
mod black_hole;
mod connection_limit;
mod corruption;
mod dns;
mod down;
mod latency;
mod limit_data;
mod on;
mod partition;
mod ramps;
mod reset;
mod slicer;
mod slow_close;
mod slow_connect;
#[cfg(test)]
mod tests;

pub use bandwidth::Bandwidth;
pub use black_hole::BlackHole;
pub use connection_limit::ConnectionLimit;
pub use corruption::Corruption;
pub use dns::{DnsFlip, DnsNxdomain, DnsSlow, DnsStale};
pub use down::Down;
pub use latency::Latency;
pub use limit_data::LimitData;
pub use on::{Chunked, Directed, OnProxy};
pub use partition::Partition;
pub use ramps::ByShare;
pub use reset::Reset;
pub use slicer::Slicer;
pub use slow_close::SlowClose;
pub use slow_connect::SlowConnect;
