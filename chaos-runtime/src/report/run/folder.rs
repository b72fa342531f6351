//! The folder of one run. Everything but the paths wants its lock to be held.

use super::record;
use crate::report::journal::{Journal, Verdict};
use crate::report::junit::{self, Life, Suite};
use crate::report::text;
use crate::watchdog::Rescue;
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

    /// Waits for the folder's lock, and makes the folder first if need be.
    pub(super) fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(self.state(""))?;
        let lock = File::create(self.state("run.lock"))?;
        lock.lock()?;
        if let Ok(mut started) = File::create_new(self.state("started")) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            write!(started, "{}", now.as_nanos())?;
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

    /// A lock that lasts as long as its file is open: until this process drops it or dies. `token` stays in it
    /// beyond that, and says whose it was.
    pub(super) fn sign_of_life(&self, name: &str, token: &str) -> io::Result<File> {
        let path = self.state(&format!("{name}.lock"));
        let mut sign = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        // The same test may run twice at once (a stress run). Then the other one's lock speaks for both.
        match sign.try_lock() {
            Ok(()) => {
                sign.set_len(0)?;
                sign.write_all(token.as_bytes())?;
                Ok(sign)
            }
            Err(TryLockError::WouldBlock) => Ok(sign),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether the process with this token has ended without the verdict of one of its experiments.
    pub(super) fn has_dead_records_of(&self, token: &str) -> bool {
        let signs = fs::read_dir(self.state("")).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut signs = signs.filter(|path| has_extension(path, "lock"));
        signs.any(|sign| fs::read(&sign).is_ok_and(|found| found == token.as_bytes()))
    }

    /// Keeps what the watchdog of the process with this token did, for the JUnit file.
    pub(super) fn write_rescue(&self, token: &str, rescue: &[u8]) -> io::Result<()> {
        replace(&self.state(&format!("{token}.rescue")), rescue)
    }

    /// Adds what the watchdog undid to the records that say of it that it is still there.
    pub(super) fn note_rescue(&self, rescue: &Rescue) -> io::Result<()> {
        for path in self.records()? {
            let Ok(mut journal) = record::read(&path) else { continue };
            let notes: Vec<String> = rescue.notes_of(&journal.experiment.name).collect();
            if journal.verdict == Verdict::RollbackFailed && !notes.is_empty() {
                journal.notes.extend(notes);
                self.write_record(&path.file_stem().unwrap_or_default().to_string_lossy(), &journal)?;
            }
        }
        Ok(())
    }

    /// What the watchdog of the dead process that was writing this record did.
    fn rescue_of(&self, name: &str) -> Option<Rescue> {
        let token = fs::read_to_string(self.state(&format!("{name}.lock"))).ok().filter(|token| !token.is_empty())?;
        Rescue::read(&fs::read(self.state(&format!("{token}.rescue"))).ok()?)
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
        let Ok(journal) = record::read(&self.record(name)) else { return Ok(()) };
        let ended = match self.life(name, &journal) {
            Life::Dead => "killed",
            Life::Alive | Life::Ended => journal.verdict.name(),
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
        for path in self.records()? {
            match self.suite(&path) {
                Ok(suite) => suites.push(suite),
                Err(why) => remarks.push(why),
            }
        }
        let xml = junit::document(suites.iter().map(|suite| &**suite), &remarks)?;
        replace(&self.junit(), &xml)
    }

    /// All records, by name.
    fn records(&self) -> io::Result<Vec<PathBuf>> {
        let mut records: Vec<PathBuf> =
            fs::read_dir(&self.path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        records.retain(|path| has_extension(path, "json"));
        records.sort();
        Ok(records)
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
        let mut journal = record::read(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let life = self.life(&name, &journal);
        if life == Life::Dead {
            let rescue = self.rescue_of(&name);
            journal.reasons.splice(0..0, rescue.map(|rescue| rescue.reason(&journal.experiment.name)));
        }
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
    fs::write(&new, text)?;
    fs::rename(&new, path)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Whether some open file holds the lock of this one. The numbers of processes are used again, locks are not.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
