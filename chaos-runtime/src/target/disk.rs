//! Directories on disks that may be filled.

use crate::rollback::{Recipe, Undo};
use crate::{Chaos, Error, Result};
use std::path::{Path, PathBuf};

/// The least that makes sense: a few pages.
#[cfg(target_os = "linux")]
const LEAST: u64 = 64 << 10;

/// A directory whose disk may be filled by [`full`](Self::full). What uses it is started afterwards.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
}

impl Chaos {
    /// Makes a small disk: a directory with this much room, in memory (tmpfs), for what is started afterwards.
    ///
    /// It is unmounted and removed when the experiment ends, after all processes, and by the watchdog or the next run
    /// should the test be killed. Linux, and a user who may mount: root, or `CAP_SYS_ADMIN` as in a privileged container.
    ///
    /// ```no_run
    /// # async fn body(chaos: &mut chaos_runtime::Chaos) -> chaos_runtime::Result {
    /// # use std::{process::Command, time::Duration};
    /// let disk = chaos.small_disk(4 << 20).await?;
    /// let store = chaos.process(Command::new("store").arg(disk.path())).await?;
    /// chaos.inject(disk.full()).hold(Duration::from_secs(5)).await?;
    /// # let _ = store; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the size makes no sense, or this user may not mount; the message names the ways out, of which the one
    /// without rights is [`disk_at`](Self::disk_at).
    pub async fn small_disk(&self, bytes: u64) -> Result<Disk> {
        let name = format!("{}{:016x}", prefix(), fastrand::u64(..));
        let path = std::env::temp_dir().join(name);
        let undo = Undo::from_recipe(Recipe::Unmount { path: path.clone() }).last();
        let target = format!("disk {}", path.display());
        check(bytes, &path)?;
        let id = self.core.ledger.record("unmount a small disk", &target, undo)?;
        let mounted = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || mount(&path, bytes)).await
        };
        let mounted = mounted.map_err(|error| Error::new("mounting a small disk panicked").caused_by(error));
        if let Err(error) = mounted.and_then(|mounted| mounted) {
            self.core.ledger.undo(id).await;
            return Err(error);
        }
        Ok(Disk { path })
    }

    /// A directory that is there already, on a disk that may be filled: a tmpfs, a partition or a volume of its own, on
    /// which this test itself has no files. Needs no rights. How much may be written at most to fill it is limited: see
    /// [`DiskFull::at_most`](crate::fault::DiskFull::at_most).
    ///
    /// # Errors
    /// If it is no directory.
    pub fn disk_at(&self, directory: impl Into<PathBuf>) -> Result<Disk> {
        let directory = directory.into();
        let path = std::fs::canonicalize(&directory).map_err(|error| {
            Error::new(format!("the directory `{}` is not there", directory.display())).caused_by(error)
        })?;
        if !path.is_dir() {
            return Err(Error::new(format!("`{}` is not a directory", directory.display())));
        }
        Ok(Disk { path })
    }
}

impl Disk {
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(target_os = "linux")]
fn prefix() -> &'static str {
    crate::rollback::mounted::PREFIX
}

#[cfg(not(target_os = "linux"))]
fn prefix() -> &'static str {
    "chaos-disk-"
}

#[cfg(target_os = "linux")]
fn check(bytes: u64, path: &Path) -> Result<()> {
    let most = isize::MAX.unsigned_abs() as u64;
    if !(LEAST..=most).contains(&bytes) {
        return Err(
            Error::new(format!("a disk of {bytes} bytes makes no sense")).help(format!("ask for {LEAST} at least"))
        );
    }
    if !path.is_absolute() {
        return Err(Error::new(format!("the directory for temporary files is not absolute: `{}`", path.display()))
            .help("set TMPDIR to an absolute path"));
    }
    Ok(())
}

#[cfg(target_os = "linux")]
pub(crate) fn mount(path: &Path, bytes: u64) -> Result<()> {
    use rustix::mount::{MountFlags, mount};
    let failed = |what: &str, error: std::io::Error| {
        Error::new(format!("failed to {what} `{}`", path.display())).caused_by(error)
    };
    std::fs::create_dir(path).map_err(|error| failed("make", error))?;
    // For every user, as the directory around it: the process under test may be another one.
    let options = std::ffi::CString::new(format!("size={bytes},mode=1777"))
        .map_err(|error| Error::new("options of a mount").caused_by(error))?;
    mount("chaos", path, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, &*options).map_err(|error| {
        failed("mount a small disk on", error.into()).help(
            "mounting needs root or CAP_SYS_ADMIN (a container: `--cap-add SYS_ADMIN`); without, have somebody mount \
             a small file system once and name it: `chaos.disk_at(\"/mnt/small\")`, or give a container a tmpfs with a size",
        )
    })
}

#[cfg(not(target_os = "linux"))]
fn check(_bytes: u64, _path: &Path) -> Result<()> {
    Err(Error::new("small disks are made on Linux only")
        .help("name a directory on a small file system: `chaos.disk_at(\"/Volumes/small\")`"))
}

#[cfg(not(target_os = "linux"))]
fn mount(path: &Path, bytes: u64) -> Result<()> {
    check(bytes, path)
}

#[cfg(all(test, target_os = "linux"))]
#[path = "disk_tests.rs"]
mod tests;
