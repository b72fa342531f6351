//! The ledger on disk: one JSON line for each thing that happened, only ever appended to.
//!
//! Recipes stand in it as they are, secrets included: a command without its password undoes nothing after a crash. So
//! only its owner may read a file (mode 0600), and it is removed as soon as all is undone. What is shown of it elsewhere
//! is [redacted](crate::secret).

use super::owned_file::OwnedFile;
use super::undo::Recipe;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The version of the format that this crate writes.
const VERSION: u32 = 1;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "kebab-case")]
enum Line {
    Undo(Entry),
    /// More is known about how to undo an entry than when it was written.
    Amend {
        version: u32,
        id: u64,
        recipe: Recipe,
        /// As in [`Entry`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    Done {
        version: u32,
        id: u64,
    },
}

/// An undo as it stands on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) version: u32,
    pub(super) id: u64,
    pub(super) experiment: String,
    pub(super) pid: u32,
    pub(super) what: String,
    pub(super) target: String,
    pub(super) recipe: Recipe,
    /// What of the recipe is secret: the process that replays it can't know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<String>,
    /// RFC 3339, UTC.
    pub(super) at: String,
}

impl Entry {
    pub(super) fn new(id: u64, experiment: &str, what: &str, target: &str, recipe: &Recipe) -> Self {
        Self {
            version: VERSION,
            id,
            experiment: experiment.to_owned(),
            pid: std::process::id(),
            what: what.to_owned(),
            target: target.to_owned(),
            recipe: recipe.clone(),
            secrets: recipe.secrets(),
            at: jiff::Timestamp::now().to_string(),
        }
    }
}

/// A ledger file, owned by this process.
#[derive(Debug)]
pub(super) struct LedgerFile {
    owned: OwnedFile,
    /// A write failed half-way: the next line needs a line break before it.
    torn: bool,
}

impl LedgerFile {
    /// Makes `dir/<pid>-<random>.jsonl`, durably.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        // A replay by another process may find the new file before it is locked, and remove it as empty.
        let owned = loop {
            let name = format!("{}-{:016x}.jsonl", std::process::id(), fastrand::u64(..));
            if let Some(owned) = OwnedFile::create_new(dir.join(name))? {
                break owned;
            }
        };
        // Without it a power loss may keep the data and forget the name. Windows can't and need not.
        #[cfg(unix)]
        std::fs::File::open(dir)?.sync_all()?;
        Ok(Self { owned, torn: false })
    }

    /// The id of the process that has made the file, by its name.
    pub(super) fn maker(path: &Path) -> Option<u32> {
        path.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
    }

    /// Takes a file whose owner is dead. `None`: the owner lives, or another process was faster.
    pub(super) fn take(path: PathBuf) -> io::Result<Option<Self>> {
        Ok(OwnedFile::try_take(path, false)?.map(|owned| Self { owned, torn: false }))
    }

    /// What stands in a file, and whether somebody owns it. Changes nothing; whoever wants to take the file meanwhile
    /// waits for a moment, or tries again.
    pub(super) fn look(path: &Path) -> io::Result<(Contents, bool)> {
        match OwnedFile::try_take(path.to_owned(), false)? {
            Some(mut owned) => {
                let mut bytes = Vec::new();
                owned.file().read_to_end(&mut bytes)?;
                Ok((Contents::parse(&bytes), false))
            }
            None => Ok((Contents::parse(&std::fs::read(path)?), true)),
        }
    }

    /// Writes an undo down; on return it has reached the disk.
    pub(super) fn record(&mut self, entry: Entry) -> io::Result<()> {
        self.append(&Line::Undo(entry))?;
        self.owned.file().sync_data()
    }

    /// Replaces an entry's recipe. Not synced: what it adds is lost together with the machine's memory.
    pub(super) fn amend(&mut self, id: u64, recipe: &Recipe) -> io::Result<()> {
        self.append(&Line::Amend { version: VERSION, id, recipe: recipe.clone(), secrets: recipe.secrets() })
    }

    /// What was written so far reaches the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.owned.file().sync_data()
    }

    /// Marks an entry as undone. Not synced: at worst an undo, which is idempotent, runs once more.
    pub(super) fn done(&mut self, id: u64) -> io::Result<()> {
        self.append(&Line::Done { version: VERSION, id })
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = if self.torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut bytes, line)?;
        bytes.push(b'\n');
        let written = self.owned.file().write_all(&bytes);
        self.torn = written.is_err();
        written
    }

    pub(super) fn read(&mut self) -> io::Result<Contents> {
        let mut bytes = Vec::new();
        self.owned.file().read_to_end(&mut bytes)?;
        Ok(Contents::parse(&bytes))
    }

    pub(super) fn path(&self) -> &Path {
        self.owned.path()
    }

    pub(super) fn remove(self) -> io::Result<()> {
        self.owned.remove()
    }

    /// Puts the file aside for a person to look at, out of every replay's way.
    pub(super) fn set_aside(self) -> io::Result<PathBuf> {
        let aside = self.owned.path().with_extension("unreadable");
        std::fs::rename(self.owned.path(), &aside)?;
        Ok(aside)
    }
}

/// What a ledger file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// What is not undone yet, oldest first.
    pub(super) pending: Vec<Entry>,
    /// Numbers (from 1) of the complete lines that make no sense.
    pub(super) unreadable: Vec<usize>,
    /// A line of a later version of the format.
    pub(super) newer: Option<u32>,
}

impl Contents {
    fn parse(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let mut contents = Self::default();
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            // The writer was cut off here, so `record` never returned and nothing was injected.
            let Some(line) = line.strip_suffix(b"\n") else { break };
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Version>(line) {
                Ok(Version { version }) if version > VERSION => contents.newer = Some(version),
                Ok(_) => match serde_json::from_slice(line) {
                    Ok(Line::Undo(entry)) => contents.pending.push(entry),
                    Ok(Line::Amend { id, recipe, secrets, .. }) => {
                        for entry in contents.pending.iter_mut().filter(|entry| entry.id == id) {
                            entry.recipe = recipe.clone();
                            // The old ones stay secret: its words may speak of them.
                            entry.secrets.extend(secrets.iter().cloned());
                        }
                    }
                    Ok(Line::Done { id, .. }) => contents.pending.retain(|entry| entry.id != id),
                    Err(_) => contents.unreadable.push(index + 1),
                },
                Err(_) => contents.unreadable.push(index + 1),
            }
        }
        contents
    }
}

/// What must be true of any bytes, for `fuzz/`.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(bytes: &[u8]) {
    let contents = Contents::parse(bytes);
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    assert_eq!(Contents::parse(&bytes[..whole]), contents, "a line that was cut off counts");
    for entry in &contents.pending {
        let mut line = serde_json::to_vec(&Line::Undo(entry.clone())).expect("what was read can be written");
        line.push(b'\n');
        assert_eq!(Contents::parse(&line).pending, std::slice::from_ref(entry));
        let _ = entry.recipe.to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(id: u64) -> Entry {
        Entry::new(id, "e", "remove it", "disk", &Recipe::Remove { path: format!("/nowhere/{id}").into() })
    }

    fn text(line: &Line) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(line).unwrap();
        bytes.push(b'\n');
        bytes
    }

    #[test]
    fn done_entries_are_gone_and_amended_ones_changed() {
        let amended = Recipe::Remove { path: "/elsewhere".into() };
        let bytes: Vec<u8> = [
            Line::Undo(entry(1)),
            Line::Undo(entry(2)),
            Line::Done { version: 1, id: 1 },
            Line::Amend { version: 1, id: 2, recipe: amended.clone(), secrets: vec![] },
        ]
        .iter()
        .flat_map(text)
        .collect();
        let contents = Contents::parse(&bytes);
        assert_eq!(
            contents.pending,
            [Entry { recipe: amended, ..entry(2) }].map(|e| Entry { at: contents.pending[0].at.clone(), ..e })
        );
        assert_eq!((contents.unreadable.len(), contents.newer), (0, None));
    }

    #[test]
    fn a_later_version_is_noticed_whatever_else_it_says() {
        let contents = Contents::parse(b"{\"version\":2,\"line\":\"undo\",\"recipe\":{\"do\":\"dance\"}}\n");
        assert_eq!(contents, Contents { newer: Some(2), ..Contents::default() });
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        for name in [&b"/disk/f\xfcller"[..], b"/disk/filler"] {
            let path: PathBuf = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name).into();
            let mut entry = entry(1);
            entry.recipe = Recipe::Remove { path };
            assert_eq!(Contents::parse(&text(&Line::Undo(entry.clone()))).pending, [entry]);
        }
    }

    #[test]
    fn an_unknown_recipe_of_this_version_is_unreadable() {
        let line = String::from_utf8(text(&Line::Undo(entry(1)))).unwrap().replace("\"remove\"", "\"dance\"");
        assert_eq!(Contents::parse(line.as_bytes()).unreadable, [1]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_never_a_recipe(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(Contents::parse(&bytes).pending.is_empty());
        }

        /// Cut a good file anywhere and put anything behind the cut: exactly the whole lines count.
        #[test]
        fn only_whole_lines_count(count in 1_u64..6, cut in 0.0..1.0, garbage in "[^\n]{0,30}") {
            let lines: Vec<(Entry, Vec<u8>)> =
                (0..count).map(entry).map(|entry| (entry.clone(), text(&Line::Undo(entry)))).collect();
            let all: Vec<u8> = lines.iter().flat_map(|(_, line)| line.clone()).collect();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let cut = (cut * all.len() as f64) as usize;
            let mut whole = Vec::new();
            let mut end = 0;
            for (entry, line) in &lines {
                end += line.len();
                if end <= cut {
                    whole.push(entry.clone());
                }
            }
            let mut bytes = all[..cut].to_vec();
            bytes.extend_from_slice(garbage.as_bytes());
            let contents = Contents::parse(&bytes);
            prop_assert_eq!(contents.pending, whole);
            prop_assert!(contents.unreadable.is_empty());
        }
    }
}
