//! Little memory.

use super::lowered::Lowered;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::{Limited, Undo};
use crate::target::process::Process;
use crate::target::process::cgroup::{Group, Version};
use crate::{Error, Result};

/// The least room: with less, a cgroup's processes are killed before they have done anything.
const LEAST: u64 = 64 << 10;

/// See [`Process::memory_limit`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct MemoryLimit {
    process: Process,
    room: u64,
    by_rlimit: bool,
    means: Option<Means>,
}

#[derive(Debug, Clone)]
enum Means {
    Group(Group),
    Rlimit {
        lowered: Lowered,
        /// Why not by a cgroup.
        because: String,
    },
}

impl Process {
    /// Lets it and its descendants take this many bytes of memory beyond what they have now. A held fault; Linux.
    ///
    /// By a control group (cgroup) where this user may make one: who takes more is **killed** by the kernel, as in a
    /// container. What it has stays charged where it was. Otherwise [by a limit of each process](MemoryLimit::by_rlimit),
    /// where it is **refused** memory. Which one it was stands in the report.
    ///
    /// Evidence is the limit as it is read back, and what is used of it; with a cgroup also how often it was met, which
    /// the text says. A limit that nobody met has harmed nobody: let the load, or a claim, show that it was. A restart
    /// ends the fault, which says so.
    pub fn memory_limit(&self, room: u64) -> MemoryLimit {
        MemoryLimit { process: self.clone(), room, by_rlimit: false, means: None }
    }
}

impl MemoryLimit {
    /// Without a cgroup: by the soft limit of `RLIMIT_DATA` of each process, which needs no rights. What counts is
    /// memory of its own that it may write, whether touched or not, stacks of threads included. `malloc` and `mmap`
    /// fail with `ENOMEM`; programs in Rust abort at that.
    pub fn by_rlimit(mut self) -> Self {
        self.by_rlimit = true;
        self
    }

    fn lower(&self) -> impl Fn(u32) -> Option<u64> + Send + 'static {
        let room = self.room;
        move |pid| Some(data(pid)?.saturating_add(room))
    }
}

impl Fault for MemoryLimit {
    fn describe(&self) -> String {
        let means = match &self.means {
            Some(Means::Group(_)) => ", by a cgroup",
            Some(Means::Rlimit { .. }) => ", by RLIMIT_DATA",
            None => "",
        };
        format!("{} more memory{means}", figure::bytes(self.room))
    }

    fn target(&self) -> String {
        self.process.target().to_owned()
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let pid = self.process.living()?;
        if self.room < LEAST {
            return Err(Error::new(format!("room for {} bytes is too little to live on", self.room))
                .help(format!("leave it {LEAST} bytes at least, or kill it: `.kill()`")));
        }
        let because = match (self.by_rlimit, Group::find("memory", pid)) {
            (true, _) => "as asked for".to_owned(),
            (false, Ok(group)) => {
                self.means = Some(Means::Group(group));
                return Ok(());
            }
            (false, Err(why)) => why,
        };
        let mut lowered = Lowered::new(self.process.clone(), Limited::Data);
        lowered.prepare(&self.lower())?;
        self.means = Some(Means::Rlimit { lowered, because });
        Ok(())
    }

    fn undo(&self) -> Undo {
        match &self.means {
            None => Undo::nothing(),
            Some(Means::Group(group)) => Undo::from_recipe(group.undo()),
            Some(Means::Rlimit { lowered, .. }) => lowered.undo(),
        }
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let (lower, process, room) = (self.lower(), self.process.clone(), self.room);
        let Some(mut means) = self.means.clone() else { return Err(Error::new("a memory limit was not prepared")) };
        let injected = tokio::task::spawn_blocking(move || {
            let done = match &mut means {
                Means::Rlimit { lowered, .. } => lowered.inject(&lower),
                Means::Group(group) => {
                    group.make().and_then(|()| limit(group, room)).and_then(|()| group.take_in(&process.marked()))
                }
            };
            (means, done)
        });
        let (means, done) = injected.await.map_err(|error| Error::new("the injection panicked").caused_by(error))?;
        self.means = Some(means);
        done
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &self.means {
            None => Ok(Evidence::none("nothing was limited yet")),
            Some(Means::Group(group)) => Ok(in_group(group, &self.process)),
            Some(Means::Rlimit { lowered, because }) => Ok(match lowered.in_force() {
                Err(why) => Evidence::none(why),
                Ok(limits) => {
                    let in_words = |(pid, limit): &(u32, u64)| {
                        Some(format!("process {pid} has {} of {}", figure::bytes(data(*pid)?), figure::bytes(*limit)))
                    };
                    let all: Vec<String> = limits.iter().filter_map(in_words).collect();
                    Evidence::seen(format!("{} (no cgroup: {because})", all.join("; ")))
                }
            }),
        }
    }
}

impl Held for MemoryLimit {}

fn in_group(group: &Group, process: &Process) -> Evidence {
    let number = |file| group.read(file).and_then(|text| text.parse::<u64>().ok());
    let (limit, used, met, killed) = match group.version() {
        Version::One => (
            number("memory.limit_in_bytes"),
            number("memory.usage_in_bytes"),
            number("memory.failcnt"),
            group.counter("memory.oom_control", "oom_kill"),
        ),
        Version::Two => (
            number("memory.max"),
            number("memory.current"),
            group.counter("memory.events", "max"),
            group.counter("memory.events", "oom_kill"),
        ),
    };
    let Some(limit) = limit else { return Evidence::none("the cgroup has no limit: somebody changed it") };
    let (met, killed) = (met.unwrap_or_default(), killed.unwrap_or_default());
    let text = format!(
        "{} of {} used, limit met {}, killed by the kernel: {}",
        figure::bytes(used.unwrap_or_default()),
        figure::bytes(limit),
        figure::counted(met, "time"),
        killed,
    );
    match process.pid() {
        Some(pid) if group.members().contains(&pid) => Evidence::seen(text),
        _ if killed > 0 => Evidence::seen(text),
        Some(pid) => Evidence::none(format!(
            "process {pid} is not in the cgroup any more: it was started anew, or moved; {text}"
        )),
        None => Evidence::none(format!("the process has ended; {text}")),
    }
}

/// A limit for the group, and none on top of it for swap.
fn limit(group: &Group, room: u64) -> Result<()> {
    // Whole pages.
    let room = (room - room % 4_096).to_string();
    let set = match group.version() {
        Version::One => {
            let set = group.set("memory.limit_in_bytes", &room)?;
            group.set("memory.memsw.limit_in_bytes", &room)?;
            set
        }
        Version::Two => {
            group.set("memory.swap.max", "0")?;
            group.set("memory.max", &room)?
        }
    };
    if set { Ok(()) } else { Err(Error::new("this kernel limits no memory of cgroups").help("use `.by_rlimit()`")) }
}

/// What counts for `RLIMIT_DATA`, in bytes.
fn data(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmData:")?.trim().strip_suffix(" kB"))?;
    Some(kibibytes.trim().parse::<u64>().ok()? * 1_024)
}
