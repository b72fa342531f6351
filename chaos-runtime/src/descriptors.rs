//! File descriptors that this process was refused. The load, the proxies and often the services under test live in
//! it: once it has none left, nothing that is measured says anything about a target.

use crate::{Error, Result};
use socket2::{Domain, Type};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often one was refused since the process began. A limit of the process is shared by all of its experiments.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// What a person can do about it.
pub(crate) const HELP: &str = "allow more with `ulimit -n 4096`, or lower the load's rate or number of workers";

/// Counts an error if it is one of those.
pub(crate) fn note(error: &io::Error) {
    if is_refusal(error) {
        REFUSED.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often one was refused until now.
pub(crate) fn refused() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}

/// How many an experiment needs for itself: runtimes, timers, pipes of signals. Fewer, and some library panics for
/// want of one where it expected no failure.
pub(crate) const NEEDED: usize = 24;

/// How many a process should be allowed: 10,000 connections through a proxy, with both their ends and room to spare.
pub(crate) const WANTED: u64 = 65_536;

/// What the process was allowed before the first [`raise`]. Its children get that, as without us.
#[cfg(unix)]
static ALLOWED: std::sync::OnceLock<Option<rustix::process::Rlimit>> = std::sync::OnceLock::new();

/// Raises this process' limit as far as it may itself, and no further than is of use.
pub(crate) fn raise() {
    #[cfg(unix)]
    ALLOWED.get_or_init(|| {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let allowed = getrlimit(Resource::Nofile);
        let wanted = WANTED.min(allowed.maximum.unwrap_or(WANTED));
        if allowed.current.is_none_or(|current| current >= wanted) {
            return None;
        }
        // Should the system refuse, the limit stays as it was, and who hits it is told.
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..allowed });
        raised.is_ok().then_some(allowed)
    });
}

/// The limits to give to a child process, where they are not those of this one.
#[cfg(unix)]
pub(crate) fn of_children() -> Option<rustix::process::Rlimit> {
    ALLOWED.get().copied().flatten()
}

/// Whether there are enough for an experiment to begin with.
pub(crate) fn enough() -> Result<()> {
    raise();
    let free: io::Result<Vec<_>> = (0..NEEDED).map(|_| socket2::Socket::new(Domain::IPV4, Type::DGRAM, None)).collect();
    match free {
        Err(error) if is_refusal(&error) => {
            let limit = limit().map_or_else(String::new, |limit| format!(" (its limit is {limit})"));
            let message =
                format!("an experiment needs {NEEDED} file descriptors, and this process has fewer left{limit}");
            Err(Error::new(message).caused_by(error))
        }
        // Whatever else is wrong shows where it matters.
        _ => Ok(()),
    }
}

/// The reason in words.
pub(crate) fn message() -> String {
    let limit = limit().map_or_else(String::new, |limit| format!(" (its limit is {limit})"));
    format!("this process has no file descriptors left{limit}, so what was measured says nothing about the target")
}

/// Whether the process, or the whole machine, has no descriptor left.
#[cfg(unix)]
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let refusals = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| refusals.contains(&code))
}

/// Sockets of Windows know no such limit.
#[cfg(not(unix))]
pub(crate) fn is_refusal(_error: &io::Error) -> bool {
    false
}

#[cfg(unix)]
fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn limit() -> Option<u64> {
    None
}
