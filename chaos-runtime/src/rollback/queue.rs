//! Turns: who comes first goes first, across threads and processes, and nobody polls.
//!
//! A queue is a directory. Who wants a turn takes the next number: a file of that name, locked by its owner from
//! then on. The lowest number with a living owner has the turn; all others wait for the lock of that one file. A
//! kernel lock ends with its owner, so whoever dies, at whatever moment, is out of the queue at once, and what is
//! left of him after a power loss is a file that nobody has locked.
//!
//! Numbers are taken under the lock of the file `mutex`. While a number has an owner, later ones are higher; so
//! nobody ever gets in front of somebody who waits.
//!
//! Should somebody empty the directory meanwhile (a cleaner of `/tmp`), those who wait take new numbers when their
//! turn comes. Only who has the turn right then can't be seen any more by who comes later.

use super::owned_file::{OwnedFile, is_current};
use std::fmt;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How often a directory that vanishes is made anew before that is an error.
const ATTEMPTS: usize = 100;

/// Most bytes of a holder's text that are read.
const HOLDER_BYTES: u64 = 1_000;

/// A place in a queue; once it is the first one, the turn. Left by dropping it.
#[derive(Debug)]
pub(super) struct Place {
    dir: PathBuf,
    number: u64,
    /// `None` only while it is dropped.
    ticket: Option<OwnedFile>,
}

/// Why somebody waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Who has the turn, with the id of the process: `shop::checkout (process 4711)`.
    pub(crate) holder: String,
    /// How many come before, the holder included.
    pub(crate) ahead: usize,
}

impl fmt::Display for Wait {
    /// `shop::checkout (process 4711), 2 more ahead`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.holder)?;
        if self.ahead > 1 { write!(f, ", {} more ahead", self.ahead - 1) } else { Ok(()) }
    }
}

impl Place {
    /// The last place of the queue in `dir`, which is made if need be. `holder` is what others are told.
    pub(super) fn take(dir: PathBuf, holder: &str) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            match Self::try_take(&dir, holder) {
                Ok(Some((number, ticket))) => return Ok(Self { dir, number, ticket: Some(ticket) }),
                // Somebody empties the directory right now.
                Ok(None) => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("something removes it again and again"))
    }

    fn try_take(dir: &Path, holder: &str) -> io::Result<Option<(u64, OwnedFile)>> {
        make(dir)?;
        let _mutex = OwnedFile::take(&dir.join("mutex"))?;
        let mut last = 0;
        for (number, path) in tickets(dir)? {
            match OwnedFile::try_take(path, false) {
                // Its owner died.
                Ok(Some(dead)) => drop(dead.remove()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // What is no file has the number all the same; it is in nobody's way.
                Ok(None) | Err(_) => last = last.max(number),
            }
        }
        let number = last.checked_add(1).ok_or_else(|| io::Error::other("there are no numbers left"))?;
        // Leading zeros are for the eyes of who lists the directory.
        let Some(mut ticket) = OwnedFile::create_new(dir.join(format!("{number:08}")))? else { return Ok(None) };
        // The lock does not depend on it. Before the mutex is let go of, so nobody reads a half of it.
        let _ = writeln!(ticket.file(), "{holder} (process {})", std::process::id());
        Ok(Some((number, ticket)))
    }

    /// Blocks until it is the first place. `tell` is called whenever somebody else has the turn: at
    /// once, and again when that one is followed by another.
    pub(super) fn wait(&mut self, holder: &str, mut tell: impl FnMut(&Wait)) -> io::Result<()> {
        loop {
            let first = self.first_ahead()?;
            // In this order: a ticket that is there now was there all the time, so nobody got in front of it.
            if !self.ticket.as_ref().is_some_and(OwnedFile::is_current) {
                if let Some((file, _)) = first {
                    until_released(&file)?;
                }
                *self = Self::take(self.dir.clone(), holder)?;
                continue;
            }
            let Some((file, wait)) = first else { return Ok(()) };
            tell(&wait);
            until_released(&file)?;
        }
    }

    /// Who has the turn and how many are before this place. `None`: nobody is.
    fn first_ahead(&self) -> io::Result<Option<(File, Wait)>> {
        let mut first: Option<(File, Wait)> = None;
        for (number, path) in tickets(&self.dir)? {
            if number >= self.number {
                break;
            }
            let Some(file) = owned_by_another(&path)? else { continue };
            match &mut first {
                Some((_, wait)) => wait.ahead += 1,
                None => {
                    let holder = read_holder(&file);
                    first = Some((file, Wait { holder, ahead: 1 }));
                }
            }
        }
        Ok(first)
    }

    #[cfg(test)]
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && ticket.is_current()
        {
            // If it can't be removed, it is one that nobody owns.
            let _ = ticket.remove();
        }
    }
}

/// Makes a directory for this user alone.
fn make(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

/// The tickets in the order of their numbers. An emptied directory has none.
fn tickets(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut tickets = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            tickets.push((number, entry.path()));
        }
    }
    tickets.sort_unstable();
    Ok(tickets)
}

/// A ticket if its owner lives.
fn owned_by_another(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock_shared() {
        // Closing is not enough, see `OwnedFile`.
        Ok(()) => file.unlock().map(|()| None),
        Err(TryLockError::WouldBlock) => Ok(is_current(&file, path).then_some(file)),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits until nobody owns a ticket. Shared: all who wait for it go on at once.
fn until_released(ticket: &File) -> io::Result<()> {
    loop {
        match ticket.lock_shared() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            locked => return locked.and_then(|()| ticket.unlock()),
        }
    }
}

fn read_holder(ticket: &File) -> String {
    let mut text = Vec::new();
    let _ = ticket.take(HOLDER_BYTES).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let text = text.trim();
    if text.is_empty() { "another experiment".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
