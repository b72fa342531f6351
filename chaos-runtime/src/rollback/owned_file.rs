//! A file that belongs to one open handle at a time.
//!
//! Ownership is a kernel lock (`flock`, `LockFileEx`): it ends with the process that holds it, however
//! that process ends, so neither a stale file nor a reused process id can fool anyone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// An open and locked file.
#[derive(Debug)]
pub(super) struct OwnedFile {
    file: File,
    path: PathBuf,
}

impl OwnedFile {
    /// Makes a file that must not exist yet. `None`: somebody took and removed it before it was locked.
    pub(super) fn create_new(path: PathBuf) -> io::Result<Option<Self>> {
        let file = open(options().create_new(true), &path)?;
        lock(&file)?;
        Ok(Self::if_current(file, path))
    }

    /// Takes a file if nobody owns it, and makes it first if asked to.
    pub(super) fn try_take(path: PathBuf, create: bool) -> io::Result<Option<Self>> {
        let file = open(options().create(create), &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self::if_current(file, path)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits until the file can be taken; makes it if needed.
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        loop {
            let file = open(options().create(true), path)?;
            lock(&file)?;
            if let Some(owned) = Self::if_current(file, path.to_owned()) {
                return Ok(owned);
            }
        }
    }

    /// Between open and lock the file may have been removed: then the lock protects nothing.
    fn if_current(file: File, path: PathBuf) -> Option<Self> {
        is_current(&file, &path).then_some(Self { file, path })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is still there under its name.
    pub(super) fn is_current(&self) -> bool {
        is_current(&self.file, &self.path)
    }

    /// Removes the file, then lets go of it: in this order nobody can own a file that is about to vanish.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

impl Drop for OwnedFile {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread has forked but not yet started holds a copy.
        let _ = self.file.unlock();
    }
}

/// Waits for a file's lock, whatever signals come meanwhile.
fn lock(file: &File) -> io::Result<()> {
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            locked => return locked,
        }
    }
}

/// A link would be another file than the one that is locked, a pipe would be read for ever.
fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let plain = |metadata: std::fs::Metadata| {
        if metadata.is_file() {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no plain file"))
        }
    };
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => plain(metadata)?,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    let file = options.open(path)?;
    plain(file.metadata()?)?;
    Ok(file)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether an open file is the one that has this name now.
#[cfg(unix)]
pub(super) fn is_current(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => open.dev() == named.dev() && open.ino() == named.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
pub(super) fn is_current(_file: &File, path: &Path) -> bool {
    path.exists()
}
