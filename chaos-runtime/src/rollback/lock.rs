//! The machine-wide lock: experiments measure, so by default one runs at a time, across processes too.

use super::queue::{Place, Wait};
use crate::{Error, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// From here on every change of the holder is told.
const SOON: usize = 3;

/// Who is further behind is told of a change no more often than this.
const FAR_INTERVAL: Duration = Duration::from_secs(10);

/// The way out of whatever is wrong with the directory.
const NEEDS_ROOM: &str = "set TMPDIR to a directory in which files can be made";

/// The right to run an experiment, held until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct ExperimentLock {
    /// Empty for `parallel` experiments.
    places: Vec<Place>,
}

impl Drop for ExperimentLock {
    fn drop(&mut self) {
        // The last one first, or who waits for the first one would find the next one still taken, and say so.
        while self.places.pop().is_some() {}
    }
}

impl ExperimentLock {
    /// Blocks until no other experiment of this user is in the way, first come, first served; `holder` is what
    /// others are told while they wait for this one.
    ///
    /// Without names: one experiment at a time on the machine, unless it is `parallel`. With names: only
    /// experiments that share a name exclude each other. `on_wait` is called if there is a wait, with who
    /// holds the lock, and again when another one does; of a long queue only now and then.
    pub(crate) fn acquire(
        holder: &str,
        parallel: bool,
        exclusive: &[&str],
        on_wait: impl FnMut(&Wait),
    ) -> Result<Self> {
        Self::acquire_in(&directory()?, holder, parallel, exclusive, on_wait)
    }

    fn acquire_in(
        dir: &Path,
        holder: &str,
        parallel: bool,
        exclusive: &[&str],
        mut on_wait: impl FnMut(&Wait),
    ) -> Result<Self> {
        let mut names: Vec<String> = exclusive.iter().map(|name| queue_name(name)).collect::<Result<_>>()?;
        // Always in the same order, or two experiments could wait for each other.
        names.sort();
        names.dedup();
        if names.is_empty() && !parallel {
            names.push("experiment.queue".to_owned());
        }
        let mut places = Vec::new();
        for name in names {
            let path = dir.join(name);
            let failed = |error: std::io::Error| failed_to_lock(&path, error);
            let mut place = Place::take(path.clone(), holder).map_err(failed)?;
            let mut told: Option<Instant> = None;
            let tell = |wait: &Wait| {
                if wait.ahead <= SOON || told.is_none_or(|told| told.elapsed() >= FAR_INTERVAL) {
                    told = Some(Instant::now());
                    on_wait(wait);
                }
            };
            place.wait(holder, tell).map_err(failed)?;
            places.push(place);
        }
        Ok(Self { places })
    }
}

fn failed_to_lock(path: &Path, error: std::io::Error) -> Error {
    #[cfg(unix)]
    let too_many_files = matches!(error.raw_os_error(), Some(code) if code == rustix::io::Errno::MFILE.raw_os_error());
    #[cfg(not(unix))]
    let too_many_files = false;
    let failed = Error::new(format!("failed to lock `{}`", path.display())).caused_by(error);
    failed.help(if too_many_files {
        "raise the limit of open files (`ulimit -n`); a waiting experiment needs two"
    } else {
        NEEDS_ROOM
    })
}

/// The queue of an `exclusive` name: letters, digits, `-`, `_` and `.` as they are, the rest as `%xx`.
fn queue_name(name: &str) -> Result<String> {
    let mut file = "exclusive-".to_owned();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02x}")),
        }
    }
    if name.is_empty() || file.len() > 200 {
        return Err(Error::new(format!("`exclusive(\"{name}\")` is not usable as the name of a lock"))
            .help("a name has 1 to 60 characters"));
    }
    file.push_str(".queue");
    Ok(file)
}

/// One directory for each user of the machine, which nobody else can write to.
#[cfg(unix)]
pub(crate) fn directory() -> Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let uid = rustix::process::getuid().as_raw();
    let dir = std::env::temp_dir().join(format!("chaos-test-{uid}"));
    let failed = |error: std::io::Error| {
        Error::new(format!("failed to make the directory of locks `{}`", dir.display()))
            .help(NEEDS_ROOM)
            .caused_by(error)
    };
    match std::fs::DirBuilder::new().mode(0o700).create(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let metadata = std::fs::symlink_metadata(&dir).map_err(failed)?;
    if !metadata.is_dir() || metadata.uid() != uid {
        return Err(Error::new(format!("`{}` is not a directory of this user", dir.display()))
            .help("remove it, or set TMPDIR to a directory of your own"));
    }
    Ok(dir)
}

#[cfg(not(unix))]
pub(crate) fn directory() -> Result<PathBuf> {
    let dir = std::env::temp_dir().join("chaos-test");
    std::fs::create_dir_all(&dir).map_err(|error| {
        Error::new(format!("failed to make the directory of locks `{}`", dir.display()))
            .help(NEEDS_ROOM)
            .caused_by(error)
    })?;
    Ok(dir)
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
