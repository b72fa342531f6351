//! What this machine can do, for `cargo chaos doctor`: asked of the code that faults and measurements ask themselves, so
//! that there are no two opinions. Not for others: it changes as the command does.
//!
//! Everything here blocks, and is safe to be left to itself on a thread when it takes too long. `Ok` says what was found,
//! an error why not, with the way out.

#[cfg(feature = "aws")]
mod account;
mod clock;
#[cfg(feature = "docker")]
mod engine;
#[cfg(target_os = "linux")]
mod kernel;
mod limits;
mod places;
mod settings;

#[cfg(feature = "aws")]
pub use account::{Account, account, credentials};
pub use clock::{Lateness, lateness, resolution};
#[cfg(feature = "docker")]
pub use engine::{Engine, engine, packet_faults};
#[cfg(target_os = "linux")]
pub use kernel::{cgroup, clock_library, small_disk, tells_waits};
pub use limits::{Descriptors, descriptors};
pub use places::{free_space, lock_directory};
pub use settings::{Reached, Settings};

use crate::experiment::requirement;
use crate::{Error, Result};
use std::future::Future;

/// Whether a Docker engine answers where testcontainers looks for one: what `requires(docker)` asks.
///
/// # Errors
/// Why none does, with the way out.
pub fn docker() -> Result {
    requirement::docker()
}

/// A number of bytes as reports write it.
pub fn bytes(bytes: u64) -> String {
    crate::figure::bytes(bytes)
}

/// Microseconds as reports write them.
pub fn duration(us: u64) -> String {
    crate::figure::duration(us)
}

/// A number as reports write it.
pub fn count(n: u64) -> String {
    crate::figure::count(n)
}

/// A line that may be shown: without secrets and sequences of terminals.
pub fn line(text: &str) -> String {
    crate::report::text::tell(text)
}

/// On a runtime of its own, whatever thread this is.
fn wait_for<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Error::new("failed to start a runtime").caused_by(error))?.block_on(work)
}

#[cfg(test)]
mod tests;
