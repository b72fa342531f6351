//! Bulkhead: what goes under goes under alone.

use crate::{Call, Remote};
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;

/// How many calls may be under way in one pool.
const PLACES: usize = 60;

/// Calls of two services.
#[derive(Debug, Clone)]
pub struct Callers {
    /// Of the service that will be slow.
    pub slow: Call,
    /// Of the other one.
    pub other: Call,
}

/// One pool for both: calls of the slow service fill it, and those of the other one queue behind them.
pub fn weak(slow: Remote, other: Remote) -> Callers {
    let pool = GlobalConcurrencyLimitLayer::new(PLACES);
    let through = |remote| Call::new(ServiceBuilder::new().layer(pool.clone()).service(remote));
    Callers { slow: through(slow), other: through(other) }
}

/// A pool for each, and calls that find theirs full fail at once.
pub fn sound(slow: Remote, other: Remote) -> Callers {
    let through = |remote| {
        let pool = GlobalConcurrencyLimitLayer::new(PLACES);
        Call::new(ServiceBuilder::new().load_shed().layer(pool).service(remote))
    };
    Callers { slow: through(slow), other: through(other) }
}
