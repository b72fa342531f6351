//! One claim's value over the runs.

use super::change_point::{self, median};
use super::entry::{self, Entry, EntryClaim};
use super::{Direction, History, subject};
use crate::figure;
use crate::report::journal::{ClaimRole, Journal, Judgement, Verdict};
use serde::Serialize;
use std::collections::HashMap;

/// The smallest change of a duration, a rate or a count that is told, as a share of the value before.
const LEAST_SHARE: f64 = 0.05;

/// The smallest change of a percentage that is told, in percentage points.
const LEAST_POINTS: f64 = 0.1;

/// The values of one claim under the same conditions: another profile, another limit in its text or another load make
/// another trend.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// The claim as its author wrote it.
    pub claim: String,
    /// What it was part of.
    pub role: ClaimRole,
    /// In which profile.
    pub profile: String,
    /// What the loads did.
    pub load: String,
    /// `s`, `%`, `/s`, or empty.
    pub unit: String,
    /// What is better.
    pub direction: Direction,
    /// Whether the newest run of this profile has it: it was not renamed, and its limit not changed.
    pub is_current: bool,
    /// The runs in which it was judged, the oldest first.
    pub points: Vec<TrendPoint>,
    /// Where its values shifted, the oldest first.
    pub change_points: Vec<ChangePoint>,
}

/// One run's value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrendPoint {
    /// When the experiment started: RFC 3339, UTC.
    pub at: String,
    /// The run's id.
    pub run: String,
    /// The commit in short, if it is known.
    pub commit: Option<String>,
    /// The value in the trend's unit; `None` where it is no number: the quantile is a failed operation.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// The limit, which for a relative claim differs from run to run.
    pub limit: Option<f64>,
    /// Whether the claim held.
    pub holds: bool,
    /// The experiment's verdict.
    pub verdict: Verdict,
}

/// Since when the values are others, and by how much.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangePoint {
    /// The first of the trend's points after it.
    pub index: usize,
    /// When that run started.
    pub at: String,
    /// That run's commit in short.
    pub commit: Option<String>,
    /// The last commit before it: the change lies between the two.
    pub last_commit_before: Option<String>,
    /// The median of the values before, back to the change point before; `None`: failed.
    pub before: Option<f64>,
    /// The median of the values since, up to the next change point; `None`: failed.
    pub after: Option<f64>,
    /// By how much it changed, as a share of the value before: 0.4 = 40 % more. `None` where there is nothing to divide.
    pub share: Option<f64>,
    /// Whether that is for the worse; `None` where the claim does not tell.
    pub is_worse: Option<bool>,
    /// How probable a shift as clear as this one would be where there is none.
    pub p: f64,
}

impl Trend {
    /// All trends of an experiment: those of the newest run first, in its order.
    pub(super) fn all(history: &History) -> Vec<Self> {
        let mut trends: Vec<Self> = Vec::new();
        // Series by what tells them apart; the newest run first, so that its claims come first.
        let mut known: HashMap<(&str, &str, ClaimRole, &str), usize> = HashMap::new();
        for entry in history.entries.iter().rev() {
            for claim in entry.claims.iter().filter(|claim| is_decided(claim)) {
                let key = (entry.profile.as_str(), claim.text.as_str(), claim.role, entry.load.as_str());
                let at = *known.entry(key).or_insert_with(|| {
                    trends.push(Self::empty(entry, claim));
                    trends.len() - 1
                });
                trends[at].points.push(TrendPoint::of(entry, claim));
            }
        }
        for trend in &mut trends {
            trend.points.reverse();
            let newest = history.entries.iter().rev().find(|entry| entry.profile == trend.profile && entry.is_judged());
            trend.is_current = newest.is_some_and(|newest| {
                let is_it = |claim: &EntryClaim| claim.text == trend.claim && claim.role == trend.role;
                newest.load == trend.load && newest.claims.iter().any(is_it)
            });
            trend.change_points = trend.find_changes();
        }
        trends
    }

    fn empty(entry: &Entry, claim: &EntryClaim) -> Self {
        Self {
            claim: claim.text.clone(),
            role: claim.role,
            profile: entry.profile.clone(),
            load: entry.load.clone(),
            unit: claim.unit.clone(),
            direction: Direction::of(&claim.text, claim.role),
            is_current: false,
            points: Vec::new(),
            change_points: Vec::new(),
        }
    }

    /// Whether it is the trend of this claim of this journal.
    pub fn is_of(&self, journal: &Journal, claim: &str, role: ClaimRole) -> bool {
        let is_it = self.claim == claim && self.role == role && self.profile == journal.run.profile;
        is_it && self.load == entry::load_of(journal)
    }

    /// What it is about, in words: `P99 in the fault phase`.
    pub fn subject(&self) -> String {
        subject::of(&self.claim, self.role)
    }

    /// The newest change, if it is not older than the last `runs` runs.
    pub fn recent_change(&self, runs: usize) -> Option<&ChangePoint> {
        self.change_points.last().filter(|change| self.points.len() - change.index <= runs)
    }

    /// A value in words.
    pub fn value(&self, value: Option<f64>) -> String {
        value.map_or_else(|| "failed".to_owned(), |value| figure::value(value, &self.unit))
    }

    /// A change in a sentence: `P99 in the fault phase rose 40 % since commit abc1234 (2026-11-02, was 250 ms, now
    /// 351 ms, p < 0.001)`.
    pub fn sentence(&self, change: &ChangePoint) -> String {
        let since = match &change.commit {
            Some(commit) => format!("since commit {commit} ({}, ", day(&change.at)),
            None => format!("since {} (", day(&change.at)),
        };
        let p = if change.p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {:.3}", change.p) };
        let (was, now) = (self.value(change.before), self.value(change.after));
        format!("{} {} {since}was {was}, now {now}, {p})", capitalised(&self.subject()), self.by_how_much(change))
    }

    /// `rose 40 %`, `fell 1.2 points`, `now fails`.
    pub fn by_how_much(&self, change: &ChangePoint) -> String {
        let (before, after) = match (change.before, change.after) {
            (Some(before), Some(after)) => (before, after),
            (Some(_), None) => return "is a failed operation".to_owned(),
            _ => return "is a number again".to_owned(),
        };
        let verb = if after > before { "rose" } else { "fell" };
        if self.unit == "%" {
            let points = ((after - before).abs() * 100.0).round() / 100.0;
            return format!("{verb} {} points", figure::value(points, ""));
        }
        match change.share.map(f64::abs) {
            Some(share) if share >= 2.0 => {
                format!("{verb} to {}×", figure::value((after / before * 10.0).round() / 10.0, ""))
            }
            Some(share) => format!("{verb} {:.0} %", 100.0 * share),
            None => format!("{verb} by {}", figure::value((after - before).abs(), &self.unit)),
        }
    }

    fn find_changes(&self) -> Vec<ChangePoint> {
        let values: Vec<f64> = self.points.iter().map(|point| self.ranked(point)).collect();
        let mut shifts = change_point::shifts(&self.scaled(&values));
        // Those that nobody would act on: the smallest first, as its neighbours' levels then change.
        loop {
            let levels = levels(&values, shifts.iter().map(|shift| shift.index));
            let size = |at: usize| self.size(levels[at], levels[at + 1]);
            let least = (0..shifts.len()).min_by(|&a, &b| size(a).total_cmp(&size(b)));
            match least.filter(|&at| size(at) < 1.0) {
                Some(at) => drop(shifts.remove(at)),
                None => {
                    return shifts
                        .iter()
                        .zip(levels.windows(2))
                        .map(|(shift, pair)| self.change(*shift, pair))
                        .collect();
                }
            }
        }
    }

    /// The value as one that can be put in order: a quantile that is a failure is worse than all numbers.
    fn ranked(&self, point: &TrendPoint) -> f64 {
        let worst = if self.direction == Direction::HigherIsBetter { f64::NEG_INFINITY } else { f64::INFINITY };
        point.value.filter(|value| !value.is_nan()).unwrap_or(worst)
    }

    /// Durations, rates and counts vary by shares of themselves, so their logarithms are looked at.
    fn scaled(&self, values: &[f64]) -> Vec<f64> {
        let by_share = self.unit != "%" && values.iter().all(|&value| value > 0.0);
        values.iter().map(|&value| if by_share { value.ln() } else { value }).collect()
    }

    /// A change in units of the smallest one that is told.
    fn size(&self, before: f64, after: f64) -> f64 {
        if before == after {
            return 0.0;
        }
        if !before.is_finite() || !after.is_finite() {
            return f64::INFINITY;
        }
        let least = if self.unit == "%" { LEAST_POINTS } else { LEAST_SHARE * before.abs().max(after.abs()) };
        (after - before).abs() / least
    }

    fn change(&self, shift: change_point::Shift, levels: &[f64]) -> ChangePoint {
        let (before, after) = (levels[0], levels[1]);
        let number = |value: f64| value.is_finite().then_some(value);
        let both = number(before).zip(number(after)).filter(|(before, _)| *before != 0.0);
        let first = &self.points[shift.index];
        let earlier = self.points[..shift.index].iter().rev();
        ChangePoint {
            index: shift.index,
            at: first.at.clone(),
            commit: first.commit.clone(),
            last_commit_before: earlier.filter_map(|point| point.commit.clone()).next(),
            before: number(before),
            after: number(after),
            share: both.map(|(before, after)| (after - before) / before.abs()),
            is_worse: self.direction.is_worse(before, after),
            p: shift.p,
        }
    }
}

impl TrendPoint {
    fn of(entry: &Entry, claim: &EntryClaim) -> Self {
        Self {
            at: entry.started_at.clone(),
            run: entry.run.clone(),
            commit: entry.revision.as_ref().map(|revision| revision.short().to_owned()),
            value: claim.value,
            low: claim.low,
            high: claim.high,
            limit: claim.limit,
            holds: claim.judgement == Judgement::Holds,
            verdict: entry.verdict,
        }
    }
}

/// What could not be decided was measured under other circumstances: the fault did not bite, or there was no traffic.
fn is_decided(claim: &EntryClaim) -> bool {
    matches!(claim.judgement, Judgement::Holds | Judgement::Broken)
}

/// The medians of the stretches between these indices.
fn levels(values: &[f64], cuts: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut levels = Vec::new();
    let mut from = 0;
    for to in cuts.chain([values.len()]) {
        levels.push(median(&mut values[from..to].to_vec()));
        from = to;
    }
    levels
}

/// The day of an instant in RFC 3339.
pub(super) fn day(instant: &str) -> &str {
    instant.get(..10).unwrap_or(instant)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
