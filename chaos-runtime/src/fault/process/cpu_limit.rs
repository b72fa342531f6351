//! Little CPU time.

use super::turns::Turns;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
#[cfg(target_os = "linux")]
use crate::target::process::cgroup::{Group, Version};
use crate::target::process::{Process, Signal};
use crate::{Error, Result};

/// The kernel's own period, in microseconds.
#[cfg(target_os = "linux")]
const PERIOD: u64 = 100_000;

/// The least that the kernel takes is a millisecond in each period; by turns there would be no turn.
const LEAST: f64 = 0.01;

/// See [`Process::cpu_limit`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct CpuLimit {
    process: Process,
    cores: f64,
    by_turns: bool,
    means: Option<Means>,
}

#[derive(Debug, Clone)]
enum Means {
    #[cfg(target_os = "linux")]
    Group(Group),
    Turns {
        turns: Turns,
        /// Why not by a cgroup.
        because: String,
    },
}

impl Process {
    /// Lets it and its descendants use this many cores' time at most: `0.25` is a quarter of one core. A held fault.
    ///
    /// By a control group (cgroup) where this user may make one; the kernel then holds up whoever has used up its
    /// share. Otherwise [by turns](CpuLimit::by_turns), which needs no rights. Which one it was stands in the report.
    ///
    /// Evidence is the number of times that it was held up: a process that wants less than its share is not harmed.
    /// After a restart a limit by a cgroup is lost, and the fault says so; turns go on with the new process.
    pub fn cpu_limit(&self, cores: f64) -> CpuLimit {
        CpuLimit { process: self.clone(), cores, by_turns: false, means: None }
    }
}

impl CpuLimit {
    /// Without a cgroup, in turns: whenever the processes have used up what comes in in 50 ms, they are stopped
    /// (SIGSTOP) until they have as much again (SIGCONT). Any Unix, no rights.
    ///
    /// Kept on the average: what is used between two looks is paid back by a longer stop, so with a tenth of a core or
    /// less the stops last some hundred milliseconds.
    ///
    /// What a process started and ended between two looks (5 ms), and what a descendant used before it was found
    /// (250 ms), is not counted. System calls that a stop interrupts may end with `EINTR`, as after any SIGSTOP. A
    /// [pause](Process::pause) of the same process at the same time would be ended by the next turn. Outside Linux
    /// nobody tells what is used: there the process runs for this share of the time, whatever it does.
    pub fn by_turns(mut self) -> Self {
        self.by_turns = true;
        self
    }

    fn choose(&self, _pid: u32) -> Result<Means> {
        let because = if self.by_turns { "as asked for" } else { "there are cgroups on Linux only" }.to_owned();
        #[cfg(target_os = "linux")]
        let because = match (self.by_turns, Group::find("cpu", _pid)) {
            (true, _) => because,
            (false, Ok(group)) => return Ok(Means::Group(group)),
            (false, Err(why)) => why,
        };
        if cfg!(not(target_os = "linux")) && self.cores >= 1.0 {
            return Err(Error::new(format!("a limit of {} cores can't be kept by turns here", self.cores))
                .help("outside Linux only a share of the time can be limited: ask for less than 1"));
        }
        Ok(Means::Turns { turns: Turns::new(self.process.clone(), self.cores), because })
    }
}

impl Fault for CpuLimit {
    fn describe(&self) -> String {
        let means = match &self.means {
            #[cfg(target_os = "linux")]
            Some(Means::Group(_)) => " by a cgroup",
            Some(Means::Turns { .. }) => " by turns of SIGSTOP and SIGCONT",
            None => "",
        };
        format!("CPU limit {}{means}", self.cores)
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let pid = self.process.living()?;
        // What is not a number is not in it either.
        let cores = std::thread::available_parallelism().map_or(usize::MAX, usize::from);
        if !(LEAST..cores as f64).contains(&self.cores) {
            return Err(Error::new(format!("{} is not a limit on this machine with {cores} cores", self.cores))
                .help(format!("ask for {LEAST} at least and less than {cores}; to freeze it: `.pause()`")));
        }
        self.means = Some(self.choose(pid)?);
        Ok(())
    }

    fn undo(&self) -> Undo {
        match &self.means {
            None => Undo::nothing(),
            #[cfg(target_os = "linux")]
            Some(Means::Group(group)) => Undo::from_recipe(group.undo()),
            Some(Means::Turns { turns, .. }) => {
                let turns = turns.clone();
                Undo::from_recipe(self.process.signal_recipe(Signal::Cont)).live(move || {
                    let turns = turns.clone();
                    async move { turns.finish().await }
                })
            }
        }
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        match &self.means {
            None => Err(Error::new("a CPU limit was not prepared")),
            Some(Means::Turns { turns, .. }) => turns.begin(),
            #[cfg(target_os = "linux")]
            Some(Means::Group(group)) => {
                let (group, process, cores) = (group.clone(), self.process.clone(), self.cores);
                let taken = tokio::task::spawn_blocking(move || {
                    group.make()?;
                    limit(&group, cores)?;
                    group.take_in(&process.marked())
                });
                taken.await.map_err(|error| Error::new("the injection panicked").caused_by(error))?
            }
        }
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &self.means {
            None => Ok(Evidence::none("nothing was limited yet")),
            Some(Means::Turns { turns, because }) => {
                if let Some(failure) = turns.failure() {
                    return Ok(Evidence::never(format!("the turns ended: {failure}")));
                }
                let (stops, stopped) = turns.stops();
                let stopped = figure::duration(stopped.as_micros().try_into().unwrap_or(u64::MAX));
                let text =
                    format!("stopped {} for {stopped} in all (no cgroup: {because})", figure::counted(stops, "time"));
                Ok(Evidence::counted(stops, text))
            }
            #[cfg(target_os = "linux")]
            Some(Means::Group(group)) => {
                let Some(pid) = self.process.pid() else { return Ok(Evidence::none("the process has ended")) };
                if !group.members().contains(&pid) {
                    return Ok(Evidence::none(format!(
                        "process {pid} is not in the cgroup any more: it was started anew, or moved"
                    )));
                }
                let held_up = group.counter("cpu.stat", "nr_throttled").unwrap_or_default();
                let microseconds = match group.version() {
                    Version::One => group.counter("cpu.stat", "throttled_time").map(|nanos| nanos / 1_000),
                    Version::Two => group.counter("cpu.stat", "throttled_usec"),
                };
                let waited = figure::duration(microseconds.unwrap_or_default());
                let periods = figure::counted(held_up, "period");
                Ok(Evidence::counted(
                    held_up,
                    format!("held up by the kernel in {periods} of 100 ms, for {waited} in all"),
                ))
            }
        }
    }
}

impl Held for CpuLimit {}

#[cfg(target_os = "linux")]
fn limit(group: &Group, cores: f64) -> Result<()> {
    let quota = (cores * PERIOD as f64).round() as u64;
    let set = match group.version() {
        Version::One => {
            group.set("cpu.cfs_period_us", &PERIOD.to_string())? && group.set("cpu.cfs_quota_us", &quota.to_string())?
        }
        Version::Two => group.set("cpu.max", &format!("{quota} {PERIOD}"))?,
    };
    if set {
        return Ok(());
    }
    Err(Error::new("this kernel limits no CPU time of cgroups (CONFIG_CFS_BANDWIDTH)").help("use `.by_turns()`"))
}
