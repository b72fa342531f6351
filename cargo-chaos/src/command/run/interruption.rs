//! An end before the end: Ctrl-C, or a supervisor's SIGTERM.

use chaos_runtime::Result;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::time::{Duration, Instant};

/// Time for a SIGTERM to end cargo, where it was sent to everyone: the tests must not get another one, which would let
/// them end without a rollback of their own.
#[cfg(unix)]
const OTHERS: Duration = Duration::from_secs(1);
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(20);

/// Whether somebody wants the run to end. The tests hear of it too, roll back, and are waited for.
#[derive(Debug, Default)]
pub(super) struct Interruption(Arc<AtomicBool>);

impl Interruption {
    pub(super) fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// cargo has ended. It may have got the signal a moment earlier than this process does.
    #[cfg(unix)]
    pub(super) fn look_at(&self, cargo: ExitStatus) {
        use std::os::unix::process::ExitStatusExt as _;
        if matches!(cargo.signal(), Some(signal_hook::consts::SIGINT | signal_hook::consts::SIGTERM)) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[cfg(not(unix))]
    pub(super) fn look_at(&self, _: ExitStatus) {}

    /// A terminal sends its SIGINT to the tests as well. A SIGTERM may come to this process alone, and is passed on then.
    #[cfg(unix)]
    pub(super) fn listen() -> Result<Self> {
        use chaos_runtime::Error;
        use signal_hook::consts::{SIGINT, SIGTERM};

        let interruption = Self::default();
        let failed = |error| Error::new("can't listen for signals").caused_by(error);
        for signal in [SIGINT, SIGTERM] {
            // In the handler: whoever sees cargo's end sees what has ended it.
            signal_hook::flag::register(signal, Arc::clone(&interruption.0)).map_err(failed)?;
        }
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM]).map_err(failed)?;
        let pass_on = move || {
            for _ in signals.forever() {
                let told = Instant::now();
                while told.elapsed() < OTHERS && !children().is_empty() {
                    std::thread::sleep(PAUSE);
                }
                terminate();
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(pass_on).map_err(failed)?;
        Ok(interruption)
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Result<Self> {
        Ok(Self::default())
    }
}

/// Asks cargo and those whom it has started to end, unless cargo has ended. It does so without a word to them, and whose
/// child is whose is known only before that. What the tests themselves have started is theirs.
#[cfg(unix)]
fn terminate() {
    let all = parents();
    let cargo = children_of(&[own_id()], &all);
    let tests = children_of(&cargo, &all);
    for pid in tests.into_iter().chain(cargo).filter_map(rustix::process::Pid::from_raw) {
        // One that has just ended need not hear of it.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

#[cfg(unix)]
fn children() -> Vec<i32> {
    children_of(&[own_id()], &parents())
}

#[cfg(unix)]
fn own_id() -> i32 {
    std::process::id().cast_signed()
}

#[cfg(unix)]
fn children_of(parents: &[i32], all: &[(i32, i32)]) -> Vec<i32> {
    all.iter().filter(|(_, parent)| parents.contains(parent)).map(|(child, _)| *child).collect()
}

/// Every process with its parent.
#[cfg(unix)]
fn parents() -> Vec<(i32, i32)> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let with_parent = processes.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `pid (name) state parent …`, and a name may have anything in it.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((pid, parent))
    });
    with_parent.collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{children, own_id, parents};

    #[test]
    fn whose_child_is_whose_is_known_whatever_they_are_called() {
        let dir = tempfile::tempdir().unwrap();
        let odd = dir.path().join("a ) R 1 (b");
        std::os::unix::fs::symlink("/bin/sleep", &odd).unwrap();
        let mut child = std::process::Command::new(&odd).arg("60").spawn().unwrap();
        let id = child.id().cast_signed();
        assert!(parents().contains(&(id, own_id())) && children().contains(&id));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
