//! Limits of running processes: reading, lowering, and giving back what they had.

use super::marked::{MARK, Marked};
use super::undo::{Leader, LimitBefore, Limited};
use crate::{Error, Result};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

impl Limited {
    fn resource(self) -> Resource {
        match self {
            Self::Descriptors => Resource::Nofile,
            Self::Data => Resource::Data,
        }
    }

    /// Its row in `/proc/<pid>/limits`.
    fn row(self) -> &'static str {
        match self {
            Self::Descriptors => "Max open files",
            Self::Data => "Max data size",
        }
    }
}

/// The limits of a living process. `None`: it is gone, or not ours to look at.
pub(crate) fn of(pid: u32, resource: Limited) -> Option<Rlimit> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?, resource)
}

fn parse(limits: &str, resource: Limited) -> Option<Rlimit> {
    let row = limits.lines().find_map(|line| line.strip_prefix(resource.row()))?;
    let mut words = row.split_whitespace();
    let mut next = || match words.next()? {
        "unlimited" => Some(None),
        number => number.parse().ok().map(Some),
    };
    Some(Rlimit { current: next()?, maximum: next()? })
}

/// Gives a process another soft limit; the hard one stays. A process that is gone needs none.
pub(crate) fn set_soft(pid: u32, resource: Limited, soft: Option<u64>) -> Result<()> {
    let Some(now) = of(pid, resource) else { return Ok(()) };
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    // Should it have lowered its hard limit meanwhile, that one holds.
    let soft = match (soft, now.maximum) {
        (Some(soft), Some(hard)) => Some(soft.min(hard)),
        (soft, hard) => soft.or(hard),
    };
    match prlimit(Some(id), resource.resource(), Rlimit { current: soft, maximum: now.maximum }) {
        Ok(_) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(Error::new(format!("failed to set a limit of process {pid}")).caused_by(error)),
    }
}

/// Gives all processes with this mark the soft limits that they had.
pub(super) fn restore(token: &str, resource: Limited, soft: Option<u64>, before: &[LimitBefore]) -> Result<()> {
    let leaders: Vec<Leader> = before.iter().map(|one| one.process.clone()).collect();
    for pid in Marked::new(token, &leaders).find() {
        let known = before.iter().find(|one| one.process.pid == pid && one.process.is_alive());
        set_soft(pid, resource, known.map_or(soft, |one| one.soft))
            .map_err(|error| error.help(format!("see `/proc/<pid>/limits` of processes with {MARK}={token}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_the_kernel_writes_them() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max data size             unlimited            unlimited            bytes     \n\
                    Max open files            1024                 524288               files     \n";
        let files = Rlimit { current: Some(1_024), maximum: Some(524_288) };
        assert_eq!(parse(text, Limited::Descriptors), Some(files));
        assert_eq!(parse(text, Limited::Data), Some(Rlimit { current: None, maximum: None }));
        assert_eq!(parse("Max open files x y", Limited::Descriptors), None);
        assert!(of(std::process::id(), Limited::Descriptors).is_some());
    }

    #[test]
    fn only_the_soft_limit_changes_and_a_dead_process_is_no_error() {
        let mut child = std::process::Command::new("sleep").arg("300").spawn().unwrap();
        let before = of(child.id(), Limited::Descriptors).unwrap();
        set_soft(child.id(), Limited::Descriptors, Some(7)).unwrap();
        assert_eq!(of(child.id(), Limited::Descriptors), Some(Rlimit { current: Some(7), ..before }));
        set_soft(child.id(), Limited::Descriptors, before.current).unwrap();
        assert_eq!(of(child.id(), Limited::Descriptors), Some(before));
        child.kill().unwrap();
        child.wait().unwrap();
        set_soft(child.id(), Limited::Descriptors, Some(7)).unwrap();
    }
}
