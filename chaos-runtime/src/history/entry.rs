//! One line of the history: what one experiment of one run came to.

use crate::report::journal::{
    ClaimRecord, ClaimRole, Finding, Journal, Judgement, ReasonKind, RecoveryState, Revision, Verdict,
};
use crate::report::text;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The version of the format that this crate writes.
const SCHEMA_VERSION: u32 = 1;

/// How many characters of a reason are kept.
const MESSAGE: usize = 300;

/// What one experiment of one run came to. Readers must accept fields they do not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of the format; counts incompatible changes.
    pub schema: u32,
    /// When it started: RFC 3339, UTC.
    pub started_at: String,
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in.
    pub binary: String,
    /// The test's name as `cargo test` shows it.
    pub name: String,
    /// The run's id.
    pub run: String,
    /// The machine's name.
    pub host: String,
    /// `local`, `staging`, …
    pub profile: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Which state of the code was tested, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The verdict.
    pub verdict: Verdict,
    /// The decisive reason; `None` when passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EntryReason>,
    /// Length of the whole experiment, waiting for the lock apart.
    pub duration_us: u64,
    /// What the loads do, without what differs from run to run: `GET http://#/stock at 200/s`. Another load makes
    /// another trend.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub load: String,
    /// The claims that were judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<EntryClaim>,
    /// The injected faults and how the system came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<EntryFault>,
    /// For a refuted hypothesis or a known weakness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryReason {
    /// The type of the JUnit `failure` or `error`.
    pub kind: ReasonKind,
    /// The cause in one line.
    pub message: String,
}

/// A judged claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryClaim {
    /// As its author wrote it: `during(p99 < 800ms)`.
    pub text: String,
    /// What it was part of.
    pub role: ClaimRole,
    /// The judgement.
    pub judgement: Judgement,
    /// The measured value in `unit`; `None` where it is no number: the quantile is a failed operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The limit in the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// `s`, `%`, `/s`, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Lower end of the value's interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the value's interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Number of operations, seconds or samples that it was judged on.
    pub samples: u64,
}

/// An injected fault and how the system came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryFault {
    /// What it does.
    pub what: String,
    /// How the recovery ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<RecoveryState>,
    /// From confirmed injection to the first bad bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_detect_us: Option<u64>,
    /// By the clock that the `recovery` claim reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_us: Option<u64>,
    /// Longest stretch without a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailability_us: Option<u64>,
}

impl Entry {
    /// What is kept of a journal. Its texts come out as they may be published: cleaned and without secrets.
    pub fn of(journal: &Journal) -> Self {
        Self::of_published(&text::publish(journal))
    }

    fn of_published(journal: &Journal) -> Self {
        let (experiment, run) = (&journal.experiment, &journal.run);
        let judged = |claim: &&ClaimRecord| claim.judgement != Judgement::NotJudged;
        let faults = journal.faults.iter().map(|fault| {
            let recovery = fault.recovery.as_ref();
            EntryFault {
                what: fault.what.clone(),
                state: recovery.map(|recovery| recovery.state),
                time_to_detect_us: recovery.and_then(|recovery| recovery.time_to_detect_us),
                recovery_us: recovery.and_then(|recovery| recovery.counted_us()),
                unavailability_us: recovery.map(|recovery| recovery.unavailability_us),
            }
        });
        Self {
            schema: SCHEMA_VERSION,
            started_at: run.started_at.clone(),
            package: experiment.package.clone(),
            binary: experiment.binary.clone(),
            name: experiment.name.clone(),
            run: run.id.clone(),
            host: run.host.clone(),
            profile: run.profile.clone(),
            seed: run.seed,
            revision: run.revision.clone(),
            verdict: journal.verdict,
            reason: journal
                .reasons
                .first()
                .map(|reason| EntryReason { kind: reason.kind, message: text::line(&reason.message, MESSAGE) }),
            duration_us: journal.duration_us,
            load: load_of(journal),
            claims: journal.claims.iter().filter(judged).map(EntryClaim::of).collect(),
            faults: faults.collect(),
            finding: journal.finding.clone(),
        }
    }

    /// Reads a line. `None` if it is none of this format: cut off, of a later version, something else.
    pub fn parse(line: &str) -> Option<Self> {
        let entry: Self = serde_json::from_str(line).ok()?;
        (entry.schema <= SCHEMA_VERSION && entry.at().is_some()).then_some(entry)
    }

    /// As a line, without its end.
    pub fn line(&self) -> String {
        // Maps with keys that are no texts, and nothing else, can't be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// When it started.
    pub fn at(&self) -> Option<Timestamp> {
        self.started_at.parse().ok()
    }

    /// What tells this entry from all others of its experiment: the same attempt, wherever it was read.
    pub fn key(&self) -> (Timestamp, &str, &str, u64) {
        (self.at().unwrap_or(Timestamp::UNIX_EPOCH), &self.run, &self.host, self.seed)
    }

    /// Whether it tells how the hypothesis stands: there is a verdict about it.
    pub fn is_judged(&self) -> bool {
        matches!(self.verdict, Verdict::Passed | Verdict::Refuted | Verdict::KnownWeakness | Verdict::RollbackFailed)
    }

    /// Of two that tell of the same attempt, the one that knows more comes last: an end outranks a killed process.
    /// Total, so that the result does not depend on the order in which files are merged.
    pub(super) fn by_knowledge(&self, other: &Self) -> Ordering {
        let knows = |of: &Self| {
            let killed = of.reason.as_ref().is_some_and(|reason| reason.kind == ReasonKind::Killed);
            (of.verdict != Verdict::Running, !killed, of.claims.len())
        };
        knows(self).cmp(&knows(other)).then_with(|| self.line().cmp(&other.line()))
    }
}

impl EntryClaim {
    fn of(claim: &ClaimRecord) -> Self {
        Self {
            text: claim.text.clone(),
            role: claim.role,
            judgement: claim.judgement,
            value: claim.value,
            limit: claim.limit,
            unit: claim.unit.clone(),
            low: claim.interval.and_then(|interval| interval.low),
            high: claim.interval.and_then(|interval| interval.high),
            samples: claim.samples,
        }
    }
}

/// What a journal's loads do, without what differs from run to run.
pub(super) fn load_of(journal: &Journal) -> String {
    let mut loads: Vec<String> = journal.loads.iter().map(|load| lasting(&load.what)).collect();
    loads.sort();
    loads.join("; ")
}

/// What a load does, without what differs from run to run, such as ports: every word with a digit, up to the rate.
fn lasting(what: &str) -> String {
    let (what, rate) = what.rsplit_once(" at ").map_or((what, None), |(what, rate)| (what, Some(rate)));
    let mut out = String::with_capacity(what.len());
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '[' | ']');
    let mut rest = what;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out += if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word };
        rest = after;
    }
    match rate {
        Some(rate) => format!("{out} at {rate}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn an_entry_reads_back_and_is_one_line() {
        for (name, journal) in sample::all() {
            let entry = Entry::of(&journal);
            let line = entry.line();
            assert!(!line.contains('\n'), "{name}");
            assert_eq!(Entry::parse(&line), Some(entry), "{name}");
        }
    }

    #[test]
    fn it_keeps_what_trends_and_findings_need() {
        let entry = Entry::of(&sample::known_weakness());
        let claim = entry.claims.iter().find(|claim| claim.text == "during(success_rate >= 99%)").unwrap();
        assert_eq!((claim.value, claim.limit, claim.unit.as_str()), (Some(91.84), Some(99.0), "%"));
        assert!(claim.low.is_some() && claim.samples == 2_010 && claim.judgement == Judgement::Broken);
        assert_eq!(entry.finding.unwrap().id.as_deref(), Some("PAY-142"));
        assert_eq!(entry.faults[0].recovery_us, sample::passed().faults[0].recovery.as_ref().unwrap().counted_us());
        assert!(Entry::of(&sample::unsteady()).claims.len() == 2, "only what was judged");
    }

    #[test]
    fn what_is_no_entry_is_none() {
        let line = Entry::of(&sample::passed()).line();
        for cut in 0..line.len() {
            assert_eq!(line.get(..cut).and_then(Entry::parse), None, "cut at {cut}");
        }
        assert_eq!(Entry::parse(&line.replace("\"schema\":1", "\"schema\":2")), None);
        assert_eq!(Entry::parse(&line.replace("2026-03-01T", "some day ")), None);
        assert!(Entry::parse(&line.replacen('{', "{\"later\":[1],", 1)).is_some());
    }

    #[test]
    fn a_load_is_the_same_on_another_port_and_another_one_at_another_rate() {
        let (first, second) =
            ("GET http://127.0.0.1:46937/stock at 200/s", "GET http://127.0.0.1:38001/stock at 200/s");
        assert_eq!(lasting(first), "GET http://#/stock at 200/s");
        assert_eq!(lasting(first), lasting(second));
        assert_ne!(lasting(first), lasting("GET http://127.0.0.1:46937/stock at 400/s"));
        assert_ne!(lasting(first), lasting("GET http://127.0.0.1:46937/order at 200/s"));
    }
}
