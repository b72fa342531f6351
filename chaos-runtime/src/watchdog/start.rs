//! Starting a watchdog, in the test process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// This process' watchdog, whether it runs yet or not.
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// What the records of this process carry, so that the watchdog knows them from those of others.
    token: String,
    root: PathBuf,
    run: String,
    running: Mutex<Option<Running>>,
}

impl Watchdog {
    /// One that is yet to be started, for a process that writes to the run `run` below `root`.
    pub(crate) fn new(root: &Path, run: &str) -> Self {
        let token = format!("{:016x}", fastrand::u64(..));
        Self { token, root: root.to_owned(), run: run.to_owned(), running: Mutex::default() }
    }

    /// What the records of this process carry.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Sees to it that one runs. Blocks for a fork and an exec the first time, and should the last one have been
    /// killed; otherwise for a system call. The error says why there is none, in a sentence.
    pub(crate) fn ensure(&self) -> Result<(), String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !running.as_mut().is_some_and(Running::is_alive) {
            // What is left of the last one goes first.
            *running = None;
            *running = Running::start(self).map_err(|error| {
                format!("no watchdog: {error}; after a SIGKILL the next chaos test would have to undo the faults")
            })?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
use linux::Running;

#[cfg(target_os = "linux")]
mod linux {
    use super::Watchdog;
    use crate::rollback::marked::MARK;
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    #[derive(Debug)]
    pub(super) struct Running {
        child: Child,
        _held: Option<OwnedFd>,
    }

    impl Running {
        pub(super) fn start(watchdog: &Watchdog) -> io::Result<Option<Self>> {
            if !crate::sys::runs_before_main() {
                return Err(io::Error::other("chaos-runtime is in a library, not in the executable"));
            }
            let (awaited, held) = life()?;
            // The very file that runs here, also if it was removed or built anew meanwhile.
            let mut command = Command::new("/proc/self/exe");
            command.arg0(super::super::keep::NAME).arg(super::super::keep::OF).arg(std::process::id().to_string());
            command.arg(&watchdog.token).arg(&watchdog.root).arg(&watchdog.run);
            command.stdin(awaited).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").env_remove(MARK);
            crate::sys::in_own_session(&mut command);
            let child = command.spawn()?;
            Ok(Some(Self { child, _held: held }))
        }

        pub(super) fn is_alive(&mut self) -> bool {
            matches!(self.child.try_wait(), Ok(None))
        }
    }

    /// What becomes readable with the end of this process, and what has to be held until then.
    ///
    /// A pidfd of this very process; where a sandbox or a kernel before 5.3 has none, a pipe. The pipe's end may come
    /// too late: a process that was forked, but not started, holds a copy.
    fn life() -> io::Result<(OwnedFd, Option<OwnedFd>)> {
        if let Ok(pidfd) = pidfd_open(getpid(), PidfdFlags::empty()) {
            return Ok((pidfd, None));
        }
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        Ok((read, Some(write)))
    }
}

/// Elsewhere nobody has tried yet whether a constructor may do as much as a replay needs: the next run has to do.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Running;

#[cfg(not(target_os = "linux"))]
impl Running {
    fn start(_: &Watchdog) -> std::io::Result<Option<Self>> {
        Ok(None)
    }

    fn is_alive(&mut self) -> bool {
        true
    }
}
