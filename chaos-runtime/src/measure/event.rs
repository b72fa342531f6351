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
    /// Took longer than this, whatever came of it (`strict`: this long or longer).
    Long { limit: Nanos, strict: bool },
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
            Self::Long { limit, strict } => exceeds(response, limit, strict),
            Self::Status(status) => first.status == Some(status),
            Self::Error(class) => first.error == Some(class),
        }
    }

    /// Whether it may be true of this operation only because the driver did not run for `own` of its time.
    pub(crate) fn spoiled(self, ended: Ended, own: Nanos) -> bool {
        let without = |limit, strict| !exceeds(ended.response.saturating_sub(own), limit, strict);
        // An answer in several steps comes too late when the driver does not take the first ones. With all but a
        // tenth of its time the operation has timed out by itself.
        let gave_up = ended.timed_out && own.saturating_mul(10) >= ended.response;
        match self {
            Self::Slow { limit, strict } if ended.ok_at_last => without(limit, strict),
            Self::Long { limit, strict } => without(limit, strict),
            Self::Slow { .. } | Self::Failed | Self::FailedForGood | Self::Error(ErrorClass::Timeout) => gave_up,
            Self::Status(_) | Self::Error(_) => false,
        }
    }
}

/// How an operation ended that an event is true of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) response: Nanos,
    pub(crate) ok_at_last: bool,
    /// Its first attempt was given up after the time-out.
    pub(crate) timed_out: bool,
}

fn exceeds(response: Nanos, limit: Nanos, strict: bool) -> bool {
    if strict { response >= limit } else { response > limit }
}
