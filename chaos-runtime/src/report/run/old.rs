//! The runs beside this one: older ones are removed, the newest one's JUnit file and page are the ones at the top.

use super::folder::Folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many runs are kept.
const KEPT: usize = 20;

/// Removes all but the newest runs: never the current one, one at work, or a folder that is no run's.
/// What can't be removed stays; a later run tries again.
pub(super) fn remove(root: &Path, current: &str) {
    let Ok(_guard) = lock(root) else { return };
    for (_, path) in by_age(root).into_iter().skip(KEPT) {
        let is_current = path.file_name().is_some_and(|name| name == current);
        if !is_current && !Folder::new(path.clone()).is_busy() {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// Gives a run that begins its place in the order of runs: after all others, also if the clock was set back since.
pub(super) fn begin(root: &Path, run: &Folder) -> io::Result<()> {
    let _guard = lock(root)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let newest = by_age(root).first().map_or(0, |(started, _)| *started);
    run.set_started(now.max(newest.saturating_add(1)))
}

/// Puts JUnit file and page of the run `id` at the top, unless a newer run has begun meanwhile.
pub(super) fn publish_if_newest(root: &Path, id: &str, junit: &Path, page: Option<&Path>) -> io::Result<()> {
    let _guard = lock(root)?;
    let newest = by_age(root).into_iter().next();
    if newest.is_none_or(|(_, path)| path.file_name().is_some_and(|name| name == id)) {
        put(root, junit)?;
        // No verdict depends on a page.
        let _ = page.map(|page| put(root, page));
    }
    Ok(())
}

/// Puts a file of a run at the top.
fn put(root: &Path, file: &Path) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default();
    let mut new = root.join(name).into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let _ = fs::remove_file(&new);
    // Neither file is ever changed, only replaced, so both may be one.
    if fs::hard_link(file, &new).is_err() {
        fs::copy(file, &new)?;
    }
    fs::rename(&new, root.join(name))
}

/// Guards what the runs share. Taken after a run's own lock, never before it.
fn lock(root: &Path) -> io::Result<File> {
    let lock = File::create(root.join("runs").join("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// All runs, newest first.
pub(super) fn by_age(root: &Path) -> Vec<(u128, PathBuf)> {
    let entries = fs::read_dir(root.join("runs")).into_iter().flatten().flatten();
    let mut runs: Vec<_> = entries
        .map(|entry| entry.path())
        .filter_map(|path| Some((Folder::new(path.clone()).started()?, path)))
        .collect();
    runs.sort();
    runs.reverse();
    runs
}
