//! What became of the experiment: claims with their limits, recovery, the verdict.

use super::identity::{Experiment, Numbered};
use super::metric::{
    CLAIM_HOLDS, DURATION, FAULT_DETECTION, FAULT_RECOVERY, FAULT_UNAVAILABILITY, LIMITS, Metric, OK, VALUES, VERDICT,
};
use super::series::{Labels, Series};
use super::timeline::hold;
use chaos_runtime::report::journal::{ClaimRecord, ClaimRole, Judgement, PhaseKind};
use std::ops::Range;

pub(super) fn collect(experiment: &Experiment, out: &mut Vec<Series>) {
    claims(experiment, out);
    recoveries(experiment, out);
    let (labels, verdict) = (experiment.labels(), experiment.journal.verdict);
    at_the_end(experiment, &VERDICT, labels.with("verdict", verdict.name()), 1.0, out);
    at_the_end(experiment, &OK, labels.clone(), f64::from(verdict.is_ok()), out);
    at_the_end(experiment, &DURATION, labels, experiment.journal.duration_us as f64 / 1e6, out);
}

fn claims(experiment: &Experiment, out: &mut Vec<Series>) {
    let mut names = Numbered::default();
    for claim in &experiment.journal.claims {
        let role = role_name(claim.role);
        let text = names.name(&format!("{role}\0{}", claim.text), &claim.text);
        let labels = experiment.labels().with("claim", text).with("role", role);
        if let Some(limit) = claim.limit
            && let Some(during) = judged_on(experiment, claim)
        {
            let mut series = Series::new(LIMITS.of(&claim.unit), labels.clone());
            hold(experiment, &mut series, during, limit, None);
            out.push(series);
        }
        if let Some(value) = claim.value {
            at_the_end(experiment, VALUES.of(&claim.unit), labels.clone(), value, out);
        }
        match claim.judgement {
            Judgement::Holds => at_the_end(experiment, &CLAIM_HOLDS, labels, 1.0, out),
            Judgement::Broken => at_the_end(experiment, &CLAIM_HOLDS, labels, 0.0, out),
            _ => {}
        }
    }
}

/// The stretch that a claim is about, for a picture of its limit; `None` if the experiment did not come to it.
fn judged_on(experiment: &Experiment, claim: &ClaimRecord) -> Option<Range<u64>> {
    let phases = &experiment.journal.phases;
    let of = |kind| {
        let first = phases.iter().find(|phase| phase.kind == kind)?;
        let last = phases.iter().rfind(|phase| phase.kind == kind)?;
        Some(first.start_us..last.end_us)
    };
    match claim.role {
        ClaimRole::SteadyState => of(PhaseKind::Baseline),
        ClaimRole::SteadyStateAfter => of(PhaseKind::After),
        _ if claim.text.starts_with("during(") => of(PhaseKind::Fault),
        _ if claim.text.starts_with("after(") => of(PhaseKind::After),
        _ => Some(of(PhaseKind::Fault)?.start..experiment.end_us()),
    }
}

fn recoveries(experiment: &Experiment, out: &mut Vec<Series>) {
    for (fault, name) in experiment.faults() {
        let Some(recovery) = &fault.recovery else { continue };
        let labels = experiment.labels().with("fault", name).with("target", &fault.target);
        let values = [
            (&FAULT_RECOVERY, recovery.counted_us()),
            (&FAULT_DETECTION, recovery.time_to_detect_us),
            (&FAULT_UNAVAILABILITY, Some(recovery.unavailability_us)),
        ];
        for (metric, us) in values {
            if let Some(us) = us {
                at_the_end(experiment, metric, labels.clone(), us as f64 / 1e6, out);
            }
        }
    }
}

fn at_the_end(experiment: &Experiment, metric: &'static Metric, labels: Labels, value: f64, out: &mut Vec<Series>) {
    let mut series = Series::new(metric, labels);
    series.push(experiment.at(experiment.end_us()), Some(value));
    out.push(series);
}

/// As in the journal.
pub(super) fn role_name(role: ClaimRole) -> &'static str {
    match role {
        ClaimRole::SteadyState => "steady-state",
        ClaimRole::SteadyStateAfter => "steady-state-after",
        ClaimRole::Hypothesis => "hypothesis",
        ClaimRole::Guard => "guard",
        ClaimRole::Expectation => "expectation",
        _ => "other",
    }
}
