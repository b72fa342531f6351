//! The one primitive of every threshold claim: an event that an operation is, or is not.

use super::{ErrorClass, Outcome};
use crate::clock::Nanos;

/// Something that is true or false of every completed operation. Claims become "k of n were it".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The first attempt failed.
    Failed,
    /// Failed after every retry.
    FailedForGood,
    /// Failed for good, or took longer than this (`strict`: this long or longer).
    Slow { limit: Nanos, strict: bool },
    /// The first attempt was answered with this HTTP status.
    Status(u16),
    /// The first attempt failed in this class.
    Error(ErrorClass),
}

impl Event {
    /// Whether it is true of an operation with this first outcome, this final success and this latency.
    pub(crate) fn of(self, first: &Outcome, ok_at_last: bool, response: Nanos) -> bool {
        match self {
            Self::Failed => !first.is_ok(),
            Self::FailedForGood => !ok_at_last,
            Self::Slow { limit, strict } => !ok_at_last || exceeds(response, limit, strict),
            Self::Status(status) => first.status == Some(status),
            Self::Error(class) => first.error == Some(class),
        }
    }

    /// Whether it is true only because the driver itself was late by `lag`.
    pub(crate) fn spoiled(self, ok_at_last: bool, response: Nanos, lag: Nanos) -> bool {
        match self {
            Self::Slow { limit, strict } => {
                ok_at_last && exceeds(response, limit, strict) && !exceeds(response.saturating_sub(lag), limit, strict)
            }
            _ => false,
        }
    }
}

fn exceeds(response: Nanos, limit: Nanos, strict: bool) -> bool {
    if strict { response >= limit } else { response > limit }
}
