//! The end of a small disk that an experiment has mounted.

use crate::{Error, Result};
use rustix::io::Errno;
use rustix::mount::{UnmountFlags, unmount as system_unmount};
use std::io::ErrorKind;
use std::path::Path;

/// What the names of their directories begin with: nothing else is unmounted.
pub(crate) const PREFIX: &str = "chaos-disk-";

/// Unmounts what is mounted on `path`, and removes the directory. One that is gone is fine.
pub(crate) fn unmount(path: &Path) -> Result<()> {
    let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    if !path.is_absolute() || !ours {
        return Err(Error::new(format!("refusing to unmount `{}`", path.display()))
            .help(format!("an undo unmounts directories whose names begin with `{PREFIX}` only")));
    }
    // Lazily: whoever still stands in it must not keep it there for all others.
    match system_unmount(path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
        Ok(()) => {}
        // Never mounted, or no longer. Who may not unmount may not have mounted.
        Err(Errno::INVAL | Errno::NOENT) => {}
        Err(Errno::PERM) if is_empty(path) => {}
        Err(error) => {
            return Err(Error::new(format!("failed to unmount `{}`", path.display())).caused_by(error));
        }
    }
    // Not its contents: what is in there now was never on the disk.
    match std::fs::remove_dir(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::new(format!("failed to remove `{}`", path.display())).caused_by(error))
        }
        _ => Ok(()),
    }
}

fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut listing| listing.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_disks_are_unmounted_and_a_directory_without_one_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let never_mounted = dir.path().join("chaos-disk-1");
        std::fs::create_dir(&never_mounted).unwrap();
        unmount(&never_mounted).unwrap();
        assert!(!never_mounted.exists());
        unmount(&never_mounted).unwrap();
        for refused in [dir.path(), Path::new("chaos-disk-2"), Path::new("/")] {
            assert!(unmount(refused).unwrap_err().message().contains("refusing"), "{}", refused.display());
        }
    }
}
