//! A full disk.

use super::{Evidence, Fault, Held, InjectCx};
use crate::figure;
use crate::rollback::Undo;
use crate::target::Disk;
use crate::{Error, Result};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How much is written at most, unless more is allowed.
const AT_MOST: u64 = 1 << 30;

/// What a file system may keep for itself beyond what was asked for.
const SLACK: u64 = 16 << 10;

/// See [`Disk::full`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct DiskFull {
    directory: PathBuf,
    leaving: u64,
    at_most: u64,
    /// The file that takes the room.
    filler: Option<PathBuf>,
}

impl Disk {
    /// Fills it, so that writes fail with `ENOSPC`, until the fault is cleared. A held fault.
    ///
    /// A file takes all of the room that is free for this user. What others delete meanwhile is free for them again.
    /// Evidence is the free room as it is read back, and a write of this process' own that fails with `ENOSPC`.
    pub fn full(&self) -> DiskFull {
        DiskFull { directory: self.path().to_owned(), leaving: 0, at_most: AT_MOST, filler: None }
    }
}

impl DiskFull {
    /// Leaves this many bytes free, to a block of the file system.
    pub fn leaving(mut self, bytes: u64) -> Self {
        self.leaving = bytes;
        self
    }

    /// How many bytes may be written to fill it; 1 GiB by default. Where more is free, nothing is done and the test
    /// errs: it might be the host's own disk.
    pub fn at_most(mut self, bytes: u64) -> Self {
        self.at_most = bytes;
        self
    }

    /// What the test needs for its reports and undos, if it is on the same file system.
    fn holds_our_own(&self) -> Option<PathBuf> {
        use std::os::unix::fs::MetadataExt;
        let device = |path: &Path| std::fs::metadata(path).ok().map(|metadata| metadata.dev());
        let own = [std::env::temp_dir(), std::env::current_dir().unwrap_or_default()];
        own.into_iter().find(|own| device(own).is_some() && device(own) == device(&self.directory))
    }

    fn failed(&self, what: &str, error: impl Into<io::Error>) -> Error {
        Error::new(format!("failed to {what} `{}`", self.directory.display())).caused_by(error.into())
    }
}

impl Fault for DiskFull {
    fn describe(&self) -> String {
        match self.leaving {
            0 => "disk full".to_owned(),
            bytes => format!("disk full but for {}", figure::bytes(bytes)),
        }
    }

    fn target(&self) -> String {
        format!("disk {}", self.directory.display())
    }

    async fn prepare(&mut self, _cx: &InjectCx) -> Result<()> {
        let free = free(&self.directory).map_err(|error| self.failed("ask for the free room of", error))?;
        if free <= self.leaving {
            return Err(Error::new(format!(
                "{} is free in `{}` before the fault, which is not more than is to be left",
                figure::bytes(free),
                self.directory.display()
            ))
            .help("leave less, or give it a larger disk"));
        }
        if free - self.leaving > self.at_most {
            return Err(Error::new(format!(
                "{} is free in `{}`, and at most {} may be written",
                figure::bytes(free),
                self.directory.display(),
                figure::bytes(self.at_most)
            ))
            .help("use a small file system (`chaos.small_disk(bytes)`), or allow more: `.at_most(bytes)`"));
        }
        if let Some(own) = self.holds_our_own() {
            return Err(Error::new(format!(
                "`{}` is on the disk on which this test itself writes: `{}`",
                self.directory.display(),
                own.display()
            ))
            .help("use a directory on a file system of its own, or `chaos.small_disk(bytes)`"));
        }
        unnamed(&self.directory).map_err(|error| self.failed("write to", error))?;
        self.filler = Some(self.directory.join(format!(".chaos-filler-{:016x}", fastrand::u64(..))));
        Ok(())
    }

    fn undo(&self) -> Undo {
        self.filler.as_ref().map_or_else(Undo::nothing, Undo::remove)
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let Some(filler) = self.filler.clone() else { return Err(Error::new("a full disk was not prepared")) };
        let (leaving, at_most) = (self.leaving, self.at_most);
        let filled = tokio::task::spawn_blocking(move || fill(&filler, leaving, at_most)).await;
        filled
            .map_err(|error| Error::new("filling the disk panicked").caused_by(error))?
            .map_err(|error| self.failed("fill", error))
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let Some(filler) = self.filler.clone() else { return Ok(Evidence::none("nothing was written yet")) };
        let (directory, leaving) = (self.directory.clone(), self.leaving);
        let looked = tokio::task::spawn_blocking(move || look(&directory, &filler, leaving)).await;
        looked
            .map_err(|error| Error::new("looking at the disk panicked").caused_by(error))?
            .map_err(|error| self.failed("look at", error))
    }
}

impl Held for DiskFull {}

/// The bytes that are free for this user.
fn free(directory: &Path) -> io::Result<u64> {
    let now = statvfs(directory)?;
    // What is kept for root is free for root.
    let blocks = if rustix::process::geteuid().is_root() { now.f_bfree } else { now.f_bavail };
    Ok(blocks.saturating_mul(now.f_frsize))
}

fn fill(filler: &Path, leaving: u64, at_most: u64) -> io::Result<()> {
    let directory = filler.parent().unwrap_or(Path::new("/"));
    let mut file = OpenOptions::new().write(true).create_new(true).open(filler)?;
    let mut size = 0;
    // Others write meanwhile, and a file system needs room for its own account of the file.
    for _ in 0..100 {
        let room = free(directory)?.saturating_sub(leaving).min(at_most.saturating_sub(size));
        if room == 0 {
            break;
        }
        let mut piece = room;
        let taken = loop {
            match take(&mut file, size, piece) {
                Ok(()) => break piece,
                Err(error) if error.kind() == ErrorKind::StorageFull && piece > 512 => piece /= 2,
                Err(error) if error.kind() == ErrorKind::StorageFull => break 0,
                Err(error) => return Err(error),
            }
        };
        if taken == 0 {
            break;
        }
        size += taken;
    }
    Ok(())
}

/// Makes a file longer, at once where the file system can, else by writing.
fn take(file: &mut File, at: u64, bytes: u64) -> io::Result<()> {
    match fallocate(&*file, FallocateFlags::empty(), at, bytes) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            use std::io::{Seek, SeekFrom};
            file.seek(SeekFrom::Start(at))?;
            let zeros = [0; 1 << 16];
            let mut left = bytes;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
                file.write_all(&zeros[..piece])?;
                left -= piece as u64;
            }
            file.sync_data()
        }
        Err(error) => Err(error.into()),
    }
}

/// A file that is gone as soon as it is closed, whatever becomes of this process.
fn unnamed(directory: &Path) -> io::Result<File> {
    let path = directory.join(format!(".chaos-probe-{:016x}", fastrand::u64(..)));
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What there is to see: how much is free, and whether more than that is refused.
fn look(directory: &Path, filler: &Path, leaving: u64) -> io::Result<Evidence> {
    let size = match std::fs::metadata(filler) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Evidence::none("the file that took the room is gone: somebody removed it"));
        }
        Err(error) => return Err(error),
    };
    let now = free(directory)?;
    let text = format!("{} free, {} taken", figure::bytes(now), figure::bytes(size));
    if now > leaving.saturating_add(SLACK) {
        return Ok(Evidence::none(format!("{text}: somebody made room")));
    }
    // As another process would meet it; what is refused takes nothing.
    Ok(match unnamed(directory).and_then(|mut file| take(&mut file, 0, now + SLACK)) {
        Err(error) if error.kind() == ErrorKind::StorageFull => {
            Evidence::seen(format!("{text}; a write of {} fails with ENOSPC", figure::bytes(now + SLACK)))
        }
        Err(error) => Evidence::none(format!("{text}; a write fails, but with: {error}")),
        Ok(()) => Evidence::none(format!("{text}, yet a write of {} succeeded", figure::bytes(now + SLACK))),
    })
}
