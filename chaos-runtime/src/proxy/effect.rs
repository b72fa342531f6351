//! What a fault of the proxy does, and to whom.

use super::delay::Delay;
use super::hits::Hits;
use super::resolve::Answers;
use super::scope::Scope;
use crate::units::{ByteRate, Percent};
use std::sync::Arc;
use std::time::Duration;

/// What one fault does. Where it acts in a direction, its [`Scope`] says in which.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Connections are closed, new ones too; with `refuse` nobody listens.
    Down { refuse: bool },
    /// Connections are reset; the directions say who sees it.
    Reset,
    /// No more than so many connections at a time; who comes when they are open is closed.
    ConnectionLimit { most: u64 },
    /// The connection to the service is made later.
    SlowConnect { delay: Duration },
    /// The service's name has other addresses.
    Dns(Answers),
    /// Nothing passes; after `close_after` the connection is closed. With `deaf` nobody answers who connects, either.
    BlackHole { close_after: Option<Duration>, deaf: bool },
    /// After so many bytes the connection is closed.
    LimitData { bytes: u64 },
    /// Each byte becomes another one with this probability.
    Corruption { bytes: Percent },
    /// Everything arrives later.
    Latency { delay: Delay },
    /// The end of a connection arrives later.
    SlowClose { delay: Duration },
    /// Everything arrives at no more than a rate.
    Bandwidth { rate: ByteRate },
    /// Everything arrives in pieces of a few bytes.
    Slicer { slices: Slices },
}

/// Pieces of `average ± variation` bytes, with a pause after each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slices {
    pub(crate) average: usize,
    pub(crate) variation: usize,
    pub(crate) pause: Duration,
}

/// A fault in the set.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) effect: Effect,
    pub(super) scope: Scope,
    pub(super) hits: Arc<Hits>,
}
