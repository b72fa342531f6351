//! The files of the history: one for each experiment, a line for each run of it.
//!
//! Files are only ever appended to, under a lock and with one write, also by a merge. So a process that is killed can
//! lose the line it is writing and no other, and what is left of that line is no line of ours: it is cut off before its
//! last brace. The next one begins a line of its own.

use super::entry::Entry;
use super::trend::Trend;
use super::{TrackedFinding, place};
use crate::report::journal::{ExperimentInfo, Journal, Verdict};
use crate::report::run;
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a line is held back by other writers, before it is given up: a test must end.
const PATIENCE: Duration = Duration::from_secs(2);

/// How deep below a directory that is merged the files may lie: an artifact has its own ideas.
const DEPTH: usize = 4;

const EXTENSION: &str = "jsonl";

/// Where the history lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    dir: PathBuf,
}

/// All that is known of one experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in.
    pub binary: String,
    /// The test's name as `cargo test` shows it.
    pub name: String,
    /// Its runs, the oldest first.
    pub entries: Vec<Entry>,
    /// How many lines could not be read: cut off, or of a later version.
    pub unreadable: usize,
}

/// What a merge came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Merged {
    /// Files that were read.
    pub files: usize,
    /// Runs of experiments that were added.
    pub added: usize,
    /// Those that were known already.
    pub known: usize,
    /// Lines that could not be read.
    pub unreadable: usize,
}

impl Store {
    /// The history in this directory. Touches nothing.
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The history of the project that holds the directory `package`: `CHAOS_HISTORY`, else `history` in `asked` (where
    /// reports are asked to go, by `CHAOS_DIR` or a flag), else `.chaos/history` in the workspace's root.
    pub fn of_project(package: &Path, asked: Option<&Path>) -> Self {
        let dir = place::choose(std::env::var_os("CHAOS_HISTORY"), asked, Some(package));
        Self::open(dir.unwrap_or_else(|| package.join(".chaos").join("history")))
    }

    /// The history beside the reports in `root`: what is used where no project is known, or it can't be written to.
    pub fn beside_reports(root: &Path) -> Self {
        Self::open(place::beside(root))
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether anything was ever kept in it.
    pub fn exists(&self) -> bool {
        self.dir.is_dir()
    }

    /// Appends a run of an experiment. Costs the same however long its history is.
    pub fn append(&self, entry: &Entry) -> Result {
        self.write(entry).map_err(|error| {
            Error::new(format!("can't write the history to {}: {error}", self.dir.display()))
                .help("set CHAOS_HISTORY to a directory that can be written to")
        })
    }

    /// The same for a journal that has ended. What was skipped tells nothing of the system, and is left out.
    pub fn append_journal(&self, journal: &Journal) -> Result {
        match journal.verdict {
            Verdict::Skipped | Verdict::Running => Ok(()),
            _ => self.append(&Entry::of(journal)),
        }
    }

    /// Appends what an experiment of this process came to: to the history of its project, and where that can't be written
    /// to, to one beside the reports in `root`.
    pub(crate) fn append_of_this_process(root: &Path, journal: &Journal) -> Result {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // cargo test and nextest set it; a binary that is started by hand is started in the package's directory.
        let package = set("CARGO_MANIFEST_DIR").or_else(|| std::env::current_dir().ok());
        let asked = set("CHAOS_DIR").map(|_| root);
        let beside = Self::beside_reports(root);
        match place::choose(std::env::var_os("CHAOS_HISTORY"), asked, package.as_deref()).map(Self::open) {
            Some(store) if store != beside => {
                store.append_journal(journal).or_else(|error| beside.append_journal(journal).map_err(|_| error))
            }
            _ => beside.append_journal(journal),
        }
    }

    fn write(&self, entry: &Entry) -> io::Result<()> {
        place::make(&self.dir)?;
        let mut file = self.locked(&entry.package, &entry.binary, &entry.name)?;
        append_lines(&mut file, &format!("{}\n", entry.line()))
    }

    /// An experiment's file, for appending, under its lock.
    fn locked(&self, package: &str, binary: &str, name: &str) -> io::Result<File> {
        let path = self.file(package, binary, name);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        wait_for(|| file.try_lock())?;
        Ok(file)
    }

    fn file(&self, package: &str, binary: &str, name: &str) -> PathBuf {
        self.dir.join(format!("{}.{EXTENSION}", run::experiment_name(package, binary, name)))
    }

    /// The histories of all experiments, by package, binary and name. None if nothing was kept yet.
    pub fn histories(&self) -> Result<Vec<History>> {
        let mut histories = BTreeMap::new();
        for path in files(&self.dir, 1).map_err(|error| self.unreadable(error))? {
            let (entries, unreadable) = read(&path).map_err(|error| self.unreadable(error))?;
            gather(entries, unreadable, &mut histories);
        }
        Ok(histories.into_values().map(History::in_order).collect())
    }

    /// The history of one experiment; empty if there is none.
    pub fn history(&self, experiment: &ExperimentInfo) -> Result<History> {
        let ExperimentInfo { package, binary, name, .. } = experiment;
        let mut histories = BTreeMap::new();
        match read(&self.file(package, binary, name)) {
            Ok((entries, unreadable)) => gather(entries, unreadable, &mut histories),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.unreadable(error)),
        }
        let found = histories.remove(&(package.clone(), binary.clone(), name.clone()));
        Ok(found.unwrap_or_else(|| History::empty(package, binary, name)).in_order())
    }

    /// The trends of one experiment: those of its newest run first, in its order.
    pub fn trends(&self, experiment: &ExperimentInfo) -> Result<Vec<Trend>> {
        Ok(self.history(experiment)?.trends())
    }

    /// Adds what another history knows, from wherever below `dir` its files lie. Merging twice changes nothing, and
    /// neither does the order of several merges.
    pub fn merge(&self, dir: &Path) -> Result<Merged> {
        let failed = |error: io::Error| {
            Error::new(format!("can't merge the history in {}", dir.display()))
                .caused_by(error)
                .help("name a directory that holds a history: files `<package>.<binary>.<test>.jsonl`")
        };
        let files = files(dir, DEPTH).map_err(failed)?;
        let mut merged = Merged { files: files.len(), ..Merged::default() };
        let mut entries = Vec::new();
        for path in files {
            let (found, unreadable) = read(&path).map_err(failed)?;
            entries.extend(found);
            merged.unreadable += unreadable;
        }
        if merged.files == 0 {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "there is no file of a history in it")));
        }
        let all = entries.len();
        merged.added = self.add(entries)?;
        merged.known = all - merged.added;
        Ok(merged)
    }

    /// Adds those of these entries that are not known yet, and says how many that were.
    pub fn add(&self, entries: Vec<Entry>) -> Result<usize> {
        let mut histories = BTreeMap::new();
        gather(entries, 0, &mut histories);
        let mut added = 0;
        for history in histories.into_values() {
            added += self.add_to_one(&history.in_order()).map_err(|error| {
                Error::new(format!("can't write the history to {}", self.dir.display())).caused_by(error)
            })?;
        }
        Ok(added)
    }

    fn add_to_one(&self, new: &History) -> io::Result<usize> {
        place::make(&self.dir)?;
        let mut file = self.locked(&new.package, &new.binary, &new.name)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let known: BTreeSet<String> = parse(&text).0.iter().map(Entry::line).collect();
        // What tells more of an attempt that is known is added too: readers take the one that tells most.
        let lines: Vec<String> = new.entries.iter().map(Entry::line).filter(|line| !known.contains(line)).collect();
        if lines.is_empty() {
            return Ok(0);
        }
        append_lines(&mut file, &(lines.join("\n") + "\n"))?;
        Ok(lines.len())
    }

    fn unreadable(&self, error: io::Error) -> Error {
        Error::new(format!("can't read the history in {}", self.dir.display()))
            .caused_by(error)
            .help("CHAOS_HISTORY names another directory")
    }
}

impl History {
    fn empty(package: &str, binary: &str, name: &str) -> Self {
        let [package, binary, name] = [package, binary, name].map(str::to_owned);
        Self { package, binary, name, entries: Vec::new(), unreadable: 0 }
    }

    /// In the order of their starts, each attempt once.
    fn in_order(mut self) -> Self {
        self.entries.sort_by(|a, b| a.key().cmp(&b.key()).then_with(|| a.by_knowledge(b)));
        // Keeps the last of those that tell of the same attempt.
        self.entries.reverse();
        self.entries.dedup_by(|a, b| a.key() == b.key());
        self.entries.reverse();
        self
    }

    /// Its trends: those of the newest run first, in its order.
    pub fn trends(&self) -> Vec<Trend> {
        Trend::all(self)
    }

    /// What became of its refuted hypothesis, in each profile in which it was refuted at least once.
    pub fn findings(&self) -> Vec<TrackedFinding> {
        TrackedFinding::all(self)
    }

    /// `package::binary name`, as the title of a chapter.
    pub fn title(&self) -> String {
        format!("{}::{} {}", self.package, self.binary, self.name)
    }
}

type Histories = BTreeMap<(String, String, String), History>;

fn gather(entries: Vec<Entry>, unreadable: usize, histories: &mut Histories) {
    let mut unreadable = unreadable;
    for entry in entries {
        let key = (entry.package.clone(), entry.binary.clone(), entry.name.clone());
        let history =
            histories.entry(key).or_insert_with(|| History::empty(&entry.package, &entry.binary, &entry.name));
        history.unreadable += std::mem::take(&mut unreadable);
        history.entries.push(entry);
    }
}

/// Appends whole lines with one write. What is left of a line that was cut off stays a line of its own; a write that
/// fails leaves nothing.
fn append_lines(file: &mut File, lines: &str) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))?;
        file.read_exact(&mut last)?;
    }
    let lines = if last == *b"\n" { lines.to_owned() } else { format!("\n{lines}") };
    file.write_all(lines.as_bytes()).inspect_err(|_| {
        let _ = file.set_len(length);
    })
}

/// The files of a history at most `depth` levels below a directory, in order. None if there is no such directory.
fn files(dir: &Path, depth: usize) -> io::Result<Vec<PathBuf>> {
    let listing = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && depth == 1 => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file() {
            found.push(path);
        } else if depth > 1 && path.is_dir() && !path.is_symlink() {
            // What can't be looked into holds no history of ours.
            found.extend(files(&path, depth - 1).unwrap_or_default());
        }
    }
    found.sort();
    Ok(found)
}

/// The entries of a file in its order, and how many lines are none.
fn read(path: &Path) -> io::Result<(Vec<Entry>, usize)> {
    let mut file = File::open(path)?;
    // So that no line is seen half written. Where it can't be had, the file is read all the same.
    let _ = wait_for(|| file.try_lock_shared());
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(parse(&text))
}

fn parse(text: &[u8]) -> (Vec<Entry>, usize) {
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let mut unreadable = 0;
    let entries = lines.filter_map(|line| {
        let entry = std::str::from_utf8(line).ok().and_then(Entry::parse);
        unreadable += usize::from(entry.is_none());
        entry
    });
    (entries.collect(), unreadable)
}

fn wait_for(lock: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process has held its lock for 2 s"));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_micros(500)),
        }
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
