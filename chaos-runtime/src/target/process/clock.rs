//! A clock of its own for a child process: libfaketime, and the file that tells it the offset.

use crate::experiment::core::Core;
#[cfg(target_os = "linux")]
use crate::rollback::Recipe;
use crate::rollback::Undo;
use crate::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the library where it lies elsewhere.
const VARIABLE: &str = "CHAOS_LIBFAKETIME";

/// The offset of a clock that is right.
const RIGHT: &str = "+0\n";

/// Where the library is, and the file that it reads the offset from, at every look at the clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// Finds the library, and makes the file, which is removed when the processes have ended.
    pub(super) fn new(core: &Core, target: &str) -> Result<Self> {
        let library = library()?;
        let file = std::env::temp_dir().join(format!("chaos-clock-{:016x}", fastrand::u64(..)));
        core.ledger.record("remove the clock's offset", target, Undo::remove(&file).last())?;
        std::fs::write(&file, RIGHT)
            .map_err(|error| Error::new(format!("failed to write `{}`", file.display())).caused_by(error))?;
        Ok(Self { library, file })
    }

    /// Makes a command use it. `preloaded` is what it loads beside.
    pub(crate) fn settle(&self, command: &mut Command, preloaded: Option<OsString>) {
        let mut libraries = self.library.clone().into_os_string();
        if let Some(others) = preloaded.filter(|others| !others.is_empty()) {
            libraries.push(":");
            libraries.push(others);
        }
        command
            .env("LD_PRELOAD", libraries)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            // These would outrank the file.
            .env_remove("FAKETIME")
            .env_remove("FAKETIME_SHARED");
    }

    /// How it is put right.
    #[cfg(target_os = "linux")]
    pub(crate) fn undo(&self) -> Recipe {
        Recipe::WriteFile { path: self.file.clone(), text: RIGHT.to_owned() }
    }

    /// How it is put wrong, by this many seconds.
    #[cfg(target_os = "linux")]
    pub(crate) fn offset(&self, seconds: f64) -> Recipe {
        Recipe::WriteFile { path: self.file.clone(), text: format!("{seconds:+.3}\n") }
    }

    /// Whether a living process has loaded the library. `None`: it can't be told.
    #[cfg(target_os = "linux")]
    pub(crate) fn is_used_by(&self, pid: u32) -> Option<bool> {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
        // The file itself may have been reached by a link.
        let name = std::fs::canonicalize(&self.library).ok()?;
        Some(maps.lines().any(|line| line.ends_with(&*name.to_string_lossy())))
    }
}

/// Where Debian, Fedora, Arch, Alpine and Nix's profiles keep it; by default the one that is safe with threads.
pub(crate) fn library() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        if path.is_absolute() && path.is_file() {
            return Ok(path);
        }
        return Err(Error::new(format!("{VARIABLE} is not the absolute path of a file: `{}`", path.display())));
    }
    found_below(Path::new("/")).ok_or_else(|| {
        Error::new("a process with a clock of its own needs libfaketime, and `libfaketime.so.1` was not found").help(format!(
            "install the package `libfaketime` (Debian, Fedora, Arch, Alpine: the same name), or name the file: {VARIABLE}=/path/libfaketime.so.1"
        ))
    })
}

fn found_below(root: &Path) -> Option<PathBuf> {
    let architecture = std::env::consts::ARCH;
    let directories = [
        format!("usr/lib/{architecture}-linux-gnu/faketime"),
        "usr/lib64/faketime".to_owned(),
        "usr/lib/faketime".to_owned(),
        "usr/local/lib/faketime".to_owned(),
        "run/current-system/sw/lib".to_owned(),
    ];
    let files =
        |directory: String| ["libfaketimeMT.so.1", "libfaketime.so.1"].map(|name| root.join(&directory).join(name));
    directories.into_iter().flat_map(files).find(|path| path.is_file())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_where_distributions_keep_it() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(found_below(root.path()), None);
        let directory = root.path().join("usr/lib64/faketime");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("libfaketime.so.1"), "").unwrap();
        assert_eq!(found_below(root.path()), Some(directory.join("libfaketime.so.1")));
        std::fs::write(directory.join("libfaketimeMT.so.1"), "").unwrap();
        assert_eq!(found_below(root.path()), Some(directory.join("libfaketimeMT.so.1")));
    }

    #[test]
    fn a_command_gets_the_library_beside_what_it_preloads_anyway() {
        let clock = Clock { library: "/lib/libfaketime.so.1".into(), file: "/tmp/offset".into() };
        let preload = |others: Option<&str>| {
            let mut command = Command::new("date");
            clock.settle(&mut command, others.map(OsString::from));
            let value = command.get_envs().find(|(name, _)| *name == "LD_PRELOAD").unwrap().1.unwrap().to_owned();
            value.into_string().unwrap()
        };
        assert_eq!(preload(None), "/lib/libfaketime.so.1");
        assert_eq!(preload(Some("")), "/lib/libfaketime.so.1");
        assert_eq!(preload(Some("/lib/libjemalloc.so.2")), "/lib/libfaketime.so.1:/lib/libjemalloc.so.2");
        assert!(matches!(clock.offset(-3_600.0), Recipe::WriteFile { text, .. } if text == "-3600.000\n"));
    }
}
