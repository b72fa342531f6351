//! One run of the tests: its folder, with a record for each experiment, and the JUnit file made of them.
//!
//! ```text
//! <root>/junit.xml, report.html                     the newest run's
//! <root>/runs/<run id>/junit.xml, report.html
//! <root>/runs/<run id>/<package>.<binary>.<test>.json   the journal of one experiment
//! <root>/runs/<run id>/attempts/                     journals of earlier attempts of the same tests
//! <root>/runs/<run id>/state/                        locks and what else only this module reads
//! <root>/undo/                                       the rollback ledger
//! <root>/rescued/                                    what watchdogs did, until an experiment has told it
//! ```
//!
//! Several processes write at once (nextest starts one for each test), and any of them may be killed
//! at any moment. So every change of a run's folder happens under its lock, and files are replaced by
//! renaming: a reader always finds a whole file.

mod attempts;
mod folder;
mod identity;
mod index;
mod name;
mod old;
mod page;
mod record;
mod root;

pub(crate) use folder::Folder;
pub(crate) use name::of_experiment as experiment_name;
pub(crate) use page::beside as page_beside;
#[cfg(feature = "fuzzing")]
pub(crate) use record::parse;

use crate::report::journal::Journal;
use crate::watchdog::{Rescue, Watchdog};
use crate::{Error, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// One `cargo test` or `cargo nextest run`.
#[derive(Debug)]
pub(crate) struct Run {
    id: String,
    root: PathBuf,
    folder: Folder,
    /// Held locks of the records that this process is writing: proof that it lives.
    alive: Mutex<HashMap<String, File>>,
    /// Old runs are looked for once per process.
    tidied: OnceLock<()>,
    watchdog: Arc<Watchdog>,
}

impl Run {
    /// The run that this process is part of.
    pub(crate) fn current() -> &'static Self {
        static CURRENT: OnceLock<Run> = OnceLock::new();
        CURRENT.get_or_init(|| Self::at(root::find(), &identity::current()))
    }

    /// A run in a folder of one's own. Touches nothing yet.
    pub(crate) fn at(root: PathBuf, id: &str) -> Self {
        Self::reopen(root, name::safe(id, 100))
    }

    /// The run of another process, by [`id`](Self::id).
    pub(crate) fn reopen(root: PathBuf, id: String) -> Self {
        let folder = Folder::new(root.join("runs").join(&id));
        let watchdog = Arc::new(Watchdog::new(&root, &id));
        Self { id, root, folder, alive: Mutex::default(), tidied: OnceLock::new(), watchdog }
    }

    /// What all experiments of the run share.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where reports lie.
    pub(crate) fn root(&self) -> &std::path::Path {
        &self.root
    }

    /// Where the rollback ledger lies. Shared by all runs.
    pub(crate) fn undo_dir(&self) -> PathBuf {
        self.root.join("undo")
    }

    /// Where the run's JUnit file lies.
    #[cfg(test)]
    pub(crate) fn junit(&self) -> PathBuf {
        self.folder.junit()
    }

    /// Writes the record of an experiment that starts (verdict `Running`). Should this process die, the run's
    /// JUnit file shows the test as an error, now and whenever it is rebuilt. Returns where the record lies.
    pub(crate) fn begin(&self, journal: &Journal) -> Result<PathBuf> {
        let name = name::of_record(journal);
        self.write(|| {
            let _guard = self.lock()?;
            self.tidied.get_or_init(|| old::remove(&self.root, &self.id));
            // Begun again by the same process, after a wait, it is the same attempt.
            if !self.alive().contains_key(&name) {
                self.folder.note_earlier_attempt(&name)?;
                let sign = self.folder.sign_of_life(&name, self.watchdog.token())?;
                self.alive().insert(name.clone(), sign);
            }
            self.folder.write_record(&name, journal)?;
            self.rebuild()
        })?;
        Ok(self.folder.record(&name))
    }

    /// Replaces the record of an experiment that has ended and rebuilds the JUnit file. Of several
    /// attempts in one run the last one counts; the others show as its reruns. Returns where the record lies.
    pub(crate) fn finish(&self, journal: &Journal) -> Result<PathBuf> {
        let name = name::of_record(journal);
        self.write(|| {
            let _guard = self.lock()?;
            self.folder.write_record(&name, journal)?;
            // Only now: a record without verdict and without sign of life counts as killed.
            if self.alive().remove(&name).is_some() {
                self.folder.forget_sign_of_life(&name);
            }
            self.rebuild()
        })?;
        Ok(self.folder.record(&name))
    }

    /// The watchdog of the experiments that this process writes down here.
    pub(crate) fn watchdog(&self) -> Arc<Watchdog> {
        Arc::clone(&self.watchdog)
    }

    /// Tells what the watchdog of the process with this token did: to the next experiment, in the records of
    /// experiments that had to end without their rollback, and in the JUnit file, also if that process owes a
    /// verdict. Touches nothing if there is nothing to tell.
    pub(crate) fn rescued(&self, token: &str, rescue: &Rescue) -> Result<()> {
        self.write(|| {
            let json = serde_json::to_vec(rescue)?;
            if rescue.has_undone() {
                let dir = self.root.join("rescued");
                std::fs::create_dir_all(&dir)?;
                folder::replace(&dir.join(format!("{token}.json")), &[&json])?;
            }
            let killed = self.folder.has_dead_records_of(token);
            if killed || rescue.has_undone() {
                let _guard = self.lock()?;
                if killed {
                    self.folder.write_rescue(token, &json)?;
                }
                self.folder.note_rescue(rescue)?;
                self.rebuild()?;
            }
            Ok(())
        })
    }

    /// What watchdogs have undone since this was last called in any process, as notes.
    pub(crate) fn take_rescues(&self) -> Vec<String> {
        let listing = std::fs::read_dir(self.root.join("rescued")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = listing.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let mut notes = Vec::new();
        for path in paths {
            let Some(rescue) = std::fs::read(&path).ok().and_then(|bytes| Rescue::read(&bytes)) else { continue };
            // Of two experiments that read it at once, the one tells of it that removes it.
            if std::fs::remove_file(&path).is_ok() {
                notes.extend(rescue.notes());
            }
        }
        notes
    }

    /// Waits for the folder's lock; the first one to have it begins the run.
    fn lock(&self) -> io::Result<File> {
        let guard = self.folder.lock()?;
        if self.folder.started().is_none() {
            old::begin(&self.root, &self.folder)?;
        }
        Ok(guard)
    }

    /// Makes the JUnit files and the pages anew. Under the folder's lock.
    fn rebuild(&self) -> io::Result<()> {
        self.folder.rebuild_junit()?;
        // No verdict depends on a page: one that can't be written is made up for by the next.
        let page = self.folder.rebuild_page(&self.root).is_ok().then(|| self.folder.page());
        old::publish_if_newest(&self.root, &self.id, &self.folder.junit(), page.as_deref())
    }

    fn write(&self, write: impl FnOnce() -> io::Result<()>) -> Result<()> {
        write().map_err(|error| {
            Error::new(format!("can't write to {}: {error}", self.root.display()))
                .help("set CHAOS_DIR to a folder where reports may be written")
        })
    }

    fn alive(&self) -> MutexGuard<'_, HashMap<String, File>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of the runs below `root`, the newest first.
pub(crate) fn by_age(root: &std::path::Path) -> Vec<PathBuf> {
    old::by_age(root).into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests;
