//! Where answers go.

use chaos_runtime::report::journal::Verdict;
use chaos_runtime::{Error, Result};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write as _};

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people, at a terminal.
    #[default]
    Text,
    /// For programs: one JSON value.
    Json,
    /// For pull requests, job pages and release notes.
    Markdown,
}

/// How a command answers that has nothing for pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Plain {
    /// For people, at a terminal.
    #[default]
    Text,
    /// For programs: one JSON value.
    Json,
}

/// Writes to standard output. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new("can't write the answer").caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result {
    let json = serde_json::to_string_pretty(value).map_err(|error| Error::new("can't write JSON").caused_by(error))?;
    print(&format!("{json}\n"))
}

/// How wide lines may be: what `COLUMNS` says, else the terminal's width, else 100.
pub(crate) fn width() -> u16 {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<u16>().ok());
    set.or_else(|| comfy_table::Table::new().width()).unwrap_or(100).clamp(60, 240)
}

/// `1 experiment`, `2 experiments`.
pub(crate) fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A verdict as programs read it, as in journals: `rollback-failed`.
pub(crate) fn verdict_key(verdict: Verdict) -> String {
    verdict.name().replace(' ', "-")
}

/// `2 passed, 1 rollback failed`
pub(crate) fn verdict_counts(verdicts: &BTreeMap<String, u32>) -> String {
    let counts = verdicts.iter().map(|(verdict, n)| format!("{n} {}", verdict.replace('-', " ")));
    counts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_verdicts_are_those_of_journals() {
        use Verdict::*;
        for verdict in
            [Running, Passed, Refuted, Unsteady, Inconclusive, Aborted, Errored, RollbackFailed, KnownWeakness, Skipped]
        {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict_key(verdict));
        }
        let counts = BTreeMap::from([("known-weakness".to_owned(), 2), ("passed".to_owned(), 1)]);
        assert_eq!(verdict_counts(&counts), "2 known weakness, 1 passed");
        assert_eq!((counted(1, "run"), counted(2, "run")), ("1 run".to_owned(), "2 runs".to_owned()));
    }
}
