//! Time-out: a call ends, whatever becomes of the service.

use crate::{Call, Remote};
use std::time::Duration;
use tower::ServiceBuilder;

/// How long a caller is willing to wait.
const PATIENCE: Duration = Duration::from_millis(600);

/// Waits as long as it takes.
pub fn weak(remote: Remote) -> Call {
    Call::new(remote)
}

/// Gives up after 600 ms.
pub fn sound(remote: Remote) -> Call {
    Call::new(ServiceBuilder::new().timeout(PATIENCE).service(remote))
}
