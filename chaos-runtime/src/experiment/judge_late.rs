//! Judging a claim about values that stand for periods and come late. The rules are told in [`crate::probe`].

use super::judge_probe::with_unit;
use super::judging::undecided;
use crate::claim::judge::{Opinion, blank};
use crate::claim::sample::Stretch;
use crate::claim::{Claim, Limit, Value, display, relative};
use crate::clock::Nanos;
use crate::figure;
use crate::probe::{Late, Period, State, other_unit};
use crate::report::journal::{ClaimRecord, ClaimRole, Judgement, PhaseKind};
use std::time::Duration;

/// A stretch of time without what begins and ends in it.
pub(super) type Span = (Nanos, Nanos);

/// Stretches of these kinds, those that follow each other as one.
pub(super) fn spans(stretches: &[Stretch], kinds: &[PhaseKind]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for stretch in stretches.iter().filter(|stretch| kinds.contains(&stretch.kind) && stretch.end > stretch.start) {
        match spans.last_mut() {
            Some(last) if last.1 == stretch.start => last.1 = stretch.end,
            _ => spans.push((stretch.start, stretch.end)),
        }
    }
    spans
}

/// Periods of which a claim about these phases speaks: those that lie in them, and those that a fault shares with
/// other time.
pub(super) fn periods(late: &Late, stretches: &[Stretch], kinds: &[PhaseKind]) -> Vec<(Period, bool)> {
    let harmed = faults(stretches, kinds);
    let mut all: Vec<(Period, bool)> = Vec::new();
    for (from, to) in spans(stretches, kinds) {
        for period in late.overlapping(from, to) {
            let inside = period.lies_in(from, to);
            let harmed = harmed.iter().any(|(from, to)| period.overlaps(*from, *to));
            // Two short faults may share one period.
            let known = all.last().is_some_and(|(last, _)| *last == period);
            if (inside || harmed) && !known {
                all.push((period, inside));
            }
        }
    }
    all
}

/// The faults, if the claim speaks of them.
fn faults(stretches: &[Stretch], kinds: &[PhaseKind]) -> Vec<Span> {
    if kinds.contains(&PhaseKind::Fault) { spans(stretches, &[PhaseKind::Fault]) } else { Vec::new() }
}

/// Judges a claim about a probe whose values come late. The gate looks at what has settled by then; at the end all
/// must have.
pub(super) fn judge_late(
    claim: &Claim,
    role: ClaimRole,
    late: &Late,
    stretches: &[Stretch],
    kinds: &[PhaseKind],
) -> ClaimRecord {
    let limit = match limit(claim, late, stretches) {
        Ok(limit) => limit,
        Err(why) => return undecided(claim, role, why),
    };
    let mut record = blank(claim, role);
    let (plain, unit) = limit.plain();
    record.limit = Some(plain);
    unit.clone_into(&mut record.unit);
    if let Some(why) = late.unit().and_then(|known| other_unit(known, unit)) {
        return ClaimRecord { judgement: Judgement::Inconclusive, remark: why, ..record };
    }
    let seen = Seen::of(claim, late, periods(late, stretches, kinds), plain);
    let counted: Vec<f64> = if seen.mixed_beyond.is_some() || seen.bounds { seen.all() } else { seen.inside.clone() };
    record.samples = counted.len() as u64;
    let worst = counted.into_iter().reduce(if claim.cmp.is_upper() { f64::max } else { f64::min });
    if let Some(worst) = worst {
        record.value = Some(worst);
        record.measured = display::value(limit.of_same_unit(worst));
    }
    let opinion = seen.opinion(claim, late, plain, role == ClaimRole::SteadyState, || {
        uncovered(claim, late, stretches, kinds, plain)
    });
    record.judgement = opinion.judgement;
    record.remark = opinion.remark;
    record
}

/// The limit, with the mean of the baseline's whole periods where it is relative to that.
fn limit(claim: &Claim, late: &Late, stretches: &[Stretch]) -> Result<Value, String> {
    if let Limit::Value(limit) = claim.limit {
        return Ok(limit);
    }
    let whole = spans(stretches, &[PhaseKind::Baseline]);
    let whole = whole.iter().flat_map(|(from, to)| late.inside(*from, *to));
    let values: Vec<f64> = whole
        .filter_map(|period| match late.state(period) {
            State::Settled(value) => value,
            _ => None,
        })
        .collect();
    if values.is_empty() {
        let period = display::duration(late.period());
        return Err(format!("no whole period of {period} with a value lies in the baseline"));
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Ok(relative::apply(claim.limit, with_unit(late.unit().unwrap_or_default(), mean)))
}

/// What is known of the periods that a claim speaks of.
struct Seen {
    inside: Vec<f64>,
    mixed: Vec<f64>,
    /// The worst value beyond the limit of a period that mixes fault and no-fault time.
    mixed_beyond: Option<f64>,
    /// Beyond the limit, but may still change.
    provisional_beyond: Option<f64>,
    missing: u64,
    awaited: u64,
    periods: u64,
    /// What the whole of a period meets, its parts meet.
    bounds: bool,
}

impl Seen {
    fn of(claim: &Claim, late: &Late, periods: Vec<(Period, bool)>, limit: f64) -> Self {
        let mut seen = Self {
            inside: Vec::new(),
            mixed: Vec::new(),
            mixed_beyond: None,
            provisional_beyond: None,
            missing: 0,
            awaited: 0,
            periods: periods.len() as u64,
            bounds: late.aggregate().bounds_parts(claim),
        };
        for (period, inside) in periods {
            match late.state(period) {
                State::Settled(Some(value)) if inside => seen.inside.push(value),
                State::Settled(Some(value)) => {
                    seen.mixed.push(value);
                    if !claim.cmp.holds(value, limit) {
                        seen.mixed_beyond = Some(value);
                    }
                }
                State::Settled(None) => seen.missing += 1,
                State::Provisional(value) => {
                    seen.awaited += 1;
                    if !claim.cmp.holds(value, limit) {
                        seen.provisional_beyond = Some(value);
                    }
                }
                State::Awaited => seen.awaited += 1,
            }
        }
        seen
    }

    fn all(&self) -> Vec<f64> {
        self.inside.iter().chain(&self.mixed).copied().collect()
    }

    fn opinion(
        &self,
        claim: &Claim,
        late: &Late,
        limit: f64,
        at_gate: bool,
        uncovered: impl FnOnce() -> Option<String>,
    ) -> Opinion {
        if self.inside.iter().any(|value| !claim.cmp.holds(*value, limit)) {
            return Opinion::of(false);
        }
        let (period, settles) = (display::duration(late.period()), display::duration(late.settles()));
        if self.mixed_beyond.is_some() {
            return Opinion::inconclusive(format!(
                "a period of {period} that mixes fault and no-fault time is beyond the limit, and which of them did \
                 it can't be told; a shorter period tells them apart"
            ));
        }
        if at_gate && self.provisional_beyond.is_some() {
            return Opinion::inconclusive(format!(
                "its newest value is beyond the limit, and may change for {settles}"
            ));
        }
        if !at_gate && self.awaited > 0 {
            let why = match late.last_error() {
                Some(error) => format!("{} can't be read: {error}", late.what()),
                None => format!("{} was not read after they had settled", late.what()),
            };
            return Opinion::inconclusive(format!("{} of {} periods are not known: {why}", self.awaited, self.periods));
        }
        if self.missing > 0 {
            return Opinion::inconclusive(format!(
                "{} has no value for {} of {}, {settles} after they had ended",
                late.what(),
                self.missing,
                figure::counted(self.periods - self.awaited, "period")
            ));
        }
        match uncovered() {
            Some(why) => Opinion::inconclusive(why),
            None => Opinion::of(true),
        }
    }
}

/// Why the values do not speak for all phases that the claim is about, if they don't.
fn uncovered(claim: &Claim, late: &Late, stretches: &[Stretch], kinds: &[PhaseKind], limit: f64) -> Option<String> {
    let regions = spans(stretches, kinds);
    let value = |period: &Period| match late.state(*period) {
        State::Settled(value) => value,
        _ => None,
    };
    let whole = |from: Nanos, to: Nanos| {
        let inside = |period: &Period| regions.iter().any(|(from, to)| period.lies_in(*from, *to));
        late.overlapping(from, to).any(|period| inside(&period) && value(&period).is_some())
    };
    let bounded = |from: Nanos, to: Nanos| {
        let mut periods = late.overlapping(from, to).peekable();
        let any = periods.peek().is_some();
        any && periods.all(|period| value(&period).is_some_and(|value| claim.cmp.holds(value, limit)))
    };
    let (spans, bounds, kind) = match faults(stretches, kinds) {
        // Every fault must have been seen, not only one of them.
        faults if kinds.contains(&PhaseKind::Fault) => (faults, late.aggregate().bounds_parts(claim), PhaseKind::Fault),
        _ if regions.iter().any(|(from, to)| whole(*from, *to)) => return None,
        _ => (regions.clone(), false, kinds[0]),
    };
    let period = display::duration(late.period());
    if spans.is_empty() {
        return Some(format!("there is no {} phase to see it in", kind.name()));
    }
    let unseen = spans.iter().find(|(from, to)| !(whole(*from, *to) || bounds && bounded(*from, *to)))?;
    let lasted = display::duration(Duration::from_nanos(unseen.1 - unseen.0));
    Some(format!("no whole period of {period} lies in the {} phase, which lasted {lasted}", kind.name()))
}
