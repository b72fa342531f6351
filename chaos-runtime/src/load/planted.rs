//! Pauses of a driver in virtual time, where a machine has none of its own: for tests of how they are judged.

/// Waits until the driver runs again; whether it did not.
#[cfg(feature = "virtual-time")]
pub(crate) async fn nap_over() -> bool {
    let mut napped = false;
    while let Some(until) = NAP.get().filter(|until| tokio::time::Instant::now() < *until) {
        tokio::time::sleep_until(until).await;
        napped = true;
    }
    napped
}

/// Real machines have pauses of their own.
#[cfg(not(feature = "virtual-time"))]
pub(crate) async fn nap_over() -> bool {
    false
}

#[cfg(feature = "virtual-time")]
thread_local! {
    /// An experiment in virtual time has all of its drivers on one thread.
    static NAP: std::cell::Cell<Option<tokio::time::Instant>> = const { std::cell::Cell::new(None) };
}

/// Every experiment has a clock of its own.
#[cfg(feature = "virtual-time")]
pub(crate) fn awake() {
    NAP.set(None);
}

/// From now on, and for this long, no driver of this thread's experiment notices anything.
#[cfg(feature = "virtual-time")]
pub(crate) fn nap(length: std::time::Duration) {
    NAP.set(Some(tokio::time::Instant::now() + length));
}
