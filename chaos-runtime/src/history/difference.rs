//! Two runs beside each other.

use super::{Direction, Trend};
use crate::figure;
use crate::report::RecordedRun;
use crate::report::journal::{ClaimRecord, ClaimRole, Journal, Judgement, Verdict};
use crate::statistics::{Proportion, difference_interval};
use serde::Serialize;
use std::collections::BTreeMap;

/// The confidence at which shares are compared. Many claims are compared at once, so it is high.
const CONFIDENCE: f64 = 0.999;

/// How many deviations between runs a difference must exceed, where the history tells how runs vary.
const DEVIATIONS: f64 = 3.0;

/// So many runs under the same conditions tell how they vary.
const LEAST_RUNS: usize = 8;

/// What is different between two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The first run: what is compared with.
    pub a: Side,
    /// The second one: what is judged.
    pub b: Side,
    /// Their experiments, by package, binary, name and profile.
    pub experiments: Vec<ExperimentDifference>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The run's id.
    pub id: String,
    /// When its first experiment started.
    pub started_at: Option<String>,
    /// The commit in full, if it is known.
    pub commit: Option<String>,
}

/// An experiment in both runs or in one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentDifference {
    /// The package.
    pub package: String,
    /// The crate (the test binary) the test is in.
    pub binary: String,
    /// The test's name as `cargo test` shows it.
    pub name: String,
    /// In which profile.
    pub profile: String,
    /// What became of it.
    pub change: Change,
    /// The verdict in the first run; `None`: it was not in it.
    pub verdict_a: Option<Verdict>,
    /// The verdict in the second run; `None`: it was not in it.
    pub verdict_b: Option<Verdict>,
    /// The decisive reason in the second run.
    pub reason: Option<String>,
    /// Claims that were judged in one of them.
    pub claims: Vec<ClaimDifference>,
}

/// What became of a verdict, or of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only in the second run.
    Added,
    /// Only in the first run.
    Removed,
    /// The verdict fell: from ok to not ok, to a known weakness, or to a failed rollback.
    Worse,
    /// The verdict rose.
    Better,
    /// Another verdict, neither better nor worse: both fail, or it did not run in one.
    Other,
    /// The same verdict.
    Same,
}

/// A claim in both runs or in one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimDifference {
    /// As its author wrote it.
    pub claim: String,
    /// What it was part of.
    pub role: ClaimRole,
    /// The unit of all values.
    pub unit: String,
    /// In the first run.
    pub a: Option<Measured>,
    /// In the second run.
    pub b: Option<Measured>,
    /// By how much it changed, as a share of the first value: 0.4 = 40 % more.
    pub share: Option<f64>,
    /// Whether the difference is more than chance makes; `None`: these two runs can't tell.
    pub beyond_chance: Option<bool>,
    /// Whether it is for the worse; `None` where the claim does not tell.
    pub is_worse: Option<bool>,
    /// How that was found out.
    pub how: String,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// In words.
    pub text: String,
    /// In the unit; `None` where it is no number.
    pub value: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// On how many operations, seconds or samples.
    pub samples: u64,
    /// The judgement.
    pub judgement: Judgement,
}

impl Difference {
    /// Compares two runs. `trends` gives what the history knows of an experiment, for how much runs vary by themselves;
    /// it may give nothing.
    pub fn of(a: &RecordedRun, b: &RecordedRun, trends: impl Fn(&Journal) -> Vec<Trend>) -> Self {
        let mut both: BTreeMap<_, (Option<&Journal>, Option<&Journal>)> = BTreeMap::new();
        for journal in a.experiments.iter().map(|experiment| &experiment.journal) {
            both.entry(key(journal)).or_default().0 = Some(journal);
        }
        for journal in b.experiments.iter().map(|experiment| &experiment.journal) {
            both.entry(key(journal)).or_default().1 = Some(journal);
        }
        let experiments = both.into_values().map(|pair| ExperimentDifference::of(pair.0, pair.1, &trends)).collect();
        Self { a: Side::of(a), b: Side::of(b), experiments }
    }

    /// Whether something got worse: a verdict fell, or a claim's value is worse by more than chance.
    pub fn is_worse(&self) -> bool {
        self.experiments.iter().any(ExperimentDifference::is_worse)
    }
}

impl ExperimentDifference {
    fn of(a: Option<&Journal>, b: Option<&Journal>, trends: &impl Fn(&Journal) -> Vec<Trend>) -> Self {
        let known = b.or(a).map(key).unwrap_or_default();
        let verdicts = (a.map(|journal| journal.verdict), b.map(|journal| journal.verdict));
        let claims = match (a, b) {
            (Some(a), Some(b)) => {
                let trends = trends(b);
                pairs(a, b).map(|(a, b)| ClaimDifference::of(a, b, &trends)).collect()
            }
            _ => Vec::new(),
        };
        Self {
            package: known.0.to_owned(),
            binary: known.1.to_owned(),
            name: known.2.to_owned(),
            profile: known.3.to_owned(),
            change: change(verdicts.0, verdicts.1),
            verdict_a: verdicts.0,
            verdict_b: verdicts.1,
            reason: b.and_then(|journal| journal.reasons.first()).map(|reason| reason.message.clone()),
            claims,
        }
    }

    /// Whether its verdict fell, or a claim's value is worse by more than chance.
    pub fn is_worse(&self) -> bool {
        self.change == Change::Worse || self.claims.iter().any(ClaimDifference::is_clearly_worse)
    }
}

impl ClaimDifference {
    fn of(a: Option<&ClaimRecord>, b: Option<&ClaimRecord>, trends: &[Trend]) -> Self {
        let some = b.or(a);
        let (text, role) = some.map_or(("", ClaimRole::Hypothesis), |claim| (claim.text.as_str(), claim.role));
        let values = a.and_then(|a| a.value).zip(b.and_then(|b| b.value));
        let share = values.filter(|(a, _)| *a != 0.0).map(|(a, b)| (b - a) / a.abs());
        let direction = Direction::of(text, role);
        let (beyond_chance, how) = match (a, b) {
            (Some(a), Some(b)) => beyond_chance(a, b, trends),
            _ => (None, "judged in one of the runs only".to_owned()),
        };
        let is_worse = match (a.map(|a| a.value), b.map(|b| b.value)) {
            (Some(Some(a)), Some(Some(b))) => direction.is_worse(a, b),
            (Some(Some(_)), Some(None)) => Some(true),
            (Some(None), Some(Some(_))) => Some(false),
            _ => None,
        };
        Self {
            claim: text.to_owned(),
            role,
            unit: some.map(|claim| claim.unit.clone()).unwrap_or_default(),
            a: a.map(Measured::of),
            b: b.map(Measured::of),
            share,
            beyond_chance,
            is_worse,
            how,
        }
    }

    /// Whether its value is worse by more than chance.
    pub fn is_clearly_worse(&self) -> bool {
        self.beyond_chance == Some(true) && self.is_worse == Some(true)
    }
}

impl Measured {
    fn of(claim: &ClaimRecord) -> Self {
        let interval = claim.interval;
        let text = claim.value.map_or_else(|| claim.measured.clone(), |value| figure::value(value, &claim.unit));
        Self {
            text,
            value: claim.value,
            low: interval.and_then(|interval| interval.low),
            high: interval.and_then(|interval| interval.high),
            samples: claim.samples,
            judgement: claim.judgement,
        }
    }
}

impl Side {
    fn of(run: &RecordedRun) -> Self {
        let first = run.experiments.first().map(|experiment| &experiment.journal.run);
        Self {
            id: run.id.clone(),
            started_at: first.map(|first| first.started_at.clone()),
            commit: first.and_then(|first| first.revision.as_ref()).map(|revision| revision.commit.clone()),
        }
    }
}

type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn key(journal: &Journal) -> Key<'_> {
    let experiment = &journal.experiment;
    (&experiment.package, &experiment.binary, &experiment.name, &journal.run.profile)
}

/// The claims of both that were judged in one of them, in the second one's order.
fn pairs<'a>(
    a: &'a Journal,
    b: &'a Journal,
) -> impl Iterator<Item = (Option<&'a ClaimRecord>, Option<&'a ClaimRecord>)> {
    let same = |x: &ClaimRecord, y: &ClaimRecord| x.text == y.text && x.role == y.role;
    let of_b = b.claims.iter().map(move |b| (a.claims.iter().find(|a| same(a, b)), Some(b)));
    let gone = a.claims.iter().filter(move |a| !b.claims.iter().any(|b| same(a, b))).map(|a| (Some(a), None));
    let is_judged = |claim: Option<&ClaimRecord>| claim.is_some_and(|claim| claim.judgement != Judgement::NotJudged);
    of_b.chain(gone).filter(move |(a, b)| is_judged(*a) || is_judged(*b))
}

fn change(a: Option<Verdict>, b: Option<Verdict>) -> Change {
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (None, _) => return Change::Added,
        (_, None) => return Change::Removed,
    };
    match (rank(a), rank(b)) {
        _ if a == b => Change::Same,
        (Some(a), Some(b)) if b < a => Change::Worse,
        (Some(a), Some(b)) if b > a => Change::Better,
        _ => Change::Other,
    }
}

/// How good a verdict is; `None`: it says nothing.
fn rank(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Passed => Some(3),
        Verdict::KnownWeakness => Some(2),
        Verdict::RollbackFailed => Some(0),
        Verdict::Skipped | Verdict::Running => None,
        _ => Some(1),
    }
}

/// Whether the values differ by more than chance, and how that was found out.
///
/// Within a run: shares of operations by the interval of their difference (Newcombe 1998), quantiles by whether their
/// order-statistic intervals are apart. Between runs there is more: machines, neighbours, caches. So where the history
/// knows at least eight runs under the same conditions, the difference must also exceed three standard deviations of a
/// difference of two of them (by the median absolute deviation since the last change point before).
fn beyond_chance(a: &ClaimRecord, b: &ClaimRecord, trends: &[Trend]) -> (Option<bool>, String) {
    let decided = |claim: &ClaimRecord| matches!(claim.judgement, Judgement::Holds | Judgement::Broken);
    if !decided(a) || !decided(b) {
        return (None, "not decided in one of the runs".to_owned());
    }
    let (within, how) = match (a.value, b.value) {
        (None, None) => return (Some(false), "a failed operation in both".to_owned()),
        (None, _) | (_, None) => return (Some(true), "a failed operation in one of them".to_owned()),
        (Some(x), Some(y)) => within_runs(a, b, x, y),
    };
    let Some(true) = within else { return (within, how) };
    let trend = trends.iter().find(|trend| trend.claim == b.text && trend.role == b.role && trend.is_current);
    match trend.and_then(|trend| Some((deviation(trend, a.value?)?, trend))) {
        Some(((deviation, runs), trend)) => {
            let (x, y) = (a.value.unwrap_or_default(), b.value.unwrap_or_default());
            let least = DEVIATIONS * std::f64::consts::SQRT_2 * deviation;
            let least_told = figure::value(least, &trend.unit);
            (Some((y - x).abs() > least), format!("{how}; two of {runs} earlier runs differ by up to {least_told}"))
        }
        None => (within, how),
    }
}

fn within_runs(a: &ClaimRecord, b: &ClaimRecord, x: f64, y: f64) -> (Option<bool>, String) {
    if let (Some(a), Some(b)) = (counts(a), counts(b)) {
        let of = difference_interval(b, a, CONFIDENCE);
        let told = |share: f64| figure::value((share * 1e6).round() / 1e4, "");
        let how = format!(
            "{} interval of the difference {} to {} points",
            figure::percent(100.0 * CONFIDENCE),
            told(of.lower),
            told(of.upper)
        );
        return (Some(!of.contains(0.0)), how);
    }
    let ends = |claim: &ClaimRecord| claim.interval.and_then(|interval| Some((interval.low?, interval.high?)));
    match (ends(a), ends(b)) {
        (Some((low_a, high_a)), Some((low_b, high_b))) if low_a < high_a || low_b < high_b => {
            let apart = high_a < low_b || high_b < low_a;
            (Some(apart), format!("the intervals {}", if apart { "are apart" } else { "overlap" }))
        }
        _ if x == y => (Some(false), "the same".to_owned()),
        _ => (None, "one value each: two runs can't tell".to_owned()),
    }
}

/// Failed operations among all, for a claim about a share of them.
fn counts(claim: &ClaimRecord) -> Option<Proportion> {
    let metric = claim.text.split(['<', '>', '=']).next()?.trim();
    let is_share = metric.ends_with("success_rate") || metric.ends_with("error_rate");
    let value = claim.value.filter(|value| (0.0..=100.0).contains(value))?;
    (is_share && claim.unit == "%" && claim.samples > 0)
        .then(|| Proportion::new((value / 100.0 * claim.samples as f64).round() as u64, claim.samples))
}

/// The standard deviation of the runs of a trend under the conditions of the value `near`, and how many they are.
fn deviation(trend: &Trend, near: f64) -> Option<(f64, usize)> {
    let cuts = trend.change_points.iter().map(|change| change.index);
    let mut from = 0;
    let mut best: Option<(f64, Vec<f64>)> = None;
    for to in cuts.chain([trend.points.len()]) {
        let values: Vec<f64> = trend.points[from..to].iter().filter_map(|point| point.value).collect();
        from = to;
        if values.len() < LEAST_RUNS {
            continue;
        }
        let distance = (super::change_point::median(&mut values.clone()) - near).abs();
        if best.as_ref().is_none_or(|(least, _)| distance < *least) {
            best = Some((distance, values));
        }
    }
    let (_, values) = best?;
    let centre = super::change_point::median(&mut values.clone());
    let mut distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    Some((1.482_6 * super::change_point::median(&mut distances), values.len()))
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
