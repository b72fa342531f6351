//! Which resources an action harms.

use super::value::in_percent;
use crate::units::Percent;
use std::fmt;

/// How the resources of one action are chosen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Selection {
    pub(crate) arns: Vec<String>,
    /// All of them must be there.
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) parameters: Vec<(String, String)>,
    /// The Availability Zone, which every resource type has in another place.
    pub(crate) zone: Option<String>,
    pub(crate) scope: Scope,
}

/// A condition on what the service says of a resource.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    /// Where the value stands in the service's description, in Pascal case: `Placement.AvailabilityZone`.
    pub path: String,
    /// Any of these.
    pub values: Vec<String>,
}

/// How many of the chosen resources are harmed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Scope {
    #[default]
    All,
    /// Drawn by FIS.
    Count(u32),
    /// Drawn by FIS, which rounds down.
    Share(Percent),
}

impl fmt::Display for Scope {
    /// As FIS writes it: `COUNT(1)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("ALL"),
            Self::Count(count) => write!(f, "COUNT({count})"),
            Self::Share(share) => write!(f, "PERCENT({})", in_percent(*share)),
        }
    }
}
