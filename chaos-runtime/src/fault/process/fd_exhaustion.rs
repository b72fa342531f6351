//! No more file descriptors.

use super::lowered::Lowered;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::{Limited, Undo};
use crate::target::process::Process;
use crate::{Error, Result};
use std::collections::BTreeSet;

/// See [`Process::fd_exhaustion`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct FdExhaustion {
    leaving: u64,
    lowered: Lowered,
    target: String,
}

impl Process {
    /// Lets it and its descendants open no more file descriptors than they have open now: files, connections, pipes.
    /// `EMFILE` is what they get. A held fault; Linux.
    ///
    /// What is open stays so, and what is closed may be opened again: connections that are kept alive go on, more of
    /// them are not accepted, but for the one that a thread waits for already in a blocking `accept`: the kernel has put
    /// its descriptor by. The means is the soft limit of `RLIMIT_NOFILE`, which may be lowered without any rights,
    /// and is given back by the undo.
    ///
    /// Evidence is the limit as it is read back from the kernel, and the number of descriptors that are open. That
    /// somebody was refused one is not told by the kernel: the load shows it. A restart ends the fault, which says so.
    pub fn fd_exhaustion(&self) -> FdExhaustion {
        let lowered = Lowered::new(self.clone(), Limited::Descriptors);
        FdExhaustion { leaving: 0, lowered, target: self.target().to_owned() }
    }
}

impl FdExhaustion {
    /// Lets each process open this many more than it has.
    pub fn leaving(mut self, more: u32) -> Self {
        self.leaving = more.into();
        self
    }
}

impl Fault for FdExhaustion {
    fn describe(&self) -> String {
        match self.leaving {
            0 => "no more file descriptors".to_owned(),
            more => format!("no more than {} more", figure::counted(more, "file descriptor")),
        }
    }

    fn target(&self) -> String {
        self.target.clone()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let leaving = self.leaving;
        self.lowered.prepare(&|pid| Some(limit(&open(pid)?, leaving)))
    }

    fn undo(&self) -> Undo {
        self.lowered.undo()
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let (leaving, mut lowered) = (self.leaving, self.lowered.clone());
        // On another thread: the search through /proc takes milliseconds.
        let injected = tokio::task::spawn_blocking(move || {
            let done = lowered.inject(&|pid| Some(limit(&open(pid)?, leaving)));
            (lowered, done)
        });
        let (lowered, done) = injected.await.map_err(|error| Error::new("the injection panicked").caused_by(error))?;
        self.lowered = lowered;
        done
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let limits = match self.lowered.in_force() {
            Ok(limits) => limits,
            Err(why) => return Ok(Evidence::none(why)),
        };
        let in_words = |(pid, limit): &(u32, u64)| {
            let open = open(*pid)?;
            let free = limit - open.range(..*limit).count() as u64;
            let open = figure::counted(open.len() as u64, "descriptor");
            Some(format!("process {pid} has {open} open and may open {free} more (limit {limit})"))
        };
        let all: Vec<String> = limits.iter().filter_map(in_words).collect();
        Ok(Evidence::seen(all.join("; ")))
    }
}

impl Held for FdExhaustion {}

/// The numbers of the descriptors that a process has open.
fn open(pid: u32) -> Option<BTreeSet<u64>> {
    let listing = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    Some(listing.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// The limit is on numbers, and a new descriptor gets the lowest that is free: the one that must not be given out.
fn limit(open: &BTreeSet<u64>, leaving: u64) -> u64 {
    let mut number = leaving;
    for taken in open {
        if *taken > number {
            break;
        }
        number += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_leaves_exactly_as_many_free_numbers() {
        let open = BTreeSet::from([0, 1, 2, 3, 7, 9]);
        assert_eq!(limit(&open, 0), 4, "7 and 9 stay open");
        assert_eq!(limit(&open, 1), 5);
        assert_eq!(limit(&open, 3), 8, "4, 5, 6");
        assert_eq!(limit(&open, 4), 10);
        assert_eq!(limit(&BTreeSet::new(), 0), 0);
        assert_eq!(limit(&open, u32::MAX.into()), u64::from(u32::MAX) + 6, "at once");
    }
}
