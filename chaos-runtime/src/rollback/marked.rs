//! Processes found by the mark in their environment, which every descendant inherits.

use super::undo::Leader;
use crate::{Error, Result};
use rustix::process::{Pid, Signal, getpgrp, kill_process, kill_process_group};
use std::collections::BTreeSet;
use std::time::Duration;

/// The environment variable that marks child processes of an experiment and their descendants.
pub(crate) const MARK: &str = "CHAOS_CHILD";

/// How often the processes are looked for after a kill, and the pause in between.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(30);

/// All processes that carry one mark.
///
/// On Linux they are found by their environment, wherever in the process tree they are. Elsewhere, and
/// for programs that overwrite their environment with a title, by the groups that were started.
#[derive(Debug, Clone)]
pub(crate) struct Marked {
    token: String,
    leaders: Vec<Leader>,
}

impl Marked {
    pub(crate) fn new(token: &str, leaders: &[Leader]) -> Self {
        Self { token: token.to_owned(), leaders: leaders.to_vec() }
    }

    /// The ids of those that are alive, without this process itself.
    pub(crate) fn find(&self) -> BTreeSet<u32> {
        let mut found = system::with_environment(&format!("{MARK}={}", self.token));
        found.extend(self.leaders.iter().filter(|leader| leader.is_alive()).map(|leader| leader.pid));
        found.remove(&std::process::id());
        found
    }

    /// Sends a signal to all of them, with their groups. Returns how many were found.
    pub(crate) fn signal(&self, signal: i32) -> Result<usize> {
        let signal = Signal::from_named_raw(signal).ok_or_else(|| Error::new(format!("{signal} is not a signal")))?;
        let found = self.find();
        self.signal_these(&found, signal)?;
        Ok(found.len())
    }

    /// Sends a signal to those that were [found](Self::find) a moment ago, with their groups.
    pub(crate) fn signal_these(&self, found: &BTreeSet<u32>, signal: Signal) -> Result<()> {
        let mut groups = BTreeSet::new();
        for pid in found {
            match system::group(*pid).filter(|group| self.owns_group(*group, found)) {
                Some(group) => drop(groups.insert(group)),
                None => send(*pid, signal, kill_process)?,
            }
        }
        groups.iter().try_for_each(|group| send(*group, signal, kill_process_group))
    }

    /// A group counts as theirs unless its leader is alive and not one of them.
    fn owns_group(&self, group: u32, found: &BTreeSet<u32>) -> bool {
        let own = getpgrp().as_raw_pid().unsigned_abs();
        group > 1 && group != own && (found.contains(&group) || system::state(group).is_none())
    }

    /// Kills all of them and waits until they are gone. Needs a tokio runtime.
    pub(crate) async fn kill(&self) -> Result<()> {
        for _ in 0..LOOKS {
            let marked = self.clone();
            // Reading /proc takes milliseconds on a big machine.
            let found = tokio::task::spawn_blocking(move || marked.signal(Signal::KILL.as_raw()))
                .await
                .map_err(|error| Error::new("the search for processes panicked").caused_by(error))??;
            if found == 0 {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        let left: Vec<String> = self.find().iter().map(ToString::to_string).collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Error::new(format!("killed processes are still there: {}", left.join(", "))))
    }
}

fn send(pid: u32, signal: Signal, how: fn(Pid, Signal) -> rustix::io::Result<()>) -> Result<()> {
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match how(id, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => {
            Err(Error::new(format!("failed to send signal {} to process {pid}", signal.as_raw())).caused_by(error))
        }
    }
}

impl Leader {
    /// The process `pid` as it is now; `None` if there is none.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Some(Self { pid, started: system::started(pid)? })
    }

    /// Whether this very process is alive, and not another one with its id.
    pub(crate) fn is_alive(&self) -> bool {
        state(self.pid).is_some() && system::started(self.pid).as_ref() == Some(&self.started)
    }
}

/// The state of a living process as `ps` and `/proc` name it: `T` = stopped. `None`: no such process,
/// or it is dead and only waits to be reaped.
pub(crate) fn state(pid: u32) -> Option<char> {
    system::state(pid)
}

/// How many seconds of CPU time all threads of a living process have used, to a clock tick (10 ms). Linux.
pub(crate) fn cpu_used(pid: u32) -> Option<f64> {
    system::cpu_used(pid)
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeSet;

    pub(super) fn with_environment(variable: &str) -> BTreeSet<u32> {
        let Ok(listing) = std::fs::read_dir("/proc") else { return BTreeSet::new() };
        listing
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                // Of other users' processes it can't be read; ours can.
                std::fs::read(format!("/proc/{pid}/environ"))
                    .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|found| found == variable.as_bytes()))
            })
            .collect()
    }

    /// The fields of `/proc/<pid>/stat` after the program's name, which may contain anything.
    fn stat(pid: u32) -> Option<Vec<String>> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        Some(fields.split_whitespace().map(str::to_owned).collect())
    }

    pub(super) fn state(pid: u32) -> Option<char> {
        stat(pid)?.first()?.chars().next().filter(|state| !matches!(state, 'Z' | 'X' | 'x'))
    }

    pub(super) fn group(pid: u32) -> Option<u32> {
        stat(pid)?.get(2)?.parse().ok()
    }

    pub(super) fn cpu_used(pid: u32) -> Option<f64> {
        let fields = stat(pid)?;
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let used = ticks(11)? + ticks(12)?;
        Some(used as f64 / rustix::param::clock_ticks_per_second().max(1) as f64)
    }

    /// Clock ticks since boot, which needs the boot's id to be unique.
    pub(super) fn started(pid: u32) -> Option<String> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Some(format!("{}/{}", boot.trim(), stat(pid)?.get(19)?))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::collections::BTreeSet;
    use std::process::Command;

    /// No portable way to read another process' environment.
    pub(super) fn with_environment(_variable: &str) -> BTreeSet<u32> {
        BTreeSet::new()
    }

    fn ps(field: &str, pid: u32) -> Option<String> {
        let output = Command::new("ps").args(["-o", field, "-p", &pid.to_string()]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    pub(super) fn state(pid: u32) -> Option<char> {
        ps("state=", pid)?.chars().next().filter(|state| *state != 'Z')
    }

    pub(super) fn group(pid: u32) -> Option<u32> {
        ps("pgid=", pid)?.parse().ok()
    }

    pub(super) fn started(pid: u32) -> Option<String> {
        ps("lstart=", pid)
    }

    pub(super) fn cpu_used(_pid: u32) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    fn token() -> String {
        format!("test-{:016x}", fastrand::u64(..))
    }

    /// In a group of its own, as every child of an experiment.
    fn spawn(token: &str, script: &str) -> Child {
        Command::new("sh").args(["-c", script]).env(MARK, token).process_group(0).spawn().unwrap()
    }

    #[tokio::test]
    async fn kill_takes_descendants_and_spares_others() {
        let (mine, other) = (token(), token());
        let mut child = spawn(&mine, "sleep 300 & sleep 300");
        let mut bystander = spawn(&other, "exec sleep 300");
        let marked = Marked::new(&mine, &[]);
        if cfg!(target_os = "linux") {
            while marked.find().len() < 3 {
                tokio::time::sleep(PAUSE).await;
            }
        }
        let marked = Marked { leaders: vec![Leader::of(child.id()).unwrap()], ..marked };
        let reaper = std::thread::spawn(move || child.wait().unwrap());
        marked.kill().await.unwrap();
        reaper.join().unwrap();
        assert!(marked.find().is_empty());
        assert!(state(bystander.id()).is_some());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[tokio::test]
    async fn a_leader_without_the_mark_is_found_by_its_identity_only() {
        let mut child = Command::new("sleep").arg("300").process_group(0).spawn().unwrap();
        let leader = Leader::of(child.id()).unwrap();
        let reused = Leader { started: "another time".into(), ..leader.clone() };
        assert!(Marked::new(&token(), &[reused]).find().is_empty());
        let marked = Marked::new(&token(), &[leader]);
        assert_eq!(marked.find(), BTreeSet::from([child.id()]));
        let reaper = std::thread::spawn(move || child.wait().unwrap());
        marked.kill().await.unwrap();
        reaper.join().unwrap();
    }

    #[test]
    fn stopping_and_continuing_shows_in_the_state() {
        let mut child = spawn("-", "exec sleep 300");
        let marked = Marked::new("none", &[Leader::of(child.id()).unwrap()]);
        let becomes = |stopped: bool| {
            while (state(child.id()) == Some('T')) != stopped {
                std::thread::sleep(PAUSE);
            }
        };
        marked.signal(Signal::STOP.as_raw()).unwrap();
        becomes(true);
        marked.signal(Signal::CONT.as_raw()).unwrap();
        becomes(false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(state(child.id()), None);
    }
}
