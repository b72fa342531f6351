//! Judging a claim about a probe that is sampled here and now.

use super::core::Core;
use super::judge_late::judge_late;
use super::judging::undecided;
use crate::claim::judge::{Opinion, blank};
use crate::claim::sample::Stretch;
use crate::claim::{Claim, Limit, Value, display, relative};
use crate::report::journal::{ClaimRecord, ClaimRole, Judgement, PhaseKind};
use std::time::Duration;

/// A probe: every sample must satisfy the claim, and none may be missing.
pub(super) fn judge_probe(
    core: &Core,
    claim: &Claim,
    role: ClaimRole,
    name: &str,
    stretches: &[Stretch],
    kinds: &[PhaseKind],
) -> ClaimRecord {
    if !core.probes.has(name) {
        return undecided(claim, role, format!("no probe is named `{name}`"));
    }
    if let Some(late) = core.probes.late(name) {
        return judge_late(claim, role, &late, stretches, kinds);
    }
    let collect = |kinds: &[PhaseKind]| {
        let spans = stretches.iter().filter(|stretch| kinds.contains(&stretch.kind));
        let found = spans.filter_map(|span| core.probes.between(name, span.start, span.end));
        found.reduce(|mut all, next| {
            all.values.extend(next.values);
            all
        })
    };
    let Some(sampled) = collect(kinds) else {
        return undecided(claim, role, "the probe has no samples".into());
    };
    let samples = &sampled.values;
    let mut record = blank(claim, role);
    record.samples = samples.len() as u64;
    let harmed = kinds.contains(&PhaseKind::Fault).then(|| collect(&[PhaseKind::Fault])).flatten();
    let values: Vec<f64> = samples.iter().flatten().copied().collect();
    // Samples from before or after the fault do not say how it was in it.
    if values.is_empty() || harmed.is_some_and(|harmed| harmed.values.is_empty()) {
        let kind = if kinds.contains(&PhaseKind::Fault) { PhaseKind::Fault } else { kinds[0] };
        let lasted = stretches.iter().filter(|span| span.kind == kind).map(|span| span.end - span.start).sum();
        let remark = match samples.len() - values.len() {
            0 => format!(
                "the probe has no samples in the {} phase: it samples every {}, the phase lasted {}",
                kind.name(),
                display::duration(sampled.interval),
                display::duration(Duration::from_nanos(lasted))
            ),
            missing => format!("the probe has no samples, {missing} are missing"),
        };
        return ClaimRecord { samples: record.samples, ..undecided(claim, role, remark) };
    }
    let limit = match claim.limit {
        Limit::Value(limit) => limit,
        _ => {
            let baseline = collect(&[PhaseKind::Baseline]).map(|sampled| sampled.values);
            match baseline.map(|values| values.into_iter().flatten().collect::<Vec<_>>()) {
                Some(baseline) if !baseline.is_empty() => {
                    let mean = baseline.iter().sum::<f64>() / baseline.len() as f64;
                    relative::apply(claim.limit, with_unit(sampled.unit, mean))
                }
                _ => return undecided(claim, role, "the probe has no samples in the baseline".into()),
            }
        }
    };
    let (plain, limit_unit) = limit.plain();
    record.limit = Some(plain);
    limit_unit.clone_into(&mut record.unit);
    if let Some(remark) = sampled.other_unit(limit_unit) {
        return ClaimRecord { judgement: Judgement::Inconclusive, remark, ..record };
    }
    let worst = values.iter().copied().reduce(if claim.cmp.is_upper() { f64::max } else { f64::min });
    let worst = worst.unwrap_or_default();
    record.value = Some(worst);
    record.measured = display::value(limit.of_same_unit(worst));
    let holds = values.iter().all(|value| claim.cmp.holds(*value, plain));
    let missing = samples.len() - values.len();
    let opinion = match (holds, missing) {
        (false, _) => Opinion::of(false),
        (true, 0) => Opinion::of(true),
        (true, missing) => Opinion::inconclusive(format!("{missing} samples are missing")),
    };
    record.judgement = opinion.judgement;
    record.remark = opinion.remark;
    record
}

pub(super) fn with_unit(unit: &str, value: f64) -> Value {
    match unit {
        "s" => Value::Duration(Duration::from_secs_f64(value.max(0.0))),
        "%" => Value::Percent(value),
        "/s" => Value::Rate(value),
        _ => Value::Number(value),
    }
}
