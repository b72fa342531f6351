//! What a child process does between fork and exec.

#![allow(unsafe_code)]

use std::process::Command;

/// Makes the child die (SIGKILL) as soon as the thread that spawns it ends, however that happens, a
/// SIGKILL of the whole process included. Linux only; elsewhere the undo ledger's replay has to do.
pub(crate) fn die_with_parent(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        use std::os::unix::process::CommandExt;
        let parent = std::process::id();
        // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed:
        // no allocation, no locks. It makes two plain system calls and compares numbers; its errors are
        // raw error codes, which need no allocation. It captures one integer.
        unsafe {
            command.pre_exec(move || {
                set_parent_process_death_signal(Some(Signal::KILL))?;
                // The parent may have died before the call: then nobody sends the signal any more.
                match getppid() {
                    Some(found) if found.as_raw_pid().unsigned_abs() == parent => Ok(()),
                    _ => Err(rustix::io::Errno::SRCH.into()),
                }
            });
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Starts it in a session of its own: no signal to the terminal or to this process' group reaches it.
#[cfg(target_os = "linux")]
pub(crate) fn in_own_session(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed. It makes one
    // plain system call, captures nothing, and its error is a raw error code.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into));
    }
}

/// Starts it with these limits on file descriptors.
#[cfg(unix)]
pub(crate) fn with_descriptors(command: &mut Command, limit: rustix::process::Rlimit) {
    use rustix::process::{Resource, setrlimit};
    use std::os::unix::process::CommandExt;
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed. It makes one
    // plain system call with numbers that it has captured, and its error is a raw error code.
    unsafe {
        command.pre_exec(move || setrlimit(Resource::Nofile, limit).map_err(Into::into));
    }
}
