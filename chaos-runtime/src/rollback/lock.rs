//! The machine-wide lock: experiments measure, so by default one runs at a time, across processes too.

use super::owned_file::OwnedFile;
use crate::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The way out of whatever is wrong with the directory.
const NEEDS_ROOM: &str = "set TMPDIR to a directory in which files can be made";

/// The right to run an experiment, held until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct ExperimentLock {
    /// Empty for `parallel` experiments.
    _files: Vec<OwnedFile>,
}

impl ExperimentLock {
    /// Blocks until no other experiment of this user is in the way; `holder` is what others are told
    /// while they wait for this one.
    ///
    /// Without names: one experiment at a time on the machine, unless it is `parallel`. With names: only
    /// experiments that share a name exclude each other. `on_wait` is called once if there is a wait,
    /// with who holds the lock.
    pub(crate) fn acquire(holder: &str, parallel: bool, exclusive: &[&str], on_wait: impl FnMut(&str)) -> Result<Self> {
        Self::acquire_in(&directory()?, holder, parallel, exclusive, on_wait)
    }

    fn acquire_in(
        dir: &Path,
        holder: &str,
        parallel: bool,
        exclusive: &[&str],
        mut on_wait: impl FnMut(&str),
    ) -> Result<Self> {
        let mut names: Vec<String> = exclusive.iter().map(|name| file_name(name)).collect::<Result<_>>()?;
        // Always in the same order, or two experiments could wait for each other.
        names.sort();
        names.dedup();
        if names.is_empty() && !parallel {
            names.push("experiment.lock".to_owned());
        }
        let mut waited = false;
        let mut files = Vec::new();
        for name in names {
            let path = dir.join(name);
            let failed = |error: std::io::Error| {
                Error::new(format!("failed to lock `{}`", path.display())).help(NEEDS_ROOM).caused_by(error)
            };
            let mut file = match OwnedFile::try_take(path.clone(), true).map_err(failed)? {
                Some(file) => file,
                None => {
                    if !std::mem::replace(&mut waited, true) {
                        on_wait(&read_holder(&path));
                    }
                    OwnedFile::take(&path).map_err(failed)?
                }
            };
            // For the eyes of those who wait; the lock does not depend on it.
            let _ = write_holder(&mut file, holder);
            files.push(file);
        }
        Ok(Self { _files: files })
    }
}

fn write_holder(file: &mut OwnedFile, holder: &str) -> std::io::Result<()> {
    let file = file.file();
    file.set_len(0)?;
    writeln!(file, "{holder} (process {})", std::process::id())
}

fn read_holder(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() { "another experiment".to_owned() } else { text.to_owned() }
}

/// The lock file of an `exclusive` name: letters, digits, `-`, `_` and `.` as they are, the rest as `%xx`.
fn file_name(name: &str) -> Result<String> {
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
    file.push_str(".lock");
    Ok(file)
}

/// One directory for each user of the machine, which nobody else can write to.
#[cfg(unix)]
fn directory() -> Result<PathBuf> {
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
fn directory() -> Result<PathBuf> {
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
