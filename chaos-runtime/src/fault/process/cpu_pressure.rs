//! Busy neighbours.

use super::burner::Burners;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
use crate::rollback::marked::Marked;
use crate::target::process::Process;
use crate::target::process::cgroup::Group;
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::time::Duration;

/// More would only make the machine slower to come back.
const MOST: u32 = 1_024;

/// See [`Process::cpu_pressure`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CpuPressure {
    process: Process,
    burners: Burners,
    means: Option<Means>,
    /// How long each thread had waited for a CPU before.
    waited: BTreeMap<(u32, u32), u64>,
}

#[derive(Debug, Clone)]
enum Means {
    /// Process and neighbours in one control group, which gets no more of the machine than others.
    Group(Group),
    Beside,
}

impl Process {
    /// Puts this many busy processes beside it, each of which wants one core. A held fault; Linux.
    ///
    /// Where this user may make a control group (cgroup), the process and its neighbours are put into one: they
    /// take the CPU from each other, and the rest of the machine, the load's driver too, gets its share as before.
    /// Otherwise they are ordinary processes, and everything on the machine feels them. The report says which.
    ///
    /// They are the test's own executable, and end with the test, whatever ends it. Evidence is the CPU time that they
    /// have used, and how much longer the process has waited for a CPU: one that wants none is not harmed.
    pub fn cpu_pressure(&self, cores: u32) -> CpuPressure {
        CpuPressure { process: self.clone(), burners: Burners::new(cores), means: None, waited: BTreeMap::new() }
    }
}

impl Fault for CpuPressure {
    fn describe(&self) -> String {
        let means = match &self.means {
            Some(Means::Group(_)) => " in its cgroup",
            Some(Means::Beside) => " on its machine",
            None => "",
        };
        let count = self.burners.count();
        format!("CPU pressure by {count} busy process{}{means}", if count == 1 { "" } else { "es" })
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let pid = self.process.living()?;
        if !(1..=MOST).contains(&self.burners.count()) {
            return Err(Error::new(format!("{} busy processes make no pressure", self.burners.count()))
                .help(format!("ask for one for each core that is to be fought for, {MOST} at most")));
        }
        if !crate::sys::runs_before_main() {
            return Err(Error::new(
                "chaos-runtime is in a library, not in the executable, which can't be its own helper",
            )
            .help("link chaos-runtime into the test binary, or limit the CPU time: `.cpu_limit(0.25)`"));
        }
        if waits(&self.process.marked()).is_empty() {
            return Err(Error::new("this kernel does not tell how long a process waits for a CPU (CONFIG_SCHED_INFO)")
                .help("limit its CPU time instead: `.cpu_limit(0.25)`"));
        }
        self.burners.can_end_with_this_process()?;
        self.means = Some(Group::find("cpu", pid).map_or(Means::Beside, Means::Group));
        Ok(())
    }

    fn undo(&self) -> Undo {
        let burners = self.burners.clone();
        match &self.means {
            None => Undo::nothing(),
            // After a crash the burners end by themselves; while the process lives they are ended first.
            Some(Means::Group(group)) => {
                let recipe = group.undo();
                Undo::from_recipe(recipe.clone()).live(move || {
                    let (burners, recipe) = (burners.clone(), recipe.clone());
                    async move {
                        burners.end().await?;
                        recipe.run().await.map(drop)
                    }
                })
            }
            Some(Means::Beside) => Undo::from_recipe(burners.undo()).live(move || {
                let burners = burners.clone();
                async move { burners.end().await }
            }),
        }
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let Some(means) = self.means.clone() else { return Err(Error::new("CPU pressure was not prepared")) };
        self.waited = waits(&self.process.marked());
        let (burners, process) = (self.burners.clone(), self.process.clone());
        let injected = tokio::task::spawn_blocking(move || {
            let busy = burners.start()?;
            if let Means::Group(group) = &means {
                group.make()?;
                for pid in busy {
                    group.admit(pid)?;
                }
                group.take_in(&process.marked())?;
            }
            Ok(())
        });
        injected.await.map_err(|error| Error::new("the injection panicked").caused_by(error))?
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let (alive, used) = self.burners.used();
        if alive < self.burners.count() {
            return Ok(Evidence::none(format!("{alive} of {} busy processes are left", self.burners.count())));
        }
        let Some(pid) = self.process.pid() else { return Ok(Evidence::none("the process has ended")) };
        if let Some(Means::Group(group)) = &self.means
            && !group.members().contains(&pid)
        {
            return Ok(Evidence::none(format!(
                "process {pid} is not in the cgroup any more: it was started anew, or moved"
            )));
        }
        let now = waits(&self.process.marked());
        let more =
            |(thread, now): (&(u32, u32), &u64)| now.saturating_sub(self.waited.get(thread).copied().unwrap_or(0));
        let waited = Duration::from_nanos(now.iter().map(more).sum());
        let figure = |time: Duration| figure::duration(time.as_micros().try_into().unwrap_or(u64::MAX));
        let text = format!("it waited {} for a CPU, its neighbours used {} of CPU time", figure(waited), figure(used));
        Ok(if waited >= Duration::from_millis(1) && !used.is_zero() {
            Evidence::seen(text)
        } else {
            Evidence::none(text)
        })
    }
}

impl Held for CpuPressure {}

/// How long each thread of the processes has waited for a CPU, in nanoseconds. Empty where the kernel does not tell.
fn waits(processes: &Marked) -> BTreeMap<(u32, u32), u64> {
    let mut all = BTreeMap::new();
    processes.find().into_iter().for_each(|pid| add_waits(pid, &mut all));
    all
}

/// Whether the kernel tells it of this process.
pub(crate) fn is_told(pid: u32) -> bool {
    let mut all = BTreeMap::new();
    add_waits(pid, &mut all);
    !all.is_empty()
}

fn add_waits(pid: u32, all: &mut BTreeMap<(u32, u32), u64>) {
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let id = thread.file_name().to_str().and_then(|name| name.parse().ok());
        // Time on a CPU, time waited for one, turns.
        let told = std::fs::read_to_string(thread.path().join("schedstat")).ok();
        let waited = told.and_then(|told| told.split_whitespace().nth(1)?.parse().ok());
        if let (Some(id), Some(waited)) = (id, waited) {
            all.insert((pid, id), waited);
        }
    }
}
