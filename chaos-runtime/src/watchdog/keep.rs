//! The watchdog's own process: waiting, undoing, telling.

use super::rescue::{Rescue, Rescued};
use crate::report::run::Run;
use crate::rollback::{OwnFiles, replay_files_of};
use rustix::event::{PollFd, PollFlags, poll};
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// `argv[0]`, and the process' name.
pub(super) const NAME: &str = "chaos-watchdog";

/// `argv[1]`: nobody's program is called like this with such an argument.
pub(super) const OF: &str = "--of";

/// How long the files of an ended process are tried to be had. A process that it had forked, but not started, may
/// hold their locks.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a watchdog is started with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pid: u32,
    token: String,
    root: PathBuf,
    run: String,
}

/// What this process was started with, if it is to be a watchdog.
pub(crate) fn arguments(all: Vec<OsString>) -> Option<Arguments> {
    let [name, of, pid, token, root, run] = <[OsString; 6]>::try_from(all).ok()?;
    let text = |word: OsString| word.into_string().ok();
    if name != OsStr::new(NAME) || of != OsStr::new(OF) {
        return None;
    }
    Some(Arguments { pid: text(pid)?.parse().ok()?, token: text(token)?, root: root.into(), run: text(run)? })
}

/// All that a watchdog does. Returns its exit status.
pub(crate) fn main(arguments: &Arguments) -> i32 {
    crate::sys::close_inherited();
    // For `ps` and `top`; the command line has it already.
    let _ = std::fs::write("/proc/self/comm", NAME);
    if wait(std::io::stdin()).is_err() {
        return 1;
    }
    let ended = Instant::now();
    let at = jiff::Timestamp::now();
    let run = Run::reopen(arguments.root.clone(), arguments.run.clone());
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 1 };
    let mut undos = Vec::new();
    let files = runtime.block_on(replay_files_of(&run.undo_dir(), arguments.pid, PATIENCE, |recovered| {
        undos.push(Rescued::new(&recovered, ended.elapsed()));
    }));
    // An undo that hung must not hold up the end.
    runtime.shutdown_background();
    let OwnFiles { taken_by_others, still_locked } = files;
    let rescue = Rescue::new(arguments.pid, at, undos, taken_by_others, still_locked);
    i32::from(run.rescued(&arguments.token, &rescue).is_err())
}

/// Sleeps until the process behind `life` has ended.
pub(super) fn wait(life: impl AsFd) -> rustix::io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(&life, PollFlags::IN)], None) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    use std::process::Command;
    use std::sync::mpsc;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn only_the_whole_command_line_makes_a_watchdog() {
        let good = ["chaos-watchdog", "--of", "17", "token", "/target/chaos", "run"];
        let expected = Arguments { pid: 17, token: "token".into(), root: "/target/chaos".into(), run: "run".into() };
        assert_eq!(arguments(words(&good)), Some(expected));
        assert_eq!(arguments(words(&good[..5])), None);
        assert_eq!(arguments(words(&["resilience-0123", "--of", "17", "token", "/target/chaos", "run"])), None);
        assert_eq!(arguments(words(&["chaos-watchdog", "--exact", "17", "token", "/target/chaos", "run"])), None);
        assert_eq!(arguments(words(&["chaos-watchdog", "--of", "pid", "token", "/target/chaos", "run"])), None);
        assert_eq!(arguments(Vec::new()), None);
    }

    /// Waits on another thread; the receiver hears of the end.
    fn waiting(life: std::os::fd::OwnedFd) -> mpsc::Receiver<()> {
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            wait(life).unwrap();
            ended.send(()).unwrap();
        });
        end
    }

    fn pidfd(pid: u32) -> std::os::fd::OwnedFd {
        pidfd_open(Pid::from_raw(pid.try_into().unwrap()).unwrap(), PidfdFlags::empty()).unwrap()
    }

    const MOMENT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn the_wait_ends_with_the_process_and_not_before() {
        let mut child = Command::new("sleep").arg("300").spawn().unwrap();
        let end = waiting(pidfd(child.id()));
        assert!(end.recv_timeout(MOMENT).is_err(), "it lives");
        child.kill().unwrap();
        // A zombie has ended: nobody has to wait for it first.
        end.recv_timeout(LONG).unwrap();
        child.wait().unwrap();
    }

    /// The number stands for a living process again; the pidfd still stands for the dead one.
    #[test]
    fn a_pid_that_is_used_again_does_not_fool_it() {
        let mut child = Command::new("true").spawn().unwrap();
        let life = pidfd(child.id());
        child.wait().unwrap();
        // Whether or not somebody has got the number by now, `life` speaks of the first.
        waiting(life).recv_timeout(LONG).unwrap();
        // And the other way round: one who lives is not taken for dead because another one has died.
        let mut bystander = Command::new("sleep").arg("300").spawn().unwrap();
        let end = waiting(pidfd(bystander.id()));
        assert!(end.recv_timeout(MOMENT).is_err());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        end.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn without_a_pidfd_the_end_of_a_pipe_has_to_do() {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let end = waiting(read);
        assert!(end.recv_timeout(MOMENT).is_err());
        drop(write);
        end.recv_timeout(LONG).unwrap();
    }
}
