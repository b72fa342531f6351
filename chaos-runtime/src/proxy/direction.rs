//! The two ways through a proxy.

use std::fmt;

/// One way through a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// Towards the service.
    Upstream,
    /// Towards the client.
    Downstream,
}

/// The ways that a fault acts on; at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directions {
    Upstream,
    Downstream,
    Both,
}

impl Directions {
    pub(crate) fn contains(self, direction: Direction) -> bool {
        match self {
            Self::Both => true,
            Self::Upstream => direction == Direction::Upstream,
            Self::Downstream => direction == Direction::Downstream,
        }
    }
}

impl fmt::Display for Directions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upstream => "towards the service",
            Self::Downstream => "towards the client",
            Self::Both => "both ways",
        })
    }
}
