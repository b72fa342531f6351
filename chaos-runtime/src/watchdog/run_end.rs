//! What ends with a run, not with a test: a process that waits for the end of cargo or nextest, and removes containers.

use crate::rollback::{ContainerStep, Recipe};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// `argv[1]`.
const AFTER: &str = "--after";

/// What such a process is started with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RunEnd {
    label: String,
    engine: Option<String>,
}

/// Starts a process that removes everything with this label once the process `pid` has ended.
pub(crate) fn remove_after(pid: u32, label: &str, engine: Option<String>) -> io::Result<()> {
    if !crate::sys::runs_before_main() {
        return Err(io::Error::other("chaos-runtime is in a library, not in the executable"));
    }
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let life = pidfd_open(pid, PidfdFlags::empty())?;
    let mut command = Command::new("/proc/self/exe");
    command.arg0(super::keep::NAME).arg(AFTER).arg(label).arg(engine.unwrap_or_default());
    command.stdin(life).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command.env_remove(crate::rollback::marked::MARK);
    crate::sys::in_own_session(&mut command);
    command.spawn().map(drop)
}

impl RunEnd {
    /// What this process was started with, if it is to be one of these.
    pub(crate) fn parse(all: &[OsString]) -> Option<Self> {
        let [name, after, label, engine] = all else { return None };
        if name != OsStr::new(super::keep::NAME) || after != OsStr::new(AFTER) {
            return None;
        }
        let engine = Some(engine.to_str()?.to_owned()).filter(|engine| !engine.is_empty());
        Some(Self { label: label.to_str()?.to_owned(), engine })
    }

    /// All that it does. Returns its exit status.
    pub(crate) fn main(self) -> i32 {
        crate::sys::close_inherited();
        let _ = std::fs::write("/proc/self/comm", super::keep::NAME);
        if super::keep::wait(io::stdin()).is_err() {
            return 1;
        }
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return 1 };
        let steps = vec![ContainerStep::Remove { label: self.label }];
        i32::from(runtime.block_on(Recipe::Containers { engine: self.engine, steps }.run()).is_err())
    }
}
