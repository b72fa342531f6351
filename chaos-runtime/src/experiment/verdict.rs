//! From judgements to the verdict.

use super::core::Core;
use super::timeline::Own;
use crate::claim::own;
use crate::report::journal::{
    ClaimRecord, ClaimRole, FaultRecord, Finding, Judgement, Reason, ReasonKind, RecoveryRecord, RecoveryState, Verdict,
};

/// What the verdict is made of.
pub(crate) struct Facts<'a> {
    /// Reasons that decided before the claims could, strongest first.
    pub(crate) decisive: Vec<Reason>,
    pub(crate) claims: &'a [ClaimRecord],
    pub(crate) faults: &'a [FaultRecord],
    /// For each of the faults: operations (without a load: probe samples) while it was active.
    pub(crate) seen: &'a [u64],
    /// For each of them: what its evidence said at its end, if it was gone by then.
    pub(crate) lost: &'a [Option<String>],
    /// What a dry run would have harmed; `None`: it is none.
    pub(crate) dry_run: Option<Vec<String>>,
    /// For each of them: how its recovery would be but for the driver's own pauses, if that is another way.
    pub(crate) own: &'a [Option<Own>],
    /// There is a steady state to come back to.
    pub(crate) has_steady_state: bool,
}

/// The verdict, before known weaknesses are considered.
pub(crate) fn verdict(facts: &Facts<'_>) -> (Verdict, Vec<Reason>) {
    if let Some(first) = facts.decisive.first() {
        let verdict = match first.kind {
            ReasonKind::Rollback => Verdict::RollbackFailed,
            ReasonKind::Guard | ReasonKind::Interrupted => Verdict::Aborted,
            ReasonKind::SteadyState => Verdict::Unsteady,
            ReasonKind::Inconclusive => Verdict::Inconclusive,
            _ => Verdict::Errored,
        };
        return (verdict, facts.decisive.clone());
    }
    if let Some(previews) = &facts.dry_run {
        return dry_run(previews);
    }
    let refuted = refutations(facts);
    if !refuted.is_empty() {
        return (Verdict::Refuted, refuted);
    }
    let inconclusive = doubts(facts);
    if !inconclusive.is_empty() {
        return (Verdict::Inconclusive, inconclusive);
    }
    (Verdict::Passed, Vec::new())
}

/// Nothing was harmed, so nothing was proven; and what would have been harmed is told.
fn dry_run(previews: &[String]) -> (Verdict, Vec<Reason>) {
    if previews.is_empty() {
        let message = "the dry run came to no injection, so there is nothing to preview".to_owned();
        return (Verdict::Errored, vec![Reason { kind: ReasonKind::Body, message, help: None }]);
    }
    let reason = |what: &String| Reason {
        kind: ReasonKind::DryRun,
        message: format!("dry run, nothing was injected; this would be: {what}"),
        help: None,
    };
    (Verdict::Skipped, previews.iter().map(reason).collect())
}

/// False claims, and a steady state that did not come back.
fn refutations(facts: &Facts<'_>) -> Vec<Reason> {
    let refuted = |message: String, help: Option<&str>| Reason {
        kind: ReasonKind::Hypothesis,
        message,
        help: help.map(Into::into),
    };
    let broken = |role: ClaimRole| {
        let broken = move |claim: &&ClaimRecord| claim.role == role && claim.judgement == Judgement::Broken;
        facts.claims.iter().filter(broken)
    };
    let mut reasons: Vec<_> = broken(ClaimRole::Hypothesis)
        .chain(broken(ClaimRole::Expectation))
        .map(|claim| refuted(format!("`{}` is false: measured {}", claim.text, claim.measured), None))
        .collect();
    let not_back = theirs(facts, not_back).next();
    if let Some(fault) = not_back {
        let message = format!("the steady state did not come back after `{}`", fault.what);
        reasons.push(refuted(message, Some("a longer `recovery_limit = …` tells how long it takes, if it ever ends")));
    }
    reasons.extend(theirs(facts, relapsed).map(|fault| {
        refuted(format!("the steady state was lost again after the recovery from `{}`", fault.what), None)
    }));
    reasons.extend(broken(ClaimRole::SteadyStateAfter).map(|claim| {
        refuted(
            format!("the steady state was lost again after the recovery: `{}` measured {}", claim.text, claim.measured),
            None,
        )
    }));
    reasons
}

fn not_back(recovery: &RecoveryRecord) -> bool {
    matches!(recovery.state, RecoveryState::Permanent | RecoveryState::Undecided)
}

fn relapsed(recovery: &RecoveryRecord) -> bool {
    recovery.state == RecoveryState::Relapsed
}

/// Faults whose recovery is bad in this way, and would be without the driver's own pauses too.
fn theirs<'a>(facts: &'a Facts<'_>, bad: fn(&RecoveryRecord) -> bool) -> impl Iterator<Item = &'a FaultRecord> {
    let faults = facts.faults.iter().zip(facts.own);
    let bad = move |(fault, own): &(&FaultRecord, &Option<Own>)| {
        fault.recovery.as_ref().is_some_and(bad) && own.as_ref().is_none_or(|own| bad(&own.recovery))
    };
    faults.filter(bad).map(|(fault, _)| fault)
}

/// What keeps a run without false claims from being a proof.
fn doubts(facts: &Facts<'_>) -> Vec<Reason> {
    let doubt = |message: String, help: &str| Reason {
        kind: ReasonKind::Inconclusive,
        message,
        help: (!help.is_empty()).then(|| help.to_owned()),
    };
    if facts.faults.is_empty() {
        let help = "inject one: `chaos.inject(proxy.latency(millis(300))).hold(secs(10)).await?`";
        return vec![doubt("nothing was injected, so nothing was proven".into(), help)];
    }
    if !facts.has_steady_state {
        let help = "declare one: `steady_state(success_rate >= 99%)`";
        return vec![doubt("no steady state was declared, so neither gate nor recovery can be judged".into(), help)];
    }
    let mut reasons = Vec::new();
    for (fault, _) in facts.faults.iter().zip(facts.seen).filter(|(_, seen)| **seen == 0) {
        let help = "start a load before the injection and hold the fault longer";
        let which = if facts.faults.len() == 1 { "the fault".to_owned() } else { format!("`{}`", fault.what) };
        reasons.push(doubt(format!("no operation was observed while {which} was active"), help));
    }
    for (fault, text) in facts.faults.iter().zip(facts.lost).filter_map(|(f, lost)| Some((f, lost.as_ref()?))) {
        let help = "something ended it before its time; find out what, or hold it for less long";
        reasons.push(doubt(format!("`{}` was no longer seen at its end: {text}", fault.what), help));
    }
    for fault in facts.faults.iter().filter(|fault| fault.confirmed_us.is_none()) {
        reasons.push(doubt(format!("`{}` was never confirmed: {}", fault.what, fault.evidence), ""));
    }
    for (fault, own) in facts.faults.iter().zip(facts.own).filter_map(|(f, own)| Some((f, own.as_ref()?))) {
        let bad = |recovery: &RecoveryRecord| not_back(recovery) || relapsed(recovery);
        if fault.recovery.as_ref().is_some_and(bad) && !bad(&own.recovery) {
            let done = format!("kept the steady state from coming back after `{}`", fault.what);
            reasons.push(doubt(own::paused(&done, own.longest), own::HELP));
        }
    }
    let open = |claim: &&ClaimRecord| {
        claim.role != ClaimRole::Guard && matches!(claim.judgement, Judgement::Inconclusive | Judgement::NotJudged)
    };
    reasons.extend(facts.claims.iter().filter(open).map(|claim| {
        let why = if claim.remark.is_empty() { "it was not judged" } else { &claim.remark };
        let help = if own::is_blamed(why) { own::HELP } else { "" };
        doubt(format!("`{}` can't be decided: {why}", claim.text), help)
    }));
    reasons
}

/// Tolerates a known weakness until its date, and not a day longer; a weakness that is gone must go from the code too.
pub(crate) fn known_weakness(
    core: &Core,
    verdict: Verdict,
    reasons: Vec<Reason>,
    claims: &[ClaimRecord],
    today: &str,
) -> (Verdict, Vec<Reason>, Option<Finding>) {
    let false_claims = || {
        let broken = |claim: &&ClaimRecord| claim.judgement == Judgement::Broken && claim.role != ClaimRole::Guard;
        claims.iter().filter(broken).map(|claim| claim.text.clone()).collect::<Vec<_>>()
    };
    let Some(known) = core.spec.options.known_weakness else {
        let finding = (verdict == Verdict::Refuted).then(|| Finding {
            id: None,
            urgency: None,
            owner: None,
            fix_by: None,
            claims: false_claims(),
        });
        return (verdict, reasons, finding);
    };
    let finding = Finding {
        id: Some(known.id.to_owned()),
        urgency: Some(known.urgency),
        owner: known.owner.map(Into::into),
        fix_by: Some(known.fix_by.to_owned()),
        claims: false_claims(),
    };
    let reason =
        |message: String, help: &str| Reason { kind: ReasonKind::KnownWeakness, message, help: Some(help.into()) };
    match verdict {
        // Dates of this form compare as texts.
        Verdict::Refuted if today <= known.fix_by => {
            let first =
                reason(format!("known weakness {}, tolerated until {}", known.id, known.fix_by), "fix it by then");
            (Verdict::KnownWeakness, std::iter::once(first).chain(reasons).collect(), Some(finding))
        }
        Verdict::Refuted => {
            let first = reason(
                format!("known weakness {} was to be fixed by {}", known.id, known.fix_by),
                "fix it, or agree on another date in `known_weakness(fix_by = …)`",
            );
            (Verdict::Refuted, std::iter::once(first).chain(reasons).collect(), Some(finding))
        }
        Verdict::Passed => {
            let gone = reason(
                format!("known weakness {} is gone: the hypothesis holds", known.id),
                "remove the annotation `known_weakness(…)`, so that it stays so",
            );
            (Verdict::Refuted, vec![gone], None)
        }
        other => (other, reasons, None),
    }
}
