//! Claims relative to the baseline or to the control group.
//!
//! A measured difference between two samples is partly noise, so by default a relative claim is called
//! broken only where the difference is significant (95 %): the share of operations beyond the limit
//! against the share beyond the reference value itself, by Newcombe's interval, on effective sample sizes.
//! With a level of confidence the two-group rule decides: supported when even the faulted sample's upper
//! bound meets the limit made of the reference's lower bound, refuted in the opposite case.

use super::criterion::Criterion;
use super::judge::{Opinion, bounds};
use super::own;
use super::sample::{Reading, Sample};
use super::{Claim, Limit, Metric, Reference, Value, display};
use crate::clock::nanos;
use crate::measure::Event;
use crate::report::journal::Judgement;
use crate::statistics::{DesignEffect, Proportion, difference_interval, fewest_samples};

/// A relative claim with both samples.
pub(crate) struct Relation<'a, 'b> {
    pub(crate) claim: &'a Claim,
    pub(crate) criterion: Criterion,
    /// The limit with the reference's value filled in.
    pub(crate) limit: Value,
    /// How many operations of the sample are the criterion's event.
    pub(crate) k: u64,
    pub(crate) sample: &'a Sample<'b>,
    pub(crate) reference: &'a Sample<'b>,
}

/// The limit with the reference's value filled in, or why there is none.
pub(crate) fn limit(claim: &Claim, reference: Option<&Sample<'_>>) -> Result<Value, String> {
    let name = reference_name(claim);
    let Some(reference) = reference.filter(|sample| sample.operations() > 0) else {
        return Err(format!("the {name} has no operations to compare with"));
    };
    match claim.metric {
        Metric::Errors | Metric::PermanentFailures => {
            return Err("numbers of phases of different length can't be compared; use `error_rate`".into());
        }
        _ => {}
    }
    match reference.read(claim.metric, true) {
        Reading::Value(value) => Ok(apply(claim.limit, value)),
        Reading::Failed => Err(format!("the {name}'s quantile falls among its failed operations")),
        Reading::Nothing => Err(format!("the {name} has no operations to compare with")),
    }
}

/// `110% of x`, `x + 20ms`.
pub(crate) fn apply(limit: Limit, reference: Value) -> Value {
    let (value, _) = reference.plain();
    match limit {
        Limit::Value(value) => value,
        Limit::Relative { factor, .. } => reference.of_same_unit(value * factor),
        Limit::Plus { plus, .. } => reference.of_same_unit(value + plus.plain().0),
        Limit::Minus { minus, .. } => reference.of_same_unit(value - minus.plain().0),
    }
}

/// The fewest operations in the reference: a quantile's upper bound must exist at 97.5 %.
pub(crate) fn needed_operations(claim: &Claim) -> u64 {
    match claim.metric {
        Metric::Quantile(q) => fewest_samples(q.permitted(), 0.975).unwrap_or(1),
        _ => 30,
    }
}

/// Judges a relative claim.
pub(crate) fn judge(relation: &Relation<'_, '_>, confidence: Option<f64>) -> Opinion {
    let Relation { claim, criterion, k, sample, reference, .. } = *relation;
    let needed = needed_operations(claim);
    let name = reference_name(claim);
    for (which, n) in [("the phase", sample.operations()), (name, reference.operations())] {
        if n < needed {
            return Opinion::inconclusive(format!(
                "needs at least {} operations to compare, {which} has {}",
                display::count(needed),
                display::count(n)
            ));
        }
    }
    let opinion = match confidence {
        Some(level) => confident(relation, level),
        None if criterion.holds(k, sample.operations()) => Opinion::of(true),
        None => significant(relation),
    };
    if opinion.judgement != Judgement::Holds {
        return opinion;
    }
    own::flattered(claim, sample, reference, name, relation.limit).unwrap_or(opinion)
}

/// The measured value is beyond the limit: significantly so?
fn significant(relation: &Relation<'_, '_>) -> Opinion {
    let Some((fault, control, slack)) = shares(relation) else { return Opinion::of(false) };
    let effect = relation.sample.design_effect(relation.criterion.event());
    let beyond = |fault, control| difference_interval(fault, control, 0.95).lower > slack;
    if beyond(effect.deflate(fault), control) {
        return Opinion::of(false);
    }
    let name = reference_name(relation.claim);
    if beyond(fault, control) {
        return Opinion::inconclusive(format!(
            "one slow stretch makes up the difference to the {name}; a longer phase would decide it"
        ));
    }
    Opinion::of(true).remark(format!("beyond the limit, but within the noise of the {name}"))
}

/// Violations of both samples and what the second may have more.
fn shares(relation: &Relation<'_, '_>) -> Option<(Proportion, Proportion, f64)> {
    let Relation { claim, criterion, k, sample, reference, .. } = *relation;
    let (violations, permitted) = criterion.violations(k, sample.operations())?;
    let fault = Proportion::new(violations, sample.operations());
    let n = reference.operations();
    if let Metric::Quantile(_) = claim.metric {
        // Beyond its own quantile lies the quantile's share of the reference, failed operations included.
        let Reading::Value(Value::Duration(value)) = reference.read(claim.metric, true) else { return None };
        let slow = reference.count(Event::Slow { limit: nanos(value), strict: false });
        return Some((fault, Proportion::new(slow.min(n), n), 0.0));
    }
    let (reference_violations, _) = criterion.violations(reference.count(criterion.event()), n)?;
    let control = Proportion::new(reference_violations, n);
    Some((fault, control, permitted - control.share()?))
}

/// With a level of confidence: both samples' bounds, each at half the error.
fn confident(relation: &Relation<'_, '_>, level: f64) -> Opinion {
    let Relation { claim, criterion, sample, reference, .. } = *relation;
    let each = 1.0 - (1.0 - level) / 2.0;
    let undecided = || Opinion::inconclusive(format!("not decided at {}", display::percent(level * 100.0)));
    let effect = sample.design_effect(criterion.event());
    if let Metric::Quantile(_) = claim.metric {
        let effective = |sample: &Sample<'_>, effect: DesignEffect| effect.effective(sample.operations());
        let Some((low, high)) = bounds(sample, claim.metric, each, effective(sample, effect)) else {
            return undecided();
        };
        let Some((reference_low, reference_high)) =
            bounds(reference, claim.metric, each, effective(reference, DesignEffect::NONE))
        else {
            return undecided();
        };
        let limit_at = |seconds: f64| apply(claim.limit, relation.limit.of_same_unit(seconds)).plain().0;
        return match (high, reference_high) {
            _ if reference_low.is_infinite() => undecided(),
            (Some(high), _) if high <= limit_at(reference_low) => Opinion::of(true),
            (_, Some(reference_high)) if low > limit_at(reference_high) => Opinion::of(false),
            _ => undecided(),
        };
    }
    let Some((fault, control, slack)) = shares(relation) else { return Opinion::of(false) };
    let interval = difference_interval(effect.deflate(fault), control, level);
    if interval.upper <= slack {
        Opinion::of(true)
    } else if interval.lower > slack {
        Opinion::of(false)
    } else {
        undecided()
    }
}

fn reference_name(claim: &Claim) -> &'static str {
    match claim.limit {
        Limit::Relative { of, .. } | Limit::Plus { of, .. } | Limit::Minus { of, .. } => match of {
            Reference::Baseline => "baseline",
            Reference::Control => "control",
        },
        Limit::Value(_) => "reference",
    }
}
