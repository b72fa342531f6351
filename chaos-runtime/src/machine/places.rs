//! Directories.

use crate::rollback;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Where the experiments of this user take turns; made if need be, as they do.
///
/// # Errors
/// If it can't be made, or is somebody else's.
pub fn lock_directory() -> Result<PathBuf> {
    rollback::lock_directory()
}

/// How many bytes this user may still write there.
///
/// # Errors
/// If nobody can tell.
#[cfg(unix)]
pub fn free_space(directory: &Path) -> Result<u64> {
    let stat = rustix::fs::statvfs(directory)
        .map_err(|error| Error::new(format!("no look at the disk of {}", directory.display())).caused_by(error))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// How many bytes this user may still write there.
///
/// # Errors
/// Always: nobody asks here.
#[cfg(not(unix))]
pub fn free_space(directory: &Path) -> Result<u64> {
    Err(Error::new(format!("no look at the disk of {}", directory.display())))
}
