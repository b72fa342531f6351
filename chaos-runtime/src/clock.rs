//! The experiment's one clock. Follows tokio's, so it can be paused and advanced in virtual time.

use std::time::Duration;
use tokio::time::Instant;

/// Nanoseconds since the experiment's start.
pub(crate) type Nanos = u64;

/// Instants as nanoseconds since the experiment's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The current instant.
    pub(crate) fn now(&self) -> Nanos {
        nanos(self.origin.elapsed())
    }

    /// The instant `at` as tokio knows it.
    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        self.origin + Duration::from_nanos(at)
    }

    /// A tokio instant as nanoseconds since the start; 0 for instants before it.
    pub(crate) fn at(&self, instant: Instant) -> Nanos {
        nanos(instant.saturating_duration_since(self.origin))
    }

    /// Waits until `at`.
    pub(crate) async fn sleep_until(&self, at: Nanos) {
        tokio::time::sleep_until(self.instant(at)).await;
    }
}

/// A duration as nanoseconds; 584 years are enough.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as the journal's microseconds.
pub(crate) fn micros(nanos: Nanos) -> u64 {
    nanos / 1_000
}

/// What this thread has used of a processor, in the kernel too. Whatever else the machine does is not counted.
#[cfg(all(test, unix))]
pub(crate) fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.try_into().unwrap()
}

/// Where that is not told, the time of day has to do.
#[cfg(all(test, not(unix)))]
pub(crate) fn processor_time() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap()
}
