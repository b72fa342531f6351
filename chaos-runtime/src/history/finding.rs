//! What became of a refuted hypothesis.

use super::History;
use super::entry::Entry;
use super::trend::day;
use crate::experiment::Urgency;
use crate::figure;
use crate::report::journal::{Judgement, ReasonKind, Verdict};
use serde::Serialize;

/// A finding over the runs: a hypothesis that is or was refuted, in one profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackedFinding {
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in.
    pub binary: String,
    /// The test's name as `cargo test` shows it.
    pub name: String,
    /// In which profile.
    pub profile: String,
    /// Where it stands.
    pub state: FindingState,
    /// The ticket, if `known_weakness` names one.
    pub id: Option<String>,
    /// How urgent; nobody has said so: `None`.
    pub urgency: Option<Urgency>,
    /// Who deals with it.
    pub owner: Option<String>,
    /// Until when, `YYYY-MM-DD`.
    pub fix_by: Option<String>,
    /// What did not hold when it was last seen.
    pub claims: Vec<FindingClaim>,
    /// The decisive reason when it was last seen.
    pub reason: String,
    /// The first run of the unbroken stretch of runs that refuted it.
    pub first_seen: Sighting,
    /// The last one.
    pub last_seen: Sighting,
    /// In how many runs of that stretch it was seen.
    pub seen: usize,
    /// The first run in which the hypothesis held again.
    pub resolved: Option<Sighting>,
    /// How often it had been seen and resolved before.
    pub earlier_times: usize,
}

/// Where a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingState {
    /// The last judged run refuted it.
    Open,
    /// The hypothesis holds again.
    Resolved,
}

/// A run in which a finding was seen, or resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// When the experiment started: RFC 3339, UTC.
    pub at: String,
    /// The run's id.
    pub run: String,
    /// The commit in full, if it is known.
    pub commit: Option<String>,
}

/// A claim that did not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingClaim {
    /// As its author wrote it.
    pub text: String,
    /// The value when it was last seen; `None`: a failed operation.
    pub value: Option<f64>,
    /// The limit.
    pub limit: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// The value in words.
    pub measured: String,
}

/// What a run says of a finding.
enum Says {
    Seen,
    Gone,
    Nothing,
}

impl TrackedFinding {
    pub(super) fn all(history: &History) -> Vec<Self> {
        let mut profiles: Vec<&str> = history.entries.iter().map(|entry| entry.profile.as_str()).collect();
        profiles.sort_unstable();
        profiles.dedup();
        profiles.into_iter().filter_map(|profile| Self::of(history, profile)).collect()
    }

    fn of(history: &History, profile: &str) -> Option<Self> {
        let mut found: Option<Self> = None;
        for entry in history.entries.iter().filter(|entry| entry.profile == profile) {
            match (says(entry), &mut found) {
                (Says::Seen, Some(finding)) if finding.state == FindingState::Open => finding.see(entry),
                (Says::Seen, before) => {
                    let earlier_times = before.as_ref().map_or(0, |before| before.earlier_times + 1);
                    found = Some(Self::new(history, entry, earlier_times));
                }
                (Says::Gone, Some(finding)) if finding.state == FindingState::Open => {
                    finding.state = FindingState::Resolved;
                    finding.resolved = Some(Sighting::of(entry));
                }
                _ => {}
            }
        }
        found
    }

    fn new(history: &History, entry: &Entry, earlier_times: usize) -> Self {
        let mut new = Self {
            package: history.package.clone(),
            binary: history.binary.clone(),
            name: history.name.clone(),
            profile: entry.profile.clone(),
            state: FindingState::Open,
            id: None,
            urgency: None,
            owner: None,
            fix_by: None,
            claims: Vec::new(),
            reason: String::new(),
            first_seen: Sighting::of(entry),
            last_seen: Sighting::of(entry),
            seen: 0,
            resolved: None,
            earlier_times,
        };
        new.see(entry);
        new
    }

    /// The newest sighting says what is known: an annotation may have been added, or its date moved.
    fn see(&mut self, entry: &Entry) {
        self.seen += 1;
        self.last_seen = Sighting::of(entry);
        self.reason = entry.reason.as_ref().map(|reason| reason.message.clone()).unwrap_or_default();
        let Some(finding) = &entry.finding else { return };
        self.id.clone_from(&finding.id);
        self.urgency = finding.urgency;
        self.owner.clone_from(&finding.owner);
        self.fix_by.clone_from(&finding.fix_by);
        let broken = |text: &String| {
            let claim = entry.claims.iter().find(|c| c.text == *text && c.judgement == Judgement::Broken);
            let unit = claim.map(|claim| claim.unit.clone()).unwrap_or_default();
            let value = claim.and_then(|claim| claim.value);
            let measured = value.map_or_else(|| "failed".to_owned(), |value| figure::value(value, &unit));
            FindingClaim { text: text.clone(), value, limit: claim.and_then(|claim| claim.limit), measured, unit }
        };
        self.claims = finding.claims.iter().map(broken).collect();
    }

    /// Whether it is open although it was to be fixed before `today` (`YYYY-MM-DD`).
    pub fn is_overdue(&self, today: &str) -> bool {
        // Dates of this form compare as texts.
        self.state == FindingState::Open && self.fix_by.as_deref().is_some_and(|fix_by| fix_by < today)
    }

    /// Its ticket and its test.
    pub fn title(&self) -> String {
        match &self.id {
            Some(id) => format!("{id} {}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Sighting {
    fn of(entry: &Entry) -> Self {
        let commit = entry.revision.as_ref().map(|revision| revision.commit.clone());
        Self { at: entry.started_at.clone(), run: entry.run.clone(), commit }
    }

    /// The day.
    pub fn day(&self) -> &str {
        day(&self.at)
    }
}

fn says(entry: &Entry) -> Says {
    let gone_for_good = entry.reason.as_ref().is_some_and(|reason| reason.kind == ReasonKind::KnownWeakness);
    match entry.verdict {
        // Of a failed rollback nothing is known about the hypothesis, unless it was refuted as well.
        Verdict::Refuted | Verdict::KnownWeakness | Verdict::RollbackFailed if entry.finding.is_some() => Says::Seen,
        Verdict::Passed => Says::Gone,
        // A known weakness that holds again is told as refuted, so that its annotation goes.
        Verdict::Refuted if gone_for_good => Says::Gone,
        _ => Says::Nothing,
    }
}

#[cfg(test)]
#[path = "finding_tests.rs"]
mod tests;
