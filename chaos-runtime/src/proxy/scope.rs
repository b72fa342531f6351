//! Whom a fault hits: a direction, a share, the clients of one server name.

use super::direction::{Direction, Directions};
use super::draw;
use super::hits::ConnectionId;
use super::name_pattern::NamePattern;
use crate::units::Percent;
use std::fmt;

/// Whom a fault hits.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) directions: Directions,
    pub(crate) share: Share,
    /// Only connections whose TLS client asks for such a name.
    pub(crate) server_name: Option<NamePattern>,
    /// Only connections accepted before the one with this number.
    pub(crate) before: Option<ConnectionId>,
    pub(crate) seed: u64,
}

/// How much of the traffic is hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Share {
    All,
    Connections(Percent),
    Chunks(Percent),
}

impl Share {
    pub(super) fn is_of_chunks(self) -> bool {
        matches!(self, Self::Chunks(_))
    }
}

/// A connection, as a fault tells it from others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) id: ConnectionId,
    /// The server name that a TLS client asked for, as far as known.
    pub(super) server_name: Option<&'a str>,
}

impl Scope {
    /// Everything in these directions.
    pub(crate) fn whole(directions: Directions) -> Self {
        Self { directions, share: Share::All, server_name: None, before: None, seed: 0 }
    }

    /// Whether it hits connections by what they are; else it hits all alike.
    pub(super) fn picks_connections(&self) -> bool {
        self.before.is_some() || self.server_name.is_some() || matches!(self.share, Share::Connections(_))
    }

    /// Whether a connection is hit.
    pub(super) fn picks(&self, who: &Who<'_>) -> bool {
        let by_share = match self.share {
            Share::Connections(share) => draw::of(self.seed, who.id) < share.fraction(),
            Share::All | Share::Chunks(_) => true,
        };
        let by_name = || match &self.server_name {
            Some(pattern) => who.server_name.is_some_and(|name| pattern.matches(name)),
            None => true,
        };
        by_share && self.before.is_none_or(|before| who.id < before) && by_name()
    }

    /// Whether a chunk of a connection that is hit is hit.
    pub(super) fn picks_chunk(&self, connection: ConnectionId, direction: Direction, chunk: u64) -> bool {
        match self.share {
            // Another number than that which says how late it is.
            Share::Chunks(share) => draw::in_lane(!self.seed, connection, direction, chunk) < share.fraction(),
            Share::All | Share::Connections(_) => true,
        }
    }
}

impl fmt::Display for Share {
    /// ` on 10 % of connections`, or nothing for all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Connections(share) => write!(f, " on {share} of connections"),
            Self::Chunks(share) => write!(f, " on {share} of chunks"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::percent;

    fn by_share(share: f64, seed: u64) -> Scope {
        Scope { share: Share::Connections(percent(share)), seed, ..Scope::whole(Directions::Both) }
    }

    fn picked(scope: &Scope, of: u64) -> Vec<u64> {
        (0..of).filter(|id| scope.picks(&Who { id: *id, server_name: None })).collect()
    }

    #[test]
    fn a_share_is_exact_at_its_ends_and_binomial_between() {
        assert!(picked(&by_share(0.0, 7), 10_000).is_empty());
        assert_eq!(picked(&by_share(100.0, 7), 10_000).len(), 10_000);
        for seed in 0..50 {
            // The binomial distribution's 99.99 % interval for n = 10,000, p = 0.1.
            let hit = picked(&by_share(10.0, seed), 10_000).len();
            assert!((884..=1118).contains(&hit), "seed {seed}: {hit} of 10,000");
        }
    }

    #[test]
    fn the_seed_says_which() {
        assert_eq!(picked(&by_share(10.0, 1), 1_000), picked(&by_share(10.0, 1), 1_000));
        assert_ne!(picked(&by_share(10.0, 1), 1_000), picked(&by_share(10.0, 2), 1_000));
        // A larger share hits those that a smaller one hits, and more: a ramp does not jump about.
        let (few, more) = (picked(&by_share(10.0, 1), 1_000), picked(&by_share(30.0, 1), 1_000));
        assert!(few.iter().all(|id| more.contains(id)) && more.len() > few.len());
    }

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(by_share(7.0, 1).share.to_string(), " on 7 % of connections");
        assert_eq!(Share::All.to_string(), "");
    }
}
