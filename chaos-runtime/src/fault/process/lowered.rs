//! A soft limit that is lowered on a process and all of its descendants, and given back.

use crate::rollback::limits::{of, set_soft};
use crate::rollback::{Leader, LimitBefore, Limited, Recipe, Undo};
use crate::target::process::Process;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// How often processes are looked for that were born while others got their limit.
const LOOKS: u32 = 20;

/// What is lowered, and what it was before.
#[derive(Debug, Clone)]
pub(super) struct Lowered {
    process: Process,
    resource: Limited,
    before: Vec<LimitBefore>,
    /// Which run of the process it was, its id, and the limit that it had.
    leader: Option<(u32, u32, Option<u64>)>,
    /// What each process has got.
    set: BTreeMap<u32, u64>,
}

impl Lowered {
    pub(super) fn new(process: Process, resource: Limited) -> Self {
        Self { process, resource, before: Vec::new(), leader: None, set: BTreeMap::new() }
    }

    /// Reads what all of them have, and tries whether it may be changed by setting what is set already. The limit
    /// that the process itself is to get must be below its present one.
    pub(super) fn prepare(&mut self, lower: &impl Fn(u32) -> Option<u64>) -> Result<()> {
        let pid = self.process.living()?;
        let run = self.process.status().run;
        let soft = self.limit_of(pid)?;
        let to = lower(pid).ok_or_else(|| self.unreadable(pid))?;
        if soft.is_some_and(|soft| soft <= to) {
            return Err(Error::new(format!(
                "{} may not have more than {} anyway",
                self.process.target(),
                soft.unwrap_or_default()
            ))
            .help("leave it less"));
        }
        self.leader = Some((run, pid, soft));
        self.before.clear();
        for found in self.process.marked().find() {
            // It may end before it is looked at.
            let (Some(process), Ok(soft)) = (Leader::of(found), self.limit_of(found)) else { continue };
            set_soft(found, self.resource, soft).map_err(|error| {
                error.help("its user must be that of the test: start it without `sudo`, and not from a set-uid program")
            })?;
            self.before.push(LimitBefore { process, soft });
        }
        Ok(())
    }

    pub(super) fn undo(&self) -> Undo {
        let Some((_, _, soft)) = self.leader else { return Undo::nothing() };
        let (token, before) = (self.process.token().to_owned(), self.before.clone());
        Undo::from_recipe(Recipe::LimitMarked { token, resource: self.resource, soft, before })
    }

    /// Gives each of them the limit that `lower` says for it.
    pub(super) fn inject(&mut self, lower: &impl Fn(u32) -> Option<u64>) -> Result<()> {
        let marked = self.process.marked();
        for _ in 0..LOOKS {
            let new: Vec<u32> = marked.find().into_iter().filter(|pid| !self.set.contains_key(pid)).collect();
            if new.is_empty() {
                break;
            }
            for pid in new {
                if let Some(to) = lower(pid) {
                    // What was born of one that is limited has a limit that may be lower.
                    let has = of(pid, self.resource).and_then(|limit| limit.current);
                    let to = has.map_or(to, |has| to.min(has));
                    set_soft(pid, self.resource, Some(to))?;
                    self.set.insert(pid, to);
                }
            }
        }
        match self.process.living() {
            Ok(pid) if !self.set.contains_key(&pid) => Err(self.unreadable(pid)),
            other => other.map(drop),
        }
    }

    /// The limits as they are read back, of those that live: the process itself first. The error says that, and why,
    /// the limit is not in force.
    pub(super) fn in_force(&self) -> Result<Vec<(u32, u64)>, String> {
        let Some((run, leader, _)) = self.leader.filter(|_| !self.set.is_empty()) else {
            return Err("nothing was limited yet".to_owned());
        };
        let status = self.process.status();
        match status.pid {
            Some(now) if status.run != run => return Err(format!("process {now} was started anew, without the limit")),
            None => return Err(format!("process {leader} has ended")),
            Some(_) => {}
        }
        let mut all = vec![leader];
        all.extend(self.process.marked().find().into_iter().filter(|pid| *pid != leader));
        let mut limits = Vec::new();
        for pid in all {
            let now = of(pid, self.resource).map(|limit| limit.current);
            match (now, self.set.get(&pid)) {
                (Some(Some(now)), Some(set)) if now <= *set => limits.push((pid, now)),
                // Born since: as its parent has it.
                (Some(Some(now)), None) => limits.push((pid, now)),
                (Some(_), _) => return Err(format!("the limit of process {pid} is another one: somebody changed it")),
                (None, _) => {}
            }
        }
        if limits.is_empty() { Err(format!("process {leader} has ended")) } else { Ok(limits) }
    }

    fn limit_of(&self, pid: u32) -> Result<Option<u64>> {
        of(pid, self.resource).map(|limit| limit.current).ok_or_else(|| self.unreadable(pid))
    }

    fn unreadable(&self, pid: u32) -> Error {
        Error::new(format!("what process {pid} of {} has and may have can't be read from /proc", self.process.target()))
            .help("its user must be that of the test: start it without `sudo`, and not from a set-uid program")
    }
}
