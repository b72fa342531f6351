//! The folder of one run. Everything but the paths wants its lock to be held.

use super::attempts::Attempts;
use super::index::{self, Part, Stamp};
use super::{name, record};
use crate::report::journal::{Journal, Verdict};
use crate::report::junit::{self, Life, Suite};
use crate::report::recorded::RecordedExperiment;
use crate::report::text;
use crate::watchdog::Rescue;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A run's folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its own name: the run's id, without what no file name may hold.
    pub(crate) fn id(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// All experiments, the killed ones with their end, and in a sentence each what can't be read.
    pub(crate) fn experiments(&self) -> io::Result<(Vec<RecordedExperiment>, Vec<String>)> {
        let (mut experiments, mut unreadable) = (Vec::new(), Vec::new());
        for name in self.records()?.into_keys() {
            let path = self.record(&name);
            match self.read(&name, &path) {
                Ok(read) => experiments.push(RecordedExperiment { journal: with_its_end(read), path }),
                Err(why) => unreadable.push(why),
            }
        }
        Ok((experiments, unreadable))
    }

    /// The experiment whose record is this file, with its end if it was killed; in a sentence if it can't be read.
    pub(crate) fn experiment(record: &Path) -> Result<Journal, String> {
        let folder = Self::new(record.parent().map(Path::to_owned).unwrap_or_default());
        let name = record.file_stem().unwrap_or_default().to_string_lossy();
        folder.read(&name, record).map(with_its_end)
    }

    /// The earlier attempts of the test with this record.
    pub(crate) fn earlier(&self, record: &Path) -> junit::Earlier {
        let name = record.file_stem().unwrap_or_default().to_string_lossy();
        Attempts::of(&self.path, &name).read()
    }

    pub(super) fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    pub(super) fn page(&self) -> PathBuf {
        self.path.join(super::page::FILE)
    }

    pub(super) fn record(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }

    pub(super) fn state(&self, name: &str) -> PathBuf {
        self.path.join("state").join(name)
    }

    /// Waits for the folder's lock, and makes the folder first if need be.
    pub(super) fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(self.state(""))?;
        let lock = File::create(self.state("run.lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// When the run's first test started, in nanoseconds of the epoch, and later than all runs before it
    /// whatever the clock says; `None` for folders that are no run's.
    pub(super) fn started(&self) -> Option<u128> {
        fs::read_to_string(self.state("started")).ok()?.trim().parse().ok()
    }

    pub(super) fn set_started(&self, started: u128) -> io::Result<()> {
        replace(&self.state("started"), &[started.to_string().as_bytes()])
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
        replace(&self.state(&format!("{token}.rescue")), &[rescue])?;
        // Suites of killed tests have to be made anew.
        match fs::remove_file(self.state("index")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Adds what the watchdog undid to the records that say of it that it is still there.
    pub(super) fn note_rescue(&self, rescue: &Rescue) -> io::Result<()> {
        for name in self.records()?.into_keys() {
            let Ok(mut journal) = record::read(&self.record(&name)) else { continue };
            let notes: Vec<String> = rescue.notes_of(&journal.experiment.name).collect();
            if journal.verdict == Verdict::RollbackFailed && !notes.is_empty() {
                journal.notes.extend(notes);
                self.write_record(&name, &journal)?;
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

    /// If this test has a record in this run already, keeps that as an earlier attempt.
    pub(super) fn note_earlier_attempt(&self, name: &str) -> io::Result<()> {
        let path = self.record(name);
        match record::read(&path) {
            Ok(journal) => Attempts::of(&self.path, name).note(&path, &journal, self.life(name, &journal)),
            Err(_) if fs::symlink_metadata(&path).is_err() => Ok(()),
            // Cut off, of a later version, or no record at all: kept for whoever knows what it is.
            Err(_) => {
                fs::rename(&path, path.with_extension("json.unreadable"))?;
                Attempts::of(&self.path, name).note_unreadable()
            }
        }
    }

    pub(super) fn write_record(&self, name: &str, journal: &Journal) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(&text::publish(journal))?;
        replace(&self.record(name), &[&json])
    }

    /// Makes the JUnit file of all records; what has not changed is taken over from the file that is there.
    pub(super) fn rebuild_junit(&self) -> io::Result<()> {
        let index = self.state("index");
        let known = index::read(&index, &self.junit()).unwrap_or_default();
        // Suites keep their place and so their number, unless one of them is gone.
        let mut made = match self.suites(known.parts)? {
            Some(made) => made,
            None => self.suites(Vec::new())?.unwrap_or_default(),
        };
        let head = junit::head(&made.remarks)?;
        let mut text: Vec<&[u8]> = vec![&head];
        text.extend(made.text.iter().map(|piece| match piece {
            Piece::Known(range) => &known.text[range.clone()],
            Piece::New(text) => text,
        }));
        text.push(junit::TAIL);
        replace(&self.junit(), &text)?;
        if !all_differ(&made.parts) {
            // Equal names were told apart by numbers, which depend on all the others.
            made.parts.clear();
        }
        for part in &mut made.parts {
            part.range = part.range.start + head.len()..part.range.end + head.len();
        }
        // Without an index the next one takes longer, no more than that.
        let _ = index::write(&index, &self.junit(), &made.parts);
        Ok(())
    }

    /// The suites of all records: first those that are known, in their order, then the new ones by name. `None`:
    /// they do not fit together.
    fn suites(&self, known: Vec<Part>) -> io::Result<Option<Made>> {
        let anew = known.is_empty();
        let mut made = Made::default();
        let mut names = junit::Names::new();
        let mut left = self.records()?;
        for part in known {
            let Some(stamp) = left.remove(&part.record) else { return Ok(None) };
            if stamp == part.stamp && self.life_of(&part.record, part.life == Life::Ended) == part.life {
                made.take_over(part);
            } else if !self.make(&part.record, stamp, &mut made, &mut names)? {
                return Ok(None);
            }
        }
        for (record, stamp) in left {
            self.make(&record, stamp, &mut made, &mut names)?;
        }
        // Only a file that is made anew as a whole can tell equal names apart.
        Ok((anew || all_differ(&made.parts)).then_some(made))
    }

    /// Adds the suite of a record, or a remark why there is none (false).
    fn make(&self, record: &str, stamp: Stamp, made: &mut Made, names: &mut junit::Names) -> io::Result<bool> {
        let path = self.record(record);
        let (journal, life) = match self.read(record, &path) {
            Ok(read) => read,
            Err(why) => {
                made.remarks.push(why);
                return Ok(false);
            }
        };
        let suite = Suite::of(&journal, life, &Attempts::of(&self.path, record).read(), &path);
        let text = junit::suite(made.parts.len(), &suite, names)?;
        let (class, name) = suite.identity();
        let key = name::fnv1a(format!("{class}\0{name}").as_bytes());
        made.add(Part { record: record.to_owned(), stamp, life, key, range: 0..text.len() }, text);
        Ok(true)
    }

    /// A record, and whether its process lives. What the watchdog of a dead one did is its reason.
    pub(super) fn read(&self, name: &str, path: &Path) -> Result<(Journal, Life), String> {
        let mut journal = record::read(path)?;
        let life = self.life(name, &journal);
        if life == Life::Dead && journal.reasons.is_empty() {
            let rescue = self.rescue_of(name);
            journal.reasons.extend(rescue.map(|rescue| rescue.reason(&journal.experiment.name)));
        }
        Ok((journal, life))
    }

    /// The names of all records, without `.json`.
    pub(super) fn records(&self) -> io::Result<BTreeMap<String, Stamp>> {
        let mut records = BTreeMap::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str().and_then(|name| name.strip_suffix(".json")) {
                records.insert(name.to_owned(), Stamp::of(&entry.metadata()?));
            }
        }
        Ok(records)
    }

    fn life(&self, name: &str, journal: &Journal) -> Life {
        self.life_of(name, journal.verdict != Verdict::Running)
    }

    pub(super) fn life_of(&self, name: &str, has_ended: bool) -> Life {
        if has_ended {
            Life::Ended
        } else if is_locked(&self.state(&format!("{name}.lock"))) {
            Life::Alive
        } else {
            Life::Dead
        }
    }
}

/// The suites of a file that is being made.
#[derive(Debug, Default)]
struct Made {
    /// Their ranges count from the first suite.
    parts: Vec<Part>,
    text: Vec<Piece>,
    bytes: usize,
    remarks: Vec<String>,
}

/// A piece of the file that is being made.
#[derive(Debug)]
enum Piece {
    /// From the file that is there.
    Known(Range<usize>),
    New(Vec<u8>),
}

impl Made {
    fn take_over(&mut self, part: Part) {
        match self.text.last_mut() {
            Some(Piece::Known(range)) if range.end == part.range.start => range.end = part.range.end,
            _ => self.text.push(Piece::Known(part.range.clone())),
        }
        self.push(part);
    }

    fn add(&mut self, part: Part, text: Vec<u8>) {
        self.text.push(Piece::New(text));
        self.push(part);
    }

    fn push(&mut self, mut part: Part) {
        let start = self.bytes;
        self.bytes += part.range.len();
        part.range = start..self.bytes;
        self.parts.push(part);
    }
}

/// What a reader has to know of an experiment: that of a killed one it is over.
fn with_its_end((journal, life): (Journal, Life)) -> Journal {
    if life != Life::Dead {
        return journal;
    }
    let mut journal = junit::with_its_end(&journal);
    journal.verdict = Verdict::Errored;
    journal
}

/// Whether all suites have names of their own.
fn all_differ(parts: &[Part]) -> bool {
    let mut keys: Vec<_> = parts.iter().map(|part| part.key).collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

/// Replaces a file in one step: readers find the old text or the new one, never a part. Two
/// processes must not replace the same file at once, which the locks see to; so the name of the temporary
/// file is always the same, and one left behind by a killed process is used up by the next.
pub(super) fn replace(path: &Path, text: &[&[u8]]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let written = write(Path::new(&new), text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // On a full disk a part of a file takes what others need.
        let _ = fs::remove_file(&new);
    }
    written
}

fn write(path: &Path, text: &[&[u8]]) -> io::Result<()> {
    let mut file = File::create(path)?;
    text.iter().try_for_each(|part| file.write_all(part))
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Whether some open file holds the lock of this one. The numbers of processes are used again, locks are not.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}
