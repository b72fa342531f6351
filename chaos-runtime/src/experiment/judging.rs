//! From measurements to judgements: which samples a claim of the experiment is judged on.

use super::core::Core;
use super::gate::names;
use super::judge_probe::judge_probe;
use super::meter::Measured;
use super::subjects::unknown_load;
use super::timeline::FaultState;
use crate::claim::judge::{Opinion, blank, judge};
use crate::claim::own;
use crate::claim::sample::{Sample, Stretch};
use crate::claim::{Claim, LedgerMetric, Limit, Metric, Reference, Scope, Value, display};
use crate::report::journal::{ClaimRecord, ClaimRole, Judgement, PhaseKind, RecoveryRecord};
use std::time::Duration;

/// Judges hypothesis and expectations on everything that was measured. `baseline` = what the gate saw.
pub(crate) fn judge_all(
    core: &Core,
    measured: &[Measured],
    baseline: &[Measured],
    stretches: &[Stretch],
) -> Vec<ClaimRecord> {
    let run = Measurements { measured, baseline, stretches };
    let expectations = core.expectations.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let hypothesis = core.spec.hypothesis.iter().map(|claim| (claim, ClaimRole::Hypothesis));
    let expectations = expectations.iter().map(|claim| (claim, ClaimRole::Expectation));
    let confirmed = core.timeline.confirmed_only(stretches);
    let judge = |(claim, role): (&Claim, ClaimRole)| {
        let record = judge_one(core, claim, role, &run);
        match &confirmed {
            // Healthy time before a fault shows itself must not water down what it does then, and what happens
            // before it does must not be overlooked: both must hold.
            Some(stretches) if claim.scope == Scope::During => {
                let confirmed = judge_one(core, claim, role, &Measurements { stretches, ..run });
                if weight(confirmed.judgement) > weight(record.judgement) { confirmed } else { record }
            }
            _ => record,
        }
    };
    hypothesis.chain(expectations).map(judge).collect()
}

/// The heavier of two judgements of one claim counts.
const fn weight(judgement: Judgement) -> u8 {
    match judgement {
        Judgement::Broken => 2,
        Judgement::Inconclusive => 1,
        _ => 0,
    }
}

/// All that a run has measured.
#[derive(Clone, Copy)]
struct Measurements<'a> {
    measured: &'a [Measured],
    baseline: &'a [Measured],
    stretches: &'a [Stretch],
}

fn judge_one(core: &Core, claim: &Claim, role: ClaimRole, run: &Measurements<'_>) -> ClaimRecord {
    let Measurements { measured, baseline, stretches } = *run;
    let kinds = kinds(claim.scope);
    match claim.metric {
        Metric::Recovery | Metric::EachRecovery | Metric::TimeToDetect | Metric::Unavailability => {
            return judge_reaction(claim, role, &core.timeline.faults());
        }
        Metric::Probe(name) => return judge_probe(core, claim, role, name, stretches, kinds),
        Metric::Ledger(metric) => return judge_ledger(core, claim, role, metric),
        _ => {}
    }
    if let Some(unknown) = unknown_load(&names(measured), claim) {
        return undecided(claim, role, unknown);
    }
    let events = core.meter.events();
    let collect = |measured, kinds: &[PhaseKind], control| {
        Sample::collect(measured, stretches, kinds, claim.subject, control, &events)
    };
    let sample = collect(measured, kinds, false);
    let reference = match claim.limit {
        Limit::Value(_) => None,
        Limit::Relative { of, .. } | Limit::Plus { of, .. } | Limit::Minus { of, .. } => Some(match of {
            Reference::Baseline => collect(baseline, &[PhaseKind::Baseline], false),
            Reference::Control => collect(measured, kinds, true),
        }),
    };
    judge(claim, role, &sample, reference.as_ref(), core.settings.confidence)
}

/// The phases that a claim speaks about.
pub(crate) fn kinds(scope: Scope) -> &'static [PhaseKind] {
    match scope {
        Scope::Run => &[PhaseKind::Fault, PhaseKind::Recovery, PhaseKind::After],
        Scope::During => &[PhaseKind::Fault],
        Scope::After => &[PhaseKind::After],
    }
}

pub(super) fn undecided(claim: &Claim, role: ClaimRole, remark: String) -> ClaimRecord {
    ClaimRecord { judgement: Judgement::Inconclusive, remark, ..blank(claim, role) }
}

/// `recovery`, `time_to_detect`, `unavailability`: as they were, unless they would be judged otherwise without the
/// drivers' own pauses.
fn judge_reaction(claim: &Claim, role: ClaimRole, faults: &[FaultState]) -> ClaimRecord {
    let record = judge_reactions(claim, role, faults.iter().filter_map(|fault| fault.recovery.as_ref()));
    let Some(longest) = faults.iter().filter_map(|fault| Some(fault.own.as_ref()?.longest)).max() else {
        return record;
    };
    let without = faults.iter().filter_map(|fault| match &fault.own {
        Some(own) if fault.recovery.is_some() => Some(&own.recovery),
        _ => fault.recovery.as_ref(),
    });
    let other = judge_reactions(claim, role, without).judgement;
    let done = match record.judgement {
        Judgement::Broken if other != Judgement::Broken => "broken it",
        Judgement::Holds if other != Judgement::Holds => "made it true",
        _ => return record,
    };
    ClaimRecord { judgement: Judgement::Inconclusive, remark: own::paused(done, longest), ..record }
}

/// The worst of all faults.
fn judge_reactions<'a>(
    claim: &Claim,
    role: ClaimRole,
    reactions: impl Iterator<Item = &'a RecoveryRecord>,
) -> ClaimRecord {
    let mut record = blank(claim, role);
    "s".clone_into(&mut record.unit);
    let Limit::Value(Value::Duration(limit)) = claim.limit else {
        return undecided(claim, role, "only an absolute duration can be compared with it".into());
    };
    record.limit = Some(limit.as_secs_f64());
    let reactions: Vec<_> = reactions.collect();
    record.samples = reactions.len() as u64;
    if reactions.is_empty() {
        return undecided(claim, role, "no fault's recovery was watched".into());
    }
    if claim.metric == Metric::TimeToDetect && reactions.iter().any(|r| r.time_to_detect_us.is_none()) {
        return undecided(claim, role, "the steady state was never left, so there was nothing to detect".into());
    }
    let values: Vec<Option<u64>> = reactions
        .iter()
        .map(|reaction| match claim.metric {
            Metric::TimeToDetect => reaction.time_to_detect_us,
            Metric::Unavailability => Some(reaction.unavailability_us),
            _ => reaction.counted_us(),
        })
        .collect();
    // Never is longer than everything.
    let Some(worst) = values.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()) else {
        record.measured = "never".into();
        record.judgement = if claim.cmp.is_upper() { Judgement::Broken } else { Judgement::Holds };
        return record;
    };
    let worst = Duration::from_micros(worst);
    record.measured = display::duration(worst);
    record.value = Some(worst.as_secs_f64());
    record.judgement = Opinion::of(claim.cmp.holds(worst.as_secs_f64(), limit.as_secs_f64())).judgement;
    record
}

/// A ledger: exact, so never a matter of samples.
fn judge_ledger(core: &Core, claim: &Claim, role: ClaimRole, metric: LedgerMetric) -> ClaimRecord {
    let accounts = core.ledgers.accounts();
    let name = claim.subject.unwrap_or_default();
    let account = match accounts.iter().find(|(ledger, _)| ledger == name) {
        Some((_, Ok(account))) => account,
        Some((_, Err(error))) => {
            return undecided(claim, role, format!("what is in `{name}` could not be read: {error}"));
        }
        None => return undecided(claim, role, format!("ledger `{name}` was not read")),
    };
    let mut record = blank(claim, role);
    record.samples = account.attempted;
    if account.acknowledged == 0 {
        let remark = format!("nothing was acknowledged in ledger `{name}`, so nothing could be lost");
        return ClaimRecord { samples: record.samples, ..undecided(claim, role, remark) };
    }
    let (count, of) = account.count(metric);
    let (plain, unit) = match claim.limit {
        Limit::Value(limit) => limit.plain(),
        _ => return undecided(claim, role, "a ledger is compared with a number or a share".into()),
    };
    record.limit = Some(plain);
    unit.clone_into(&mut record.unit);
    let value = if unit == "%" { count as f64 / of.max(1) as f64 * 100.0 } else { count as f64 };
    record.value = Some(value);
    record.measured = format!("{} of {}", display::count(count), display::count(of));
    if unit == "%" {
        record.measured = format!("{} ({})", display::percent(value), record.measured);
    }
    let opinion = Opinion::of(claim.cmp.holds(value, plain));
    record.judgement = opinion.judgement;
    let ids = account.ids(metric);
    if !ids.is_empty() {
        record.measured = format!("{}: {}", record.measured, shown(&ids));
    }
    record
}

/// The first ids, and how many more there are; the journal's ledger has more of them.
fn shown(ids: &[String]) -> String {
    const MOST: usize = 5;
    let first = ids.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(MOST) {
        0 => first,
        more => format!("{first} and {} more", display::count(more as u64)),
    }
}
