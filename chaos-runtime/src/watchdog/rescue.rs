//! What a watchdog did, as it is told to the reports and to the next experiment.

#![cfg_attr(not(target_os = "linux"), allow(dead_code))] // Nobody writes it there.

use crate::report::journal::{Reason, ReasonKind};
use crate::rollback::{Leftover, Recovered};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// The version of the format that this crate writes.
const VERSION: u32 = 1;

/// What a watchdog found and did after the end of its test process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rescue {
    version: u32,
    /// The process that had ended.
    pid: u32,
    /// When that was noticed: RFC 3339, UTC.
    at: String,
    undos: Vec<Rescued>,
    /// Ledger files of the process that somebody else replayed first.
    taken_by_others: u32,
    /// Ledger files that could not be had because a process that lives holds their lock.
    still_locked: Vec<PathBuf>,
}

/// One undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rescued {
    /// `None`: a ledger file, or lines of it, that can't be read.
    experiment: Option<String>,
    what: String,
    by_hand: Option<String>,
    /// From the end of the process to the end of the undo, in milliseconds.
    after_ms: u64,
    error: Option<String>,
}

impl Rescued {
    pub(crate) fn new(recovered: &Recovered, after: Duration) -> Self {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let error = recovered.error.clone();
        match &recovered.leftover {
            Leftover::Undo { experiment, what, target, by_hand, .. } => Self {
                experiment: Some(experiment.clone()),
                what: format!("`{what}` on {target}"),
                by_hand: Some(by_hand.clone()),
                after_ms,
                error,
            },
            Leftover::Unreadable => {
                let what = format!("the ledger {}", recovered.file.display());
                Self { experiment: None, what, by_hand: None, after_ms, error }
            }
        }
    }
}

impl Rescue {
    pub(crate) fn new(
        pid: u32,
        at: jiff::Timestamp,
        undos: Vec<Rescued>,
        taken_by_others: u32,
        still_locked: Vec<PathBuf>,
    ) -> Self {
        Self { version: VERSION, pid, at: format!("{at:.3}"), undos, taken_by_others, still_locked }
    }

    /// As it was written; `None` for what makes no sense or is of a later version.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|rescue: &Self| rescue.version <= VERSION)
    }

    /// Whether it has undone anything that the next experiment should know.
    pub(crate) fn has_undone(&self) -> bool {
        self.undone().next().is_some()
    }

    fn undone(&self) -> impl Iterator<Item = &Rescued> {
        self.undos.iter().filter(|undo| undo.error.is_none())
    }

    /// For the notes of the next experiment. What could not be undone that one finds itself.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        self.undone().map(|undo| self.note(undo))
    }

    /// The same about this experiment's own faults, for its record.
    pub(crate) fn notes_of(&self, experiment: &str) -> impl Iterator<Item = String> {
        let of_it = move |undo: &&Rescued| undo.experiment.as_deref() == Some(experiment);
        self.undone().filter(of_it).map(|undo| self.note(undo))
    }

    fn note(&self, undo: &Rescued) -> String {
        format!(
            "process {}, which ended without its rollback at {}, had left {}{}; its watchdog undid it {} later",
            self.pid,
            self.at,
            undo.what,
            undo.experiment.as_ref().map(|name| format!(" of `{name}`")).unwrap_or_default(),
            milliseconds(undo.after_ms),
        )
    }

    /// Why this experiment of the process has no verdict, and what has become of its faults.
    pub(crate) fn reason(&self, experiment: &str) -> Reason {
        let mut message = "the test process was killed before it could write a verdict".to_owned();
        let mut help = None;
        let of_it = |undo: &&Rescued| undo.experiment.as_ref().is_none_or(|name| name == experiment);
        let undone: Vec<&Rescued> = self.undone().filter(of_it).collect();
        if let Some(last) = undone.iter().map(|undo| undo.after_ms).max() {
            let what: Vec<&str> = undone.iter().map(|undo| undo.what.as_str()).collect();
            let _ = write!(
                message,
                "\nits faults were undone by the watchdog {} after its end: {}",
                milliseconds(last),
                what.join(", ")
            );
        }
        let failed = self.undos.iter().filter(of_it).filter_map(|undo| Some((undo, undo.error.as_ref()?)));
        for (undo, error) in failed {
            let _ = write!(message, "\nthe watchdog failed to undo {}: {error}", undo.what);
            help = Some(match &undo.by_hand {
                Some(by_hand) => format!("the next chaos test on this machine tries again; by hand: {by_hand}"),
                None => "see the ledger for what it says".to_owned(),
            });
        }
        if !self.still_locked.is_empty() {
            message.push_str(
                "\nits watchdog did not get at its ledger, which another process (one that it had forked?) has locked",
            );
            help = Some(
                "faults that it injected may still be active; the next chaos test on this machine undoes them".into(),
            );
        } else if self.taken_by_others > 0 {
            message.push_str("\nits faults were found and undone by another process, which tells of it");
        } else if undone.is_empty() && help.is_none() {
            message.push_str("\nnothing of its faults was left for the watchdog to undo");
        }
        Reason { kind: ReasonKind::Killed, message, help }
    }
}

fn milliseconds(ms: u64) -> String {
    crate::claim::display::duration(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(experiment: &str, what: &str, after_ms: u64, error: Option<&str>) -> Rescued {
        let recovered = Recovered {
            file: "/undo/1-a.jsonl".into(),
            leftover: Leftover::Undo {
                experiment: experiment.into(),
                what: what.into(),
                target: "disk".into(),
                at: "2026-01-01T00:00:00Z".into(),
                by_hand: format!("rm {what}"),
            },
            error: error.map(Into::into),
        };
        Rescued::new(&recovered, Duration::from_millis(after_ms))
    }

    fn rescue(undos: Vec<Rescued>) -> Rescue {
        Rescue::new(17, jiff::Timestamp::UNIX_EPOCH, undos, 0, Vec::new())
    }

    #[test]
    fn a_killed_test_is_told_what_became_of_its_own_faults() {
        let rescue = rescue(vec![undo("one", "a", 12, None), undo("two", "b", 30, None), undo("one", "c", 20, None)]);
        let reason = rescue.reason("one");
        assert_eq!(
            reason.message,
            "the test process was killed before it could write a verdict\n\
             its faults were undone by the watchdog 20 ms after its end: `a` on disk, `c` on disk"
        );
        assert_eq!(reason.help, None);
        assert!(rescue.reason("three").message.ends_with("nothing of its faults was left for the watchdog to undo"));
    }

    #[test]
    fn what_failed_is_told_with_the_way_out() {
        let rescue = rescue(vec![undo("one", "a", 12, None), undo("one", "b", 30, Some("no such rule"))]);
        let reason = rescue.reason("one");
        assert!(reason.message.contains("12 ms after its end: `a` on disk\n"), "{}", reason.message);
        assert!(reason.message.ends_with("failed to undo `b` on disk: no such rule"), "{}", reason.message);
        assert!(reason.help.unwrap().ends_with("by hand: rm b"));
        assert_eq!(rescue.notes().count(), 1, "the next experiment finds the other one itself");
    }

    #[test]
    fn a_ledger_that_could_not_be_had_is_no_undone_one() {
        let locked = Rescue { still_locked: vec!["/undo/17-a.jsonl".into()], ..rescue(Vec::new()) };
        let reason = locked.reason("one");
        assert!(!reason.message.contains("nothing of its faults"), "{}", reason.message);
        assert!(reason.help.unwrap().contains("may still be active"));
        let others = Rescue { taken_by_others: 1, ..rescue(Vec::new()) };
        assert!(others.reason("one").message.contains("undone by another process"));
    }

    #[test]
    fn it_reads_back_unless_a_later_version_wrote_it() {
        let rescue = rescue(vec![undo("one", "a", 12, None)]);
        let json = serde_json::to_string(&rescue).unwrap();
        assert_eq!(Rescue::read(json.as_bytes()), Some(rescue));
        assert_eq!(Rescue::read(json.replace("\"version\":1", "\"version\":2").as_bytes()), None);
        assert_eq!(Rescue::read(b"{"), None);
    }
}
