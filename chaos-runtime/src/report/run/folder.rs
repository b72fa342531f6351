//! The folder of one run. Everything but the paths wants its lock to be held.

use super::record;
use crate::report::journal::{Journal, Verdict};
use crate::report::junit::{self, Life, Suite};
use crate::report::text;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A run's folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Suites of records that have ended, so that a run of many tests in one process reads each once.
    known: Mutex<HashMap<PathBuf, Known>>,
}

/// A suite, and the record as it was when the suite was made of it.
#[derive(Debug)]
struct Known {
    modified: SystemTime,
    bytes: u64,
    suite: Arc<Suite>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: Mutex::default() }
    }

    pub(super) fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    pub(super) fn record(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }

    fn state(&self, name: &str) -> PathBuf {
        self.path.join("state").join(name)
    }

    /// Waits for the folder's lock, and makes the folder first if need be. `after` is asked when the newest of the
    /// other runs began, in case that this one begins now.
    pub(super) fn lock(&self, after: impl FnOnce() -> u128) -> io::Result<File> {
        fs::create_dir_all(self.state(""))?;
        let lock = File::create(self.state("run.lock"))?;
        lock.lock()?;
        if self.started().is_none() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            // A clock that was set back must not make this run older than those before it.
            fs::write(self.state("started"), now.as_nanos().max(after() + 1).to_string())?;
        }
        Ok(lock)
    }

    /// When the run's first test started, in nanoseconds of the epoch; `None` for folders that are no run's.
    pub(super) fn started(&self) -> Option<u128> {
        fs::read_to_string(self.state("started")).ok()?.trim().parse().ok()
    }

    /// Whether some process works in it right now.
    pub(super) fn is_busy(&self) -> bool {
        let Ok(entries) = fs::read_dir(self.state("")) else { return false };
        entries.flatten().map(|entry| entry.path()).any(|path| has_extension(&path, "lock") && is_locked(&path))
    }

    /// A lock that lasts as long as its file is open: until this process drops it or dies.
    pub(super) fn sign_of_life(&self, name: &str) -> io::Result<File> {
        let sign = File::create(self.state(&format!("{name}.lock")))?;
        // The same test may run twice at once (a stress run). Then the other one's lock speaks for both.
        match sign.try_lock() {
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(sign),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn forget_sign_of_life(&self, name: &str) {
        let path = self.state(&format!("{name}.lock"));
        // Left in place if the same test still runs elsewhere.
        if !is_locked(&path) {
            let _ = fs::remove_file(path);
        }
    }

    /// If this test has a record in this run already, remembers how that one ended.
    pub(super) fn note_earlier_attempt(&self, name: &str) -> io::Result<()> {
        let path = self.record(name);
        let ended = match record::read(&path) {
            Ok(journal) if self.life(name, &journal) == Life::Dead => "killed",
            Ok(journal) => journal.verdict.name(),
            Err(_) if fs::symlink_metadata(&path).is_err() => return Ok(()),
            Err(_) => {
                // Cut off, of a later version, or no record at all: kept for whoever knows what it is.
                fs::rename(&path, path.with_extension("json.unreadable"))?;
                "unreadable"
            }
        };
        let path = self.state(&format!("{name}.attempts"));
        writeln!(OpenOptions::new().create(true).append(true).open(path)?, "{ended}")
    }

    pub(super) fn write_record(&self, name: &str, journal: &Journal) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(&text::publish(journal))?;
        let path = self.record(name);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&path);
        replace(&path, &json)
    }

    /// Makes the JUnit file of all records.
    pub(super) fn rebuild_junit(&self) -> io::Result<()> {
        let mut suites = Vec::new();
        let mut remarks = Vec::new();
        let mut records: Vec<PathBuf> =
            fs::read_dir(&self.path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        records.retain(|path| has_extension(path, "json"));
        records.sort();
        for path in records {
            match self.suite(&path) {
                Ok(suite) => suites.push(suite),
                Err(why) => remarks.push(why),
            }
        }
        let xml = junit::document(suites.iter().map(|suite| &**suite), &remarks)?;
        replace(&self.junit(), &xml)
    }

    /// The suite of a record, or in a sentence why there is none.
    fn suite(&self, path: &Path) -> Result<Arc<Suite>, String> {
        let stamp = fs::metadata(path).and_then(|meta| Ok((meta.modified()?, meta.len()))).ok();
        let mut all_known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all_known.get(path)
            && stamp == Some((known.modified, known.bytes))
        {
            return Ok(known.suite.clone());
        }
        let journal = record::read(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let life = self.life(&name, &journal);
        let suite = Arc::new(Suite::of(&journal, life, &self.earlier_attempts(&name), path));
        // What becomes of a test without a verdict shows elsewhere than in its record.
        if let (Some((modified, bytes)), Life::Ended) = (stamp, life) {
            all_known.insert(path.to_owned(), Known { modified, bytes, suite: suite.clone() });
        }
        Ok(suite)
    }

    fn life(&self, name: &str, journal: &Journal) -> Life {
        if journal.verdict != Verdict::Running {
            Life::Ended
        } else if is_locked(&self.state(&format!("{name}.lock"))) {
            Life::Alive
        } else {
            Life::Dead
        }
    }

    fn earlier_attempts(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.state(&format!("{name}.attempts"))).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Replaces a file in one step: readers find the old text or the new one, never a part. Two
/// processes must not replace the same file at once, which the locks see to; so the name of the temporary
/// file is always the same, and one left behind by a killed process is used up by the next.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).inspect_err(|_| {
        // Half of a file on a full disk is in everybody's way.
        let _ = fs::remove_file(&new);
    })
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Whether some open file holds the lock of this one. The numbers of processes are used again, locks are not.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
