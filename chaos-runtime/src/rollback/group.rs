//! The end of a control group that an experiment has made.

use crate::{Error, Result};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// What the names of such groups begin with: nothing else is touched.
pub(crate) const PREFIX: &str = "chaos-";

/// How often processes are moved and the group tried to be removed: those that are born meanwhile come late.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Moves all processes of `path` to `home` and removes the group. One that is gone is fine.
pub(super) fn leave(path: &Path, home: &Path) -> Result<()> {
    let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    if !path.is_absolute() || !ours {
        return Err(Error::new(format!("refusing to remove the control group `{}`", path.display()))
            .help(format!("an undo removes groups whose names begin with `{PREFIX}` only")));
    }
    let mut failure = None;
    for look in 0..LOOKS {
        if look > 0 {
            std::thread::sleep(PAUSE);
        }
        let Ok(processes) = std::fs::read_to_string(path.join("cgroup.procs")) else {
            return Ok(());
        };
        for process in processes.lines() {
            // One that has ended meanwhile is an error that does not matter: the removal has the last word.
            if let Err(error) = std::fs::write(home.join("cgroup.procs"), process) {
                failure = Some(error);
            }
        }
        match std::fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let error = Error::new(format!("failed to remove the control group `{}`", path.display()));
    Err(match failure {
        Some(failure) => error.caused_by(failure),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_groups_of_experiments_are_removed_and_a_missing_one_is_fine() {
        let home = Path::new("/sys/fs/cgroup");
        for refused in ["/sys/fs/cgroup/system.slice", "chaos-1", "/"] {
            let error = leave(Path::new(refused), home).unwrap_err();
            assert!(error.message().contains("refusing"), "{refused}: {error}");
        }
        leave(Path::new("/sys/fs/cgroup/chaos-that-never-was"), home).unwrap();
    }
}
