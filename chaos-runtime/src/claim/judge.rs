//! Judging a claim about operations: the measured value by default, intervals where confidence is asked for.

use super::criterion::Criterion;
use super::own;
use super::relative::{self, Relation};
use super::sample::{Reading, Sample};
use super::{Claim, Limit, Metric, Value, display};
use crate::report::journal::{ClaimRecord, ClaimRole, Interval, Judgement};
use crate::statistics::{Proportion, RankedQuantile, Support, more_samples};
use std::time::Duration;

/// Level of the intervals that are shown.
pub(crate) const LEVEL: f64 = 0.95;

/// A judgement and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opinion {
    pub(crate) judgement: Judgement,
    pub(crate) remark: String,
}

impl Opinion {
    pub(crate) fn of(holds: bool) -> Self {
        Self { judgement: if holds { Judgement::Holds } else { Judgement::Broken }, remark: String::new() }
    }

    pub(crate) fn inconclusive(remark: impl Into<String>) -> Self {
        Self { judgement: Judgement::Inconclusive, remark: remark.into() }
    }

    pub(crate) fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }
}

/// A record of a claim that is not judged yet.
pub(crate) fn blank(claim: &Claim, role: ClaimRole) -> ClaimRecord {
    ClaimRecord {
        text: claim.text.to_owned(),
        role,
        judgement: Judgement::NotJudged,
        measured: String::new(),
        value: None,
        limit: None,
        unit: String::new(),
        interval: None,
        samples: 0,
        remark: String::new(),
    }
}

/// Judges a claim about operations. `reference` = the sample that `of baseline` or `of control` means.
pub(crate) fn judge(
    claim: &Claim,
    role: ClaimRole,
    sample: &Sample<'_>,
    reference: Option<&Sample<'_>>,
    confidence: Option<f64>,
) -> ClaimRecord {
    let mut record = blank(claim, role);
    record.samples = sample.operations();
    let limit = match claim.limit {
        Limit::Value(value) => Ok(value),
        _ => relative::limit(claim, reference),
    };
    let as_share = matches!(limit, Ok(Value::Percent(_)));
    let reading = sample.read(claim.metric, as_share);
    fill_reading(&mut record, reading, sample);
    let limit = match limit {
        Ok(limit) => limit,
        Err(why) => return with(record, Opinion::inconclusive(why)),
    };
    let (plain_limit, unit) = limit.plain();
    record.limit = Some(plain_limit);
    unit.clone_into(&mut record.unit);
    if sample.operations() == 0 {
        return with(record, Opinion::inconclusive("no operation to judge it on"));
    }
    let Some(criterion) = claim.criterion(limit) else {
        return with(record, judge_reading(claim, reading, limit, sample));
    };
    let k = sample.count(criterion.event());
    record.interval = interval(claim.metric, criterion, k, sample, confidence.unwrap_or(LEVEL));
    let judged = |k: u64| match (claim.limit, reference) {
        (Limit::Value(_), _) | (_, None) => judge_absolute(criterion, k, sample, confidence),
        (_, Some(reference)) => {
            relative::judge(&Relation { claim, criterion, limit, k, sample, reference }, confidence)
        }
    };
    // What is true of operations only by the driver's doing may not decide.
    let rest = k.saturating_sub(sample.spoiled(criterion.event()));
    let mut opinion = own::reviewed(judged(k), sample, || judged(rest));
    if opinion.judgement == Judgement::Broken {
        opinion = own::queued(claim, sample, limit).unwrap_or(opinion);
    }
    with(record, opinion)
}

fn with(mut record: ClaimRecord, opinion: Opinion) -> ClaimRecord {
    record.judgement = opinion.judgement;
    record.remark = opinion.remark;
    record
}

fn fill_reading(record: &mut ClaimRecord, reading: Reading, sample: &Sample<'_>) {
    match reading {
        Reading::Value(value) => {
            let (plain, unit) = value.plain();
            record.measured = display::value(value);
            record.value = Some(plain);
            unit.clone_into(&mut record.unit);
        }
        Reading::Failed => {
            let tally = &sample.measures.tally;
            let share = tally.failed_for_good as f64 / tally.operations.max(1) as f64 * 100.0;
            record.measured = format!("failed ({} of operations failed)", display::percent(share));
        }
        Reading::Nothing => record.measured = "nothing".into(),
    }
}

/// `max`, `mean`, `throughput`: the measured value decides.
fn judge_reading(claim: &Claim, reading: Reading, limit: Value, sample: &Sample<'_>) -> Opinion {
    let Reading::Value(value) = reading else { return Opinion::inconclusive("nothing was measured") };
    let (value, unit) = value.plain();
    let (plain, limit_unit) = limit.plain();
    if unit != limit_unit {
        return Opinion::inconclusive(format!("measured in `{unit}`, but the limit is in `{limit_unit}`"));
    }
    own::of_reading(claim, sample, value, plain)
}

/// A limit that was known before the run.
fn judge_absolute(criterion: Criterion, k: u64, sample: &Sample<'_>, confidence: Option<f64>) -> Opinion {
    let n = sample.operations();
    let holds = criterion.holds(k, n);
    let Some((violations, permitted)) = criterion.violations(k, n) else {
        return Opinion::of(holds);
    };
    let measured = Proportion::new(violations, n);
    let dropped = sample.measures.tally.dropped;
    let never_sent = || Opinion::inconclusive(format!("{} arrivals were never sent", display::count(dropped)));
    if let Some(confidence) = confidence {
        let judged = |measured| confident(criterion, measured, permitted, sample, confidence);
        let opinion = judged(measured);
        return match opinion.judgement {
            Judgement::Holds if dropped > 0 => {
                let with_dropped = judged(Proportion::new(violations + dropped, n + dropped));
                if with_dropped.judgement == Judgement::Holds { opinion } else { never_sent() }
            }
            _ => opinion,
        };
    }
    let fewest = criterion.fewest();
    if n < fewest && measured.lower_bound(LEVEL) <= permitted {
        return Opinion::inconclusive(format!(
            "needs at least {} operations, has {}",
            display::count(fewest),
            display::count(n)
        ));
    }
    if holds && dropped > 0 && violations + dropped > (permitted * (n + dropped) as f64) as u64 {
        return never_sent();
    }
    Opinion::of(holds)
}

/// With a level of confidence: the interval decides, widened where neighbours depend on each other.
fn confident(
    criterion: Criterion,
    measured: Proportion,
    permitted: f64,
    sample: &Sample<'_>,
    confidence: f64,
) -> Opinion {
    let effect = sample.design_effect(criterion.event());
    let dependent = effect.factor() > 1.05;
    let remark = if dependent {
        format!("operations depend on each other: they count as {:.0}", effect.effective(sample.operations()))
    } else {
        String::new()
    };
    let deflated = effect.deflate(measured);
    match deflated.support(permitted, confidence) {
        // Nothing can be shown of a limit of zero or of all; there the measured value decides.
        _ if permitted <= 0.0 => Opinion::of(measured.violations() == 0.0),
        _ if permitted >= 1.0 => Opinion::of(true),
        Support::Supported => Opinion::of(true).remark(remark),
        Support::Refuted => Opinion::of(false).remark(remark),
        Support::Inconclusive => {
            let more = more_samples(deflated, permitted, confidence);
            let more = more.map_or_else(
                || "more operations would not decide it: the measured value lies at or over the limit".to_owned(),
                |more| format!("about {} more operations like these would decide it", display::count(more)),
            );
            let remark = if remark.is_empty() { more } else { format!("{more}; {remark}") };
            Opinion::inconclusive(format!("not decided at {}: {remark}", display::percent(confidence * 100.0)))
        }
    }
}

/// The interval of the measured value, in the claim's unit.
fn interval(metric: Metric, criterion: Criterion, k: u64, sample: &Sample<'_>, level: f64) -> Option<Interval> {
    let n = sample.operations();
    let (violations, permitted) = criterion.violations(k, n)?;
    let decides = Proportion::new(violations, n).support(permitted, level) != Support::Inconclusive;
    let (low, high) = match metric {
        Metric::Quantile(q) => {
            let ranks = RankedQuantile::new(n, q.fraction());
            let value = |rank: Option<u64>| {
                rank.and_then(|rank| sample.at_rank(rank)).map(|ns| Duration::from_nanos(ns).as_secs_f64())
            };
            (value(ranks.lower_rank(level)), value(ranks.upper_rank(level)))
        }
        _ => {
            let proportion = Proportion::new(k, n);
            let (low, high) = (proportion.lower_bound(level) * 100.0, proportion.upper_bound(level) * 100.0);
            match metric {
                Metric::SuccessRate => (Some(100.0 - high), Some(100.0 - low)),
                _ => (Some(low), Some(high)),
            }
        }
    };
    Some(Interval { low, high, level, decides })
}

/// How many operations a claim needs, by default or at a level of confidence, before it can be decided.
pub(crate) fn needed_operations(claim: &Claim, confidence: Option<f64>) -> u64 {
    if let Limit::Value(limit) = claim.limit {
        let Some(criterion) = claim.criterion(limit) else { return 1 };
        let Some((_, permitted)) = criterion.violations(0, 0) else { return 1 };
        let confident = confidence.and_then(|level| crate::statistics::fewest_samples(permitted, level));
        return criterion.fewest().max(confident.unwrap_or(1));
    }
    relative::needed_operations(claim)
}

/// The quantile's rank bounds at a level, after the sample was deflated to its effective size. The lower one is
/// infinite where it falls among the failed operations.
pub(crate) fn bounds(sample: &Sample<'_>, metric: Metric, level: f64, effective: f64) -> Option<(f64, Option<f64>)> {
    let Metric::Quantile(q) = metric else { return None };
    let n = sample.operations();
    let scale = n as f64 / effective.max(1.0);
    let ranks = RankedQuantile::new(effective.floor() as u64, q.fraction());
    let scaled = |rank: u64, up: bool| {
        let rank = rank as f64 * scale;
        (if up { rank.ceil() } else { rank.floor() } as u64).clamp(1, n)
    };
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
    let low = ranks.lower_rank(level);
    let low = low.map_or(0.0, |r| sample.at_rank(scaled(r, false)).map_or(f64::INFINITY, seconds));
    let high = ranks.upper_rank(level).and_then(|r| sample.at_rank(scaled(r, true)));
    Some((low, high.map(seconds)))
}
