//! A disk of limited size.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// A folder that holds at most so many bytes, as a disk or a quota would have it.
#[derive(Debug, Clone)]
pub struct Disk {
    dir: PathBuf,
    capacity: u64,
    filler: String,
}

impl Disk {
    pub(crate) fn new(dir: &Path, capacity: u64) -> Self {
        let filler = dir.join("filler").to_string_lossy().into_owned();
        Self { dir: dir.to_owned(), capacity, filler }
    }

    /// Adds to a file's end.
    ///
    /// # Errors
    /// [`ErrorKind::StorageFull`] when not all of it fits; then nothing is written.
    pub(crate) fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        if self.free()? < bytes.len() as u64 {
            return Err(ErrorKind::StorageFull.into());
        }
        OpenOptions::new().create(true).append(true).open(self.dir.join(file))?.write_all(bytes)
    }

    /// Fills what is free with a file that nobody needs.
    pub fn fill(&self) -> io::Result<()> {
        let free = self.free()?;
        fs::write(&self.filler, vec![0; usize::try_from(free).unwrap_or(usize::MAX)])
    }

    /// Where [`fill`](Self::fill) writes.
    pub(crate) fn filler_path(&self) -> &str {
        &self.filler
    }

    fn free(&self) -> io::Result<u64> {
        let mut used = 0;
        for entry in fs::read_dir(&self.dir)? {
            used += entry?.metadata()?.len();
        }
        Ok(self.capacity.saturating_sub(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_until_the_filler_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path(), 100);
        disk.append("log", b"one").unwrap();
        disk.fill().unwrap();
        assert_eq!(disk.append("log", b"two").unwrap_err().kind(), ErrorKind::StorageFull);
        fs::remove_file(disk.filler_path()).unwrap();
        disk.append("log", b"two").unwrap();
        assert_eq!(fs::read(dir.path().join("log")).unwrap(), b"onetwo");
    }
}
