//! Replay: undoing what a killed run left behind.

use super::ledger_file::LedgerFile;
use super::run::carry_out;
use super::undo::Undo;
use crate::secret::{self, redact, register_environment};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How long a replay waits for those of others to end.
const REPLAY_LIMIT: Duration = Duration::from_secs(10);

/// The pause between two looks at a file that is still locked.
const PAUSE: Duration = Duration::from_millis(20);

/// Something that an earlier run left behind, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// The ledger file in which it stood.
    pub file: PathBuf,
    /// What it was.
    pub leftover: Leftover,
    /// Why it is still there; `None` = undone.
    pub error: Option<String>,
}

/// What a replay may find.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leftover {
    /// An undo that had not run, or had failed.
    Undo {
        /// The experiment that injected the fault.
        experiment: String,
        /// What is undone, in words.
        what: String,
        /// What was harmed.
        target: String,
        /// When it was written down: RFC 3339, UTC.
        at: String,
        /// How to undo it by hand, without [secrets](crate::secret), which stand in the ledger file only.
        by_hand: String,
    },
    /// A ledger file, or lines of it, that this version can't read.
    Unreadable,
}

/// Undoes what earlier runs, killed before their rollback, left behind in `dir`: their ledger files are
/// read, what is not done is undone (newest first) and the files are removed.
///
/// Files that another process is replaying are waited for (10 s); those of running experiments are left alone, and so are those written by a later version of this
/// crate. A file whose undos failed stays for another try; lines that make no sense are reported and
/// their file is kept aside as `*.unreadable`. Blocks; a missing directory means that nothing was left.
///
/// ```
/// let dir = std::env::temp_dir().join("chaos-test-doc-nothing-here");
/// assert!(chaos_runtime::rollback::recover(&dir).is_empty());
/// ```
pub fn recover(dir: &Path) -> Vec<Recovered> {
    // Nearly always; a thread and a runtime for it would cost more than all else before an experiment.
    if std::fs::read_dir(dir).is_ok_and(|mut files| files.next().is_none()) || !dir.exists() {
        return Vec::new();
    }
    // What undos print is told too.
    register_environment();
    let dir = dir.to_owned();
    // A thread of its own, so that the call works inside a runtime too.
    let worker = std::thread::Builder::new().name("chaos-recover".into()).spawn(move || {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(replay(&dir)),
            Err(error) => vec![Recovered::unreadable(&dir, format!("failed to start a runtime: {error}"))],
        }
    });
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(recovered)) => recovered,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => vec![Recovered::unreadable(Path::new(""), format!("failed to start a thread: {error}"))],
    }
}

/// [`recover`] on a runtime with a running clock.
async fn replay(dir: &Path) -> Vec<Recovered> {
    let mut recovered = Vec::new();
    let paths = match ledger_files(dir) {
        Ok(paths) => paths,
        Err(error) => return vec![Recovered::unreadable(dir, error)],
    };
    let until = Instant::now() + REPLAY_LIMIT;
    for path in paths {
        loop {
            match LedgerFile::take(path.clone()) {
                Ok(Some(file)) => replay_file(file, &mut |found| recovered.push(found)).await,
                // Another replay has it, such as the watchdog's. What follows must not find the harm half undone.
                Ok(None) if is_orphaned(&path) => {
                    if Instant::now() < until {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    let error = "its process has ended, but another one has held its lock for 10 s";
                    recovered.push(Recovered::unreadable(&path, error));
                }
                // Its owner lives.
                Ok(None) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => recovered.push(Recovered::unreadable(&path, error)),
            }
            break;
        }
    }
    recovered
}

/// Whether the process that made the file has ended. A later one with its id makes no difference that matters: the
/// file is not waited for then.
#[cfg(unix)]
fn is_orphaned(path: &Path) -> bool {
    LedgerFile::maker(path).is_some_and(|pid| super::marked::state(pid).is_none())
}

#[cfg(not(unix))]
fn is_orphaned(_: &Path) -> bool {
    false
}

/// What became of the ledger files of one process, those apart that were replayed here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFiles {
    /// How many another replay had taken before.
    pub(crate) taken_by_others: u32,
    /// Those that are still there and locked.
    pub(crate) still_locked: Vec<PathBuf>,
}

/// Replays the files that the ended process `pid` has left in `dir`, each once, and tells what was found as it comes.
///
/// The locks of a process that has ended are free, unless a process that it had forked holds copies: this is waited
/// for up to `patience`. Needs a tokio runtime.
pub(crate) async fn replay_files_of(
    dir: &Path,
    pid: u32,
    patience: Duration,
    mut tell: impl FnMut(Recovered),
) -> OwnFiles {
    let until = Instant::now() + patience;
    let (mut waiting, mut tried) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let paths = match ledger_files(dir) {
            Ok(paths) => paths,
            Err(error) => {
                tell(Recovered::unreadable(dir, error));
                return OwnFiles::default();
            }
        };
        let mut locked = BTreeSet::new();
        for path in paths.into_iter().filter(|path| LedgerFile::maker(path) == Some(pid)) {
            if tried.contains(&path) {
                continue;
            }
            match LedgerFile::take(path.clone()) {
                Ok(Some(file)) => {
                    waiting.remove(&path);
                    tried.insert(path);
                    replay_file(file, &mut tell).await;
                }
                Ok(None) => drop(locked.insert(path)),
                // Counted below as one that has vanished.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => drop(waiting.insert(path)),
                Err(error) => {
                    tell(Recovered::unreadable(&path, error));
                    tried.insert(path);
                }
            }
        }
        waiting.extend(locked.iter().cloned());
        if locked.is_empty() || Instant::now() >= until {
            let vanished = waiting.difference(&locked).count();
            return OwnFiles {
                taken_by_others: u32::try_from(vanished).unwrap_or(u32::MAX),
                still_locked: locked.into_iter().collect(),
            };
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// All ledger files, by name. A missing directory has none.
pub(super) fn ledger_files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let listing = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing?,
    };
    let mut paths: Vec<PathBuf> = listing
        .filter_map(|file| file.ok().map(|file| file.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    paths.sort();
    Ok(paths)
}

async fn replay_file(mut file: LedgerFile, tell: &mut impl FnMut(Recovered)) {
    let path = file.path().to_owned();
    let contents = match file.read() {
        Ok(contents) => contents,
        Err(error) => return tell(Recovered::unreadable(&path, error)),
    };
    if let Some(version) = contents.newer {
        let error = format!("written by a later version of chaos-runtime (format {version}), which must undo it");
        return tell(Recovered::unreadable(&path, error));
    }
    let mut all_undone = true;
    for entry in contents.pending.into_iter().rev() {
        secret::register(&entry.secrets);
        let undo = Undo::from_recipe(entry.recipe);
        let (_, outcome) = carry_out(&undo).await;
        let by_hand = undo.recipe.by_hand(outcome.is_err().then_some(&*path));
        match &outcome {
            Ok(_) => drop(file.done(entry.id)),
            Err(_) => all_undone = false,
        }
        tell(Recovered {
            file: path.clone(),
            leftover: Leftover::Undo {
                experiment: entry.experiment,
                what: redact(&entry.what).into_owned(),
                target: redact(&entry.target).into_owned(),
                at: entry.at,
                by_hand,
            },
            error: outcome.err().map(|error| error.to_string()),
        });
    }
    if !all_undone {
        return;
    }
    let ended = if contents.unreadable.is_empty() {
        file.remove()
    } else {
        let lines: Vec<String> = contents.unreadable.iter().map(ToString::to_string).collect();
        file.set_aside().map(|aside| {
            tell(Recovered::unreadable(&aside, format!("line {} is not readable", lines.join(", "))));
        })
    };
    if let Err(error) = ended {
        tell(Recovered::unreadable(&path, error));
    }
}

impl Recovered {
    fn unreadable(file: &Path, error: impl std::fmt::Display) -> Self {
        let error = redact(&error.to_string()).into_owned();
        Self { file: file.to_owned(), leftover: Leftover::Unreadable, error: Some(error) }
    }
}

impl std::fmt::Display for Recovered {
    /// A line for a person: what was left, and what became of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.display();
        match (&self.leftover, &self.error) {
            (Leftover::Undo { experiment, what, target, at, .. }, None) => {
                write!(f, "undone: {what} on {target}, left behind by {experiment} at {at}")
            }
            (Leftover::Undo { experiment, what, target, at, by_hand }, Some(error)) => write!(
                f,
                "failed to undo: {what} on {target}, left behind by {experiment} at {at}: {error}\n\
                 help: do it by hand, then remove `{file}`: {by_hand}"
            ),
            (Leftover::Unreadable, error) => {
                write!(f, "`{file}`: {}", error.as_deref().unwrap_or("not readable"))
            }
        }
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
