//! What the timeline does for values that come late: it lasts until there are some, and waits for them at the end.

use super::core::Core;
use super::guard::Breach;
use super::judge_late::{periods, spans};
use super::judging::kinds;
use super::subjects::refuse_other_units;
use crate::claim::sample::Stretch;
use crate::claim::{Claim, Limit, Metric, Scope, display};
use crate::clock::{Nanos, nanos};
use crate::probe::{Late, State};
use crate::report::journal::{EventKind, PhaseKind, ReasonKind};
use crate::{ErrorKind, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// The probe that a claim speaks of, if its values come late.
fn of(core: &Core, claim: &Claim) -> Option<Arc<Late>> {
    let Metric::Probe(name) = claim.metric else { return None };
    core.probes.late(name)
}

/// Refuses, before anything else, probes of no use and claims that can't be decided by what comes late.
/// `baseline` = the claims that the gate judges or that refer to it.
pub(super) async fn refuse_the_useless<'a>(
    core: &Core,
    baseline: impl Iterator<Item = &'a Claim> + Clone,
) -> Result<()> {
    for (name, late) in core.probes.all_late() {
        if let Err(error) = late.checked().await {
            let kind = match error.kind() {
                ErrorKind::Inconclusive => ReasonKind::Inconclusive,
                _ => ReasonKind::Body,
            };
            let message = format!("probe `{name}`: {}", error.message());
            return Err(core.decide(kind, error.kind(), message, error.help_text()));
        }
    }
    refuse_other_units(core)?;
    refuse_a_steady_state_that_comes_late(core)?;
    refuse_what_takes_too_long(core, baseline)
}

/// Recovery is measured second by second, which needs something that is known by the second.
fn refuse_a_steady_state_that_comes_late(core: &Core) -> Result<()> {
    let claims = core.spec.steady_state;
    if claims.is_empty() || claims.iter().any(|claim| of(core, claim).is_none()) {
        return Ok(());
    }
    Err(core.decide(
        ReasonKind::Inconclusive,
        ErrorKind::Inconclusive,
        "recovery can't be measured: all of the steady state is known only minutes later".into(),
        Some("add a claim about operations: `steady_state(success_rate >= 99%, …)`"),
    ))
}

/// The least time that baseline and after phase take tells which claims outlast the time-out.
fn refuse_what_takes_too_long<'a>(core: &Core, baseline: impl Iterator<Item = &'a Claim> + Clone) -> Result<()> {
    let at_gate = |late: &Late| late.period() + late.settles();
    let late = |claim: &'a Claim| Some((claim, of(core, claim)?));
    let Some((claim, probe)) = baseline.filter_map(late).max_by_key(|(_, late)| at_gate(late)) else { return Ok(()) };
    let after = core.spec.steady_state.iter().filter_map(|claim| of(core, claim)).map(|late| late.period()).max();
    let elapsed = Duration::from_nanos(core.clock.now());
    let least = elapsed + at_gate(&probe) + after.unwrap_or_default();
    if least <= core.settings.timeout {
        return Ok(());
    }
    let message = format!(
        "`{}` can never be decided: with periods of {} that settle within {} the experiment takes at least {}, and its \
         time-out is {}",
        claim.text,
        display::duration(probe.period()),
        display::duration(probe.settles()),
        display::duration(least),
        display::duration(core.settings.timeout),
    );
    let help = "raise `timeout = …` in the attribute, or use a shorter period";
    Err(core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, Some(help)))
}

/// Tells which claims need a longer fault to be sure of a whole period in it.
pub(super) fn warn_of_thin_phase(core: &Core, hold: Duration) {
    for claim in core.spec.hypothesis.iter().filter(|claim| claim.scope == Scope::During) {
        let Some(late) = of(core, claim) else { continue };
        if hold >= late.period() * 2 || late.aggregate().bounds_parts(claim) {
            continue;
        }
        let note = format!(
            "`{}` needs a whole period of {} in the fault phase; one of {} {}",
            claim.text,
            display::duration(late.period()),
            display::duration(hold),
            if hold < late.period() { "has none" } else { "may have none" },
        );
        core.events.note(EventKind::Note, note.as_str());
        core.note(note);
    }
}

/// How long a baseline lasts at most for the sake of these claims.
pub(super) fn longest_baseline<'a>(core: &Core, claims: impl Iterator<Item = &'a Claim>) -> Duration {
    let longest = |late: Arc<Late>| late.period() * 2 + late.settles() + late.patience();
    claims.filter_map(|claim| of(core, claim)).map(longest).max().unwrap_or_default()
}

/// Tells why the baseline lasts longer than it must.
pub(super) fn tell_of_baseline<'a>(core: &Core, claims: impl Iterator<Item = &'a Claim>) {
    let late = |claim: &'a Claim| Some((claim, of(core, claim)?));
    if let Some((claim, late)) = claims.filter_map(late).max_by_key(|(_, late)| late.period() + late.settles()) {
        core.events.note(
            EventKind::Note,
            format!(
                "the baseline lasts until a whole period of {} has settled, {} after its end, for `{}`",
                display::duration(late.period()),
                display::duration(late.settles()),
                claim.text
            ),
        );
    }
}

/// Whether the baseline that began at `begun` has a whole settled period for this claim, and no newer value that
/// speaks against it but may still change.
pub(super) fn known_at_gate(core: &Core, claim: &Claim, begun: Nanos) -> bool {
    let Some(late) = of(core, claim) else { return true };
    let beyond = |value: f64| matches!(claim.limit, Limit::Value(limit) if !claim.cmp.holds(value, limit.plain().0));
    let states: Vec<State> = late.inside(begun, core.clock.now()).map(|period| late.state(period)).collect();
    let settled = states.iter().any(|state| matches!(state, State::Settled(_)));
    let broken = states.iter().any(|state| matches!(state, State::Settled(Some(value)) if beyond(*value)));
    let doubtful = states.iter().any(|state| matches!(state, State::Provisional(value) if beyond(*value)));
    settled && (broken || !doubtful)
}

/// All claims that are judged at the end, with the phases they speak of.
fn at_the_end(core: &Core) -> Vec<(Claim, &'static [PhaseKind])> {
    let expectations = core.expectations.lock().unwrap_or_else(PoisonError::into_inner);
    let steady = core.spec.steady_state.iter().map(|claim| (*claim, kinds(Scope::After)));
    let stated = core.spec.hypothesis.iter().chain(expectations.iter()).map(|claim| (*claim, kinds(claim.scope)));
    steady.chain(stated).collect()
}

/// How long the after phase lasts at most for the sake of late values.
pub(super) fn longest_after(core: &Core) -> Duration {
    let late = at_the_end(core).into_iter().filter_map(|(claim, _)| of(core, &claim));
    late.map(|late| late.period() * 2).max().unwrap_or_default()
}

/// Whether the after phase that began at `begun` has a whole period where a claim needs one, and the periods that the
/// faults were in have ended.
pub(super) fn after_is_long_enough(core: &Core, begun: Nanos) -> bool {
    let now = core.clock.now();
    let harmed = spans(&core.timeline.stretches(now), &[PhaseKind::Fault]).last().map(|(_, end)| *end);
    at_the_end(core).into_iter().all(|(claim, kinds)| {
        let Some(late) = of(core, &claim) else { return true };
        match kinds {
            [PhaseKind::After] => late.inside(begun, now).next().is_some(),
            [PhaseKind::Fault] => true,
            _ => harmed.is_none_or(|end| late.overlapping(end - 1, end).all(|period| period.lies_in(0, now))),
        }
    })
}

/// A guard's bin: what its periods say, if all of them lie behind the first injection.
pub(super) fn breach(
    core: &Core,
    name: &str,
    unit: &str,
    from: Nanos,
    to: Nanos,
    holds: impl Fn(f64) -> bool,
) -> Breach {
    let (Some(late), Some(since)) = (core.probes.late(name), core.timeline.first_injection()) else {
        return Breach::No;
    };
    if late.unit().is_some_and(|known| known != unit) {
        return Breach::No;
    }
    let mut open = false;
    for period in late.overlapping(from, to) {
        match late.state(period) {
            State::Awaited => open = true,
            State::Settled(Some(value)) | State::Provisional(value)
                if holds(value) && period.lies_in(since, Nanos::MAX) => {}
            _ => return Breach::No,
        }
    }
    if open { Breach::Open } else { Breach::Yes }
}

/// What is waited for when the load has ended.
pub(super) struct Awaited {
    name: String,
    late: Arc<Late>,
    /// The last period that a claim speaks of.
    last: crate::probe::Period,
    until: Nanos,
}

impl Awaited {
    /// Whether it has settled, or is late beyond all patience.
    pub(super) fn is_over(&self, now: Nanos) -> bool {
        matches!(self.late.state(self.last), State::Settled(_)) || now >= self.until
    }

    /// The values of which probe, and for how long.
    pub(super) fn tell(&self, now: Nanos) -> String {
        let left = display::duration(Duration::from_nanos(self.until.saturating_sub(now)));
        format!("waits for values of probe `{}`, up to {left}", self.name)
    }
}

/// The values that claims and guards speak of and that are still to come.
pub(super) fn awaited(core: &Core, stretches: &[Stretch]) -> Vec<Awaited> {
    let mut last = BTreeMap::new();
    let guards = core.spec.abort_if.iter().map(|claim| (*claim, kinds(Scope::Run)));
    for (claim, kinds) in at_the_end(core).into_iter().chain(guards) {
        let (Metric::Probe(name), Some(late)) = (claim.metric, of(core, &claim)) else { continue };
        if let Some((period, _)) = periods(&late, stretches, kinds).last().copied() {
            let entry = last.entry(name).or_insert((late, period));
            if period.end > entry.1.end {
                entry.1 = period;
            }
        }
    }
    let now = core.clock.now();
    let all = last.into_iter().map(|(name, (late, last))| {
        let settled = u64::try_from(last.end).unwrap_or_default() + nanos(late.settles());
        let until = settled + nanos(late.patience());
        Awaited { name: name.to_owned(), late, last, until }
    });
    all.filter(|awaited| !awaited.is_over(now)).collect()
}
