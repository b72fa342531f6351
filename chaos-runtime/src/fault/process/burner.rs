//! Processes that do nothing but use CPU time: the test's own executable once more, caught before its `main`.

use crate::rollback::Recipe;
use crate::rollback::marked::{MARK, Marked, cpu_used};
use crate::{Error, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, getpid, pidfd_open};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// `argv[0]`, and the process' name.
const NAME: &str = "chaos-burner";

/// `argv[1]`: nobody's program is called like this with such an argument.
const FOR: &str = "--until-the-end-of";

/// How long it burns between two looks whether the test is still there.
const STRETCH: Duration = Duration::from_millis(10);

/// A number of them, once they are started. Clones speak of the same ones.
#[derive(Debug, Clone)]
pub(super) struct Burners {
    count: u32,
    token: String,
    children: Arc<Mutex<Vec<Child>>>,
}

impl Burners {
    pub(super) fn new(count: u32) -> Self {
        let token = format!("burner-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..));
        Self { count, token, children: Arc::default() }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// How they end if this process can't end them; they do so by themselves too.
    pub(super) fn undo(&self) -> Recipe {
        Recipe::KillMarked { token: self.token.clone(), leaders: Vec::new() }
    }

    /// Whether this kernel can tell them of the end of this process, whatever ends it.
    pub(super) fn can_end_with_this_process(&self) -> Result<()> {
        life().map(drop)
    }

    /// Starts them; their ids.
    pub(super) fn start(&self) -> Result<Vec<u32>> {
        let failed = |error: std::io::Error| Error::new("failed to start a busy process").caused_by(error);
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..self.count {
            let mut command = Command::new("/proc/self/exe");
            command.arg0(NAME).arg(FOR).arg(std::process::id().to_string());
            // Not in a session of its own: there, the scheduler might give it a share of its own too.
            command.stdin(life()?).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/").process_group(0);
            command.env(MARK, &self.token);
            children.push(command.spawn().map_err(failed)?);
        }
        Ok(children.iter().map(Child::id).collect())
    }

    /// How many are alive, and the CPU time that they have used.
    pub(super) fn used(&self) -> (u32, Duration) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let alive: Vec<u32> =
            children.iter_mut().filter_map(|child| matches!(child.try_wait(), Ok(None)).then(|| child.id())).collect();
        let used = alive.iter().filter_map(|pid| cpu_used(*pid)).sum();
        (u32::try_from(alive.len()).unwrap_or(u32::MAX), Duration::from_secs_f64(used))
    }

    pub(super) async fn end(&self) -> Result<()> {
        {
            let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
            for mut child in children.drain(..) {
                // What has ended already needs no kill.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        // Those of an injection that failed half-way too.
        Marked::new(&self.token, &[]).kill().await
    }
}

/// What becomes readable with the end of this process, whatever ends it and whichever thread has started them.
fn life() -> Result<OwnedFd> {
    pidfd_open(getpid(), PidfdFlags::empty()).map_err(|error| {
        Error::new("busy processes would not know of the end of this one (pidfd_open)")
            .caused_by(error)
            .help("it needs Linux 5.3, and a sandbox that permits it; `.cpu_limit(0.25)` needs neither")
    })
}

/// Whether this process was started as one.
pub(crate) fn is_burner(arguments: &[OsString]) -> bool {
    matches!(arguments, [name, flag, pid] if name == OsStr::new(NAME) && flag == OsStr::new(FOR)
        && pid.to_str().is_some_and(|pid| pid.parse::<u32>().is_ok()))
}

/// All that one does: it ends with the test.
pub(crate) fn main() -> i32 {
    crate::sys::close_inherited();
    let _ = std::fs::write("/proc/self/comm", NAME);
    let test = std::io::stdin();
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        match poll(&mut [PollFd::new(&test.as_fd(), PollFlags::IN)], Some(&at_once)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return 0,
            Err(_) => return 1,
        }
        let until = Instant::now() + STRETCH;
        while Instant::now() < until {
            for _ in 0..1_000 {
                std::hint::spin_loop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_command_line_makes_one() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(is_burner(&words(&[NAME, FOR, "17"])));
        assert!(!is_burner(&words(&[NAME, FOR])));
        assert!(!is_burner(&words(&["resilience-0123", FOR, "17"])));
        assert!(!is_burner(&words(&[NAME, FOR, "x"])));
        assert!(!is_burner(&words(&[NAME, "--exact", "17"])));
    }
}
