//! What a harness has run, by its output and by the journals.

use crate::home::{Ended, Home};
use chaos_runtime::report::journal::Journal;
use std::collections::BTreeSet;

/// The summaries of libtest or of `main!()` are these: passed, failed, ignored, in any order.
///
/// # Panics
/// If they are not, or the status does not fit.
pub fn assert_summaries(ended: &Ended, expected: &[(u32, u32, u32)]) {
    let found = summaries(ended);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{}", ended.output);
    let failed = expected.iter().any(|(_, failed, _)| *failed > 0);
    assert_eq!(ended.status.code(), Some(if failed { 101 } else { 0 }), "{}", ended.output);
}

/// The summaries of libtest or of `main!()`, sorted.
pub fn summaries(ended: &Ended) -> Vec<(u32, u32, u32)> {
    let mut found: Vec<_> = ended.output.lines().filter_map(summary).collect();
    found.sort_unstable();
    found
}

/// `test result: ok. 9 passed; 0 failed; 3 ignored; …`
fn summary(line: &str) -> Option<(u32, u32, u32)> {
    let counts = line.trim().strip_prefix("test result: ")?.split_once(". ")?.1;
    let mut counts = counts.split("; ").map(|count| count.split(' ').next()?.parse().ok());
    Some((counts.next()??, counts.next()??, counts.next()??))
}

/// `binary name` of every experiment that has run.
pub fn ran(home: &Home) -> BTreeSet<String> {
    let journals = home.journals().into_iter();
    journals.map(|journal| format!("{} {}", journal.experiment.binary, journal.experiment.name)).collect()
}

/// How many times the report of this test is in the output.
pub fn reports(ended: &Ended, name: &str) -> usize {
    let headline = format!("chaos test `{name}` ");
    ended.output.lines().filter(|line| line.trim_start().starts_with(&headline)).count()
}

/// Start and end of the experiments in microseconds of the epoch, in the order of the starts.
pub fn intervals<'a>(journals: impl IntoIterator<Item = &'a Journal>) -> Vec<(i64, i64)> {
    let interval = |journal: &Journal| {
        let start: jiff::Timestamp = journal.run.started_at.parse().expect("RFC 3339");
        let took = i64::try_from(journal.duration_us).expect("shorter than eternity");
        (start.as_microsecond(), start.as_microsecond() + took)
    };
    let mut intervals: Vec<_> = journals.into_iter().map(interval).collect();
    intervals.sort_unstable();
    intervals
}

/// Whether none begins before the one before it has ended.
pub fn one_after_the_other(intervals: &[(i64, i64)]) -> bool {
    intervals.windows(2).all(|pair| pair[0].1 <= pair[1].0)
}
