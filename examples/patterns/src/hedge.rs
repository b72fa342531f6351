//! Hedged request: who waits longer than most do asks once more, and takes the first answer.

use crate::Call;
use std::time::Duration;
use tower::buffer::Buffer;
use tower::hedge::{Hedge, Policy};
use tower::{BoxError, Service};

/// Waits for the slow answer.
pub fn weak<S>(remote: S) -> Call
where
    S: Service<(), Response = String, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
{
    Call::new(remote)
}

/// Asks once more when four of five calls, of those half a second ago, would have been over.
pub fn sound<S>(remote: S) -> Call
where
    S: Service<(), Response = String, Error = BoxError, Future: Send> + Clone + Send + Sync + 'static,
{
    let hedged = Hedge::new(remote, Always, 10, 0.8, Duration::from_millis(500));
    // A `Hedge` can't be cloned; through a buffer all callers share it, and what it has measured.
    Call::new(Buffer::new(hedged, 1024))
}

/// Quotes may be asked for any number of times.
#[derive(Clone)]
struct Always;

impl Policy<()> for Always {
    fn clone_request(&self, (): &()) -> Option<()> {
        Some(())
    }

    fn can_retry(&self, (): &()) -> bool {
        true
    }
}
