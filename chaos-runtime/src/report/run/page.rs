//! The run's page. An experiment's part of it is made once for each version of its record, and taken over from the page
//! that is there ever after: under nextest every test is a process of its own.

use super::attempts::Attempts;
use super::folder::{Folder, replace};
use super::index::Stamp;
use crate::history::{self, Store};
use crate::report::journal::{Journal, Verdict};
use crate::report::junit::{self, Life};
use crate::report::page::{self, Entry, Part, Trend};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// In a run's folder, and for the newest run at the top.
pub(super) const FILE: &str = "report.html";

/// The page of the run that this record belongs to.
pub(crate) fn beside(record: &Path) -> PathBuf {
    let folder = record.parent().unwrap_or(Path::new(""));
    // Journals of earlier attempts lie one level deeper.
    let folder = if folder.ends_with("attempts") { folder.parent().unwrap_or(folder) } else { folder };
    folder.join(FILE)
}

/// Which part of a page was made of which record.
#[derive(Debug, Serialize, Deserialize)]
struct Index {
    /// Other versions may write parts differently.
    version: String,
    /// The page that it is about.
    page: Stamp,
    parts: Vec<Known>,
}

/// A part in the page.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    record: String,
    stamp: Stamp,
    life: Life,
    entry: Entry,
    range: Range<usize>,
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " page 1");

impl Folder {
    /// Makes the page of all records; what has not changed is taken over from the page that is there. Under the folder's
    /// lock. `root` is where all runs lie.
    pub(super) fn rebuild_page(&self, root: &Path) -> io::Result<()> {
        let index = self.state("page.json");
        let (mut known, old) = read(&index, &self.page()).unwrap_or_default();
        let mut unreadable = Vec::new();
        let mut parts: Vec<(Known, Option<String>)> = Vec::new();
        for (record, stamp) in self.records()? {
            if let Some(part) = known.remove(&record)
                && part.stamp == stamp
                && self.life_of(&record, part.life == Life::Ended) == part.life
            {
                parts.push((part, None));
                continue;
            }
            match self.read(&record, &self.record(&record)) {
                Ok((journal, life)) => {
                    let earlier = Attempts::of(self.path(), &record).verdicts();
                    // A report that breaks off must not take a verdict with it.
                    let made = catch_unwind(AssertUnwindSafe(|| part(root, journal, life, &earlier)));
                    match made {
                        Ok(Part { entry, html }) => {
                            parts.push((Known { record, stamp, life, entry, range: 0..0 }, Some(html)));
                        }
                        Err(_) => unreadable.push(format!("{record}.json was left out: it can't be shown")),
                    }
                }
                Err(why) => unreadable.push(why),
            }
        }
        page::sort(&mut parts, |(part, _)| &part.entry);
        let entries: Vec<&Entry> = parts.iter().map(|(part, _)| &part.entry).collect();
        let (head, tail) = (page::head(&entries, &unreadable), page::tail());
        let mut at = head.len();
        let mut ranges = Vec::new();
        let mut text: Vec<&[u8]> = vec![head.as_bytes()];
        for (part, html) in &parts {
            let piece = html.as_ref().map_or_else(|| &old[part.range.clone()], |html| html.as_bytes());
            ranges.push(at..at + piece.len());
            at += piece.len();
            text.push(piece);
        }
        text.push(tail.as_bytes());
        replace(&self.page(), &text)?;
        let parts = parts.into_iter().zip(ranges).map(|((part, _), range)| Known { range, ..part });
        let made = Index {
            version: VERSION.to_owned(),
            page: Stamp::of(&std::fs::metadata(self.page())?),
            parts: parts.collect(),
        };
        // Without an index the next one takes longer, no more than that.
        let _ = replace(&index, &[&serde_json::to_vec(&made)?]);
        Ok(())
    }
}

/// What is known about the page that is there, and its bytes; nothing if the index is not about this page.
fn read(index: &Path, page: &Path) -> Option<(HashMap<String, Known>, Vec<u8>)> {
    let index: Index = serde_json::from_slice(&std::fs::read(index).ok()?).ok()?;
    let mut file = File::open(page).ok()?;
    if index.version != VERSION || index.page != Stamp::of(&file.metadata().ok()?) {
        return None;
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    let whole = |part: &Known| {
        let piece = text.get(part.range.clone());
        piece.is_some_and(|piece| piece.starts_with(b"<details ") && piece.ends_with(b"</details>"))
    };
    if !index.parts.iter().all(whole) {
        return None;
    }
    Some((index.parts.into_iter().map(|part| (part.record.clone(), part)).collect(), text))
}

fn part(root: &Path, mut journal: Journal, life: Life, earlier: &[String]) -> Part {
    if life == Life::Dead {
        journal = junit::with_its_end(&journal);
        journal.verdict = Verdict::Errored;
    }
    let past = match journal.verdict {
        Verdict::Running | Verdict::Skipped => Vec::new(),
        _ => past(root, &journal).unwrap_or_default(),
    };
    Part::of(&journal, earlier, &Trend::of(&journal, &past))
}

/// What the history of this project knows of an experiment, this run included.
fn past(root: &Path, journal: &Journal) -> crate::Result<Vec<history::Trend>> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let Some(package) = set("CARGO_MANIFEST_DIR").or_else(|| std::env::current_dir().ok()) else {
        return Ok(Vec::new());
    };
    let store = Store::of_project(&package, set("CHAOS_DIR").map(|_| root));
    let mut history = store.history(&journal.experiment)?;
    let this = history::Entry::of(journal);
    if !history.entries.iter().any(|entry| entry.key() == this.key()) {
        history.entries.push(this);
    }
    Ok(history.trends())
}
