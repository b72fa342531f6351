//! Circuit breaker: what failed all the time is not called for a while.

use crate::{Call, Remote};
use recloser::{AsyncRecloser, Error, Recloser};
use std::io;
use std::time::Duration;
use tower::{ServiceBuilder, ServiceExt as _, service_fn};

/// How long a call may take.
const TIME_OUT: Duration = Duration::from_millis(500);

/// Calls the service each time, and waits for the time-out each time.
pub fn weak(remote: Remote) -> Call {
    Call::new(ServiceBuilder::new().timeout(TIME_OUT).service(remote))
}

/// Once half of ten calls failed, fails at once for three seconds; then tries with three calls whether the service is back.
pub fn sound(remote: Remote) -> Call {
    let breaker =
        Recloser::custom().error_rate(0.5).closed_len(10).half_open_len(3).open_wait(Duration::from_secs(3)).build();
    let breaker = AsyncRecloser::from(breaker);
    let guarded = weak(remote);
    Call::new(service_fn(move |()| {
        let call = breaker.call(guarded.clone().oneshot(()));
        async move {
            call.await.map_err(|error| match error {
                Error::Inner(error) => error,
                Error::Rejected => io::Error::new(io::ErrorKind::ConnectionRefused, "the circuit is open").into(),
            })
        }
    }))
}
