//! What all suites share: how long they measure, on which cores, and which peers are there.

use crate::process::Child;
use crate::reading::Reading;
use std::path::{Path, PathBuf};
use std::process::Command;

/// On which core a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Where the server is, and the client of a proxy.
    Server,
    /// What is measured: a driver or a proxy.
    Measured,
}

/// What all suites share.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) repeats: usize,
    /// Of one measurement.
    pub(crate) seconds: u64,
    pub(crate) quick: bool,
    /// Where processes are pinned to; `None` on a machine with one core, or without taskset.
    pub(crate) cores: Option<(usize, usize)>,
    pub(crate) scratch: PathBuf,
    /// How many descriptors a process may have open.
    pub(crate) descriptors: u64,
    executable: PathBuf,
}

impl Bench {
    pub(crate) fn new(repeats: usize, seconds: u64, quick: bool, scratch: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        let executable = std::env::current_exe().map_err(|error| error.to_string())?;
        let cores = cores().filter(|_| find("taskset").is_some());
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        let descriptors = limit.current.unwrap_or(u64::MAX);
        Ok(Self { repeats, seconds, quick, cores, scratch, descriptors, executable })
    }

    /// A program on its core.
    pub(crate) fn program(&self, side: Side, program: &Path, args: &[&str]) -> Command {
        let mut command = match self.cores {
            Some((server, measured)) => {
                let mut command = Command::new("taskset");
                let core = if side == Side::Server { server } else { measured };
                command.args(["-c", &core.to_string()]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(args);
        command
    }

    /// This executable in one of its roles.
    pub(crate) fn role(&self, side: Side, args: &[&str]) -> Command {
        let mut command = self.program(side, &self.executable, &["role"]);
        command.args(args);
        command
    }

    /// Runs a role to its end.
    pub(crate) fn ask(&self, side: Side, args: &[&str]) -> Result<Reading, String> {
        Reading::parse(&Child::start(self.role(side, args))?.end()?.output)
    }

    /// Starts a role that serves; gives its address too.
    pub(crate) fn serve(&self, side: Side, args: &[&str]) -> Result<(Child, String), String> {
        let mut child = Child::start(self.role(side, args))?;
        let address = child.address()?;
        Ok((child, address))
    }

    /// As many repeats as asked for, and fewer of what takes long by nature.
    pub(crate) fn long_repeats(&self) -> usize {
        self.repeats.min(3)
    }
}

/// The first two cores that this process may use.
fn cores() -> Option<(usize, usize)> {
    let allowed = rustix::thread::sched_getaffinity(None).ok()?;
    let mut cores = (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    Some((cores.next()?, cores.next()?))
}

/// A program in `PATH`, or in one of the places for administrators.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A port that nobody listens on; another process may be faster, which shows as a failed row.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    Ok(listener.local_addr().map_err(|error| error.to_string())?.port())
}

/// Waits until someone listens.
pub(crate) fn await_listener(address: &str) -> Result<(), String> {
    for _ in 0..200 {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Err(format!("nobody listens on {address}"))
}
