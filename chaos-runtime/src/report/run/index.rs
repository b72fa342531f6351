//! Which part of the JUnit file was made of which record, so that one more test costs one more suite and not all
//! suites anew: under nextest every test is a process of its own, which would have to read all records.
//!
//! The index is about one very file: should anything else have replaced that, or the index itself be cut off, all
//! is made anew.

use crate::report::junit::Life;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// What tells one version of a file from another. Compared for equality only, so no clock matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    modified_ns: u128,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    pub(super) fn of(file: &Metadata) -> Self {
        let since = file.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(file);
        #[cfg(not(unix))]
        let inode = 0;
        Self { modified_ns: since.unwrap_or_default().as_nanos(), bytes: file.len(), inode }
    }
}

/// A suite in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// The record's name without `.json`.
    pub(super) record: String,
    /// The record as it was.
    pub(super) stamp: Stamp,
    pub(super) life: Life,
    /// Stands for the name of the suite's first case: no two suites may share one.
    pub(super) key: u64,
    /// Where it is, in bytes of the file.
    pub(super) range: Range<usize>,
}

/// The parts of a JUnit file in their order, and its text.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) parts: Vec<Part>,
    pub(super) text: Vec<u8>,
}

/// Other versions may write suites differently.
const HEAD: &str = concat!("junit.xml of chaos-runtime ", env!("CARGO_PKG_VERSION"), " index 1");

/// What is known about the file `junit`; nothing if the index is not about this file.
pub(super) fn read(index: &Path, junit: &Path) -> Option<Known> {
    let index = std::fs::read_to_string(index).ok()?;
    let mut lines = index.lines();
    let mut file = File::open(junit).ok()?;
    if lines.next()? != HEAD || stamp(&mut lines.next()?.split(' '))? != Stamp::of(&file.metadata().ok()?) {
        return None;
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    let parts: Vec<_> = lines.map(|line| part(line, &text)).collect::<Option<_>>()?;
    Some(Known { parts, text })
}

/// Writes down what is in the file `junit`.
pub(super) fn write(index: &Path, junit: &Path, parts: &[Part]) -> io::Result<()> {
    let file = Stamp::of(&std::fs::metadata(junit)?);
    let mut text = format!("{HEAD}\n{} {} {}\n", file.modified_ns, file.bytes, file.inode);
    for Part { record, stamp, life, key, range } in parts {
        let Stamp { modified_ns, bytes, inode } = stamp;
        let life = match life {
            Life::Ended => "ended",
            Life::Alive => "alive",
            Life::Dead => "dead",
        };
        let Range { start, end } = range;
        let _ = writeln!(text, "{modified_ns} {bytes} {inode} {life} {key} {start} {end} {record}");
    }
    super::folder::replace(index, &[text.as_bytes()])
}

fn stamp<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Stamp> {
    let modified_ns = words.next()?.parse().ok()?;
    Some(Stamp { modified_ns, bytes: words.next()?.parse().ok()?, inode: words.next()?.parse().ok()? })
}

fn part(line: &str, text: &[u8]) -> Option<Part> {
    let mut words = line.splitn(8, ' ');
    let stamp = stamp(&mut words)?;
    let life = match words.next()? {
        "ended" => Life::Ended,
        "alive" => Life::Alive,
        "dead" => Life::Dead,
        _ => return None,
    };
    let key = words.next()?.parse().ok()?;
    let range = words.next()?.parse().ok()?..words.next()?.parse().ok()?;
    let suite = text.get(range.clone())?;
    let whole = suite.trim_ascii().starts_with(b"<testsuite ") && suite.ends_with(b"</testsuite>");
    whole.then(|| Some(Part { record: words.next()?.to_owned(), stamp, life, key, range }))?
}
