//! File descriptors.

use crate::{Result, descriptors};

/// How many file descriptors tests may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Descriptors {
    /// What a process begins with; `None`: no limit.
    pub soft: Option<u64>,
    /// As far as a test process raises it itself; `None`: no limit.
    pub hard: Option<u64>,
    /// How many it asks for: enough for [`CONNECTIONS`](Self::CONNECTIONS).
    pub wanted: u64,
}

impl Descriptors {
    /// Connections through a proxy with both their ends in the test process that [`wanted`](Self::wanted) is enough for.
    pub const CONNECTIONS: u64 = 10_000;

    /// How many such connections the hard limit is enough for.
    pub fn connections(&self) -> u64 {
        let usable = self.hard.unwrap_or(u64::MAX).min(self.wanted);
        usable.saturating_sub(descriptors::NEEDED as u64) * Self::CONNECTIONS / self.wanted
    }
}

/// The limits of this process, which are those of the tests that this user's shell starts.
///
/// # Errors
/// If there are too few for any experiment.
#[cfg(unix)]
pub fn descriptors() -> Result<Descriptors> {
    // Before it is raised.
    let limits = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    descriptors::enough()?;
    Ok(Descriptors { soft: limits.current, hard: limits.maximum, wanted: descriptors::WANTED })
}

/// There is no such limit here.
#[cfg(not(unix))]
pub fn descriptors() -> Result<Descriptors> {
    Ok(Descriptors { soft: None, hard: None, wanted: descriptors::WANTED })
}
