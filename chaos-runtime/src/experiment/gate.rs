//! The gate: warm-up, baseline, and the steady state judged on it before anything is harmed.

use super::conditions::refuse_unless_well;
use super::core::Core;
use super::late;
use super::meter::{LaneState, Measured};
use super::subjects::{refuse_the_unknown, unknown_load};
use crate::claim::judge::{blank, judge, needed_operations};
use crate::claim::sample::{Reading, Sample, Stretch};
use crate::claim::{Claim, Limit, Metric, Reference, Scope, display};
use crate::claim::{own, relative};
use crate::clock::{Nanos, nanos};
use crate::report::journal::{ClaimRecord, ClaimRole, EventKind, Judgement, PhaseKind, ReasonKind};
use crate::{ErrorKind, Result};
use std::time::Duration;

/// How often the baseline is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A baseline that claims need more samples of goes on at most this many times its least length.
const STRETCH: u32 = 20;

/// What came of the gate.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Warm-up and baseline are over and the steady state held.
    pub(crate) open: bool,
    /// The steady state's judgements.
    pub(crate) records: Vec<ClaimRecord>,
    /// What was measured until then: later on, operations of the baseline that the fault caught in flight
    /// are among its measurements, and `of baseline` must not mean those.
    pub(crate) baseline: Vec<Measured>,
}

/// Runs warm-up and baseline and judges the steady state. `load_started` = when the last load began.
pub(crate) async fn pass(core: &Core, load_started: Option<Nanos>, gate: &mut Gate) -> Result<()> {
    if gate.open {
        return Ok(());
    }
    refuse_the_unknown(core).await?;
    refuse_the_undecidable(core).await?;
    late::refuse_the_useless(core, readers(core)).await?;
    refuse_unless_well(core).await?;
    if let Some(started) = load_started {
        core.clock.sleep_until(started + nanos(core.settings.warm_up)).await;
    }
    core.still_on()?;
    core.events.note(EventKind::Phase, "baseline");
    let begun = core.timeline.begin(PhaseKind::Baseline).await;
    let (measured, hanging) = baseline(core, begun).await?;
    let stretches = core.timeline.stretches(core.clock.now());
    let records = records(core, &measured, &stretches, PhaseKind::Baseline, ClaimRole::SteadyState);
    gate.records.clone_from(&records);
    if let Some(broken) = records.iter().find(|record| record.judgement == Judgement::Broken) {
        let message = format!("steady state not met: `{}` measured {}", broken.text, broken.measured);
        core.events.note(EventKind::Gate, format!("gate closed: {message}"));
        return Err(core.decide(
            ReasonKind::SteadyState,
            ErrorKind::Unsteady,
            message,
            Some("nothing was injected; make the service steady first, or claim less of it"),
        ));
    }
    let open = records.iter().find(|record| record.judgement != Judgement::Holds);
    let open = open.map(|record| (record.text.as_str(), record.remark.as_str()));
    if let Some((text, why)) = open.or(hanging.map(|claim| (claim.text, "too many operations are still in flight"))) {
        let message = format!("steady state not decidable: `{text}`: {why}");
        core.events.note(EventKind::Gate, format!("gate closed: {message}"));
        let help = if own::is_blamed(why) {
            "nothing was injected; measure again where nothing else keeps the cores busy"
        } else {
            "nothing was injected; raise the load's rate, or `baseline = …` in the attribute"
        };
        return Err(core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, Some(help)));
    }
    // Much may have happened since the beginning of the baseline.
    refuse_unless_well(core).await?;
    count_relative_limits(core, &measured).await;
    core.events.note(EventKind::Gate, "gate open: the steady state holds");
    gate.baseline = measured;
    gate.open = true;
    Ok(())
}

/// Claims that read the baseline: the steady state itself and everything `of baseline`.
fn readers(core: &Core) -> impl Iterator<Item = &Claim> + Clone {
    let of_baseline = |claim: &&Claim| {
        matches!(
            claim.limit,
            Limit::Relative { of: Reference::Baseline, .. }
                | Limit::Plus { of: Reference::Baseline, .. }
                | Limit::Minus { of: Reference::Baseline, .. }
        )
    };
    core.spec.steady_state.iter().chain(core.spec.hypothesis.iter().filter(of_baseline))
}

/// Rate × the longest baseline tells which claims can never be decided: says so before anything runs.
async fn refuse_the_undecidable(core: &Core) -> Result<()> {
    let infos = core.meter.infos().await;
    let longest = core.settings.baseline * STRETCH;
    for claim in readers(core) {
        let concerned: Vec<_> =
            infos.iter().filter(|info| claim.subject.is_none_or(|name| name == info.name)).collect();
        if concerned.is_empty() || concerned.iter().any(|info| info.rate.is_none()) {
            continue;
        }
        let rate: f64 = concerned.iter().filter_map(|info| info.rate).sum();
        let needed = needed_operations(claim, core.settings.confidence);
        if rate * longest.as_secs_f64() < needed as f64 {
            let seconds = Duration::from_secs_f64(needed as f64 / rate);
            return Err(core.decide(
                ReasonKind::Inconclusive,
                ErrorKind::Inconclusive,
                format!(
                    "`{}` can never be decided: it needs {} operations, which take {} at {rate}/s",
                    claim.text,
                    display::count(needed),
                    display::duration(seconds),
                ),
                Some("raise the load's rate, set a longer `baseline = …`, or claim a lower quantile"),
            ));
        }
    }
    Ok(())
}

/// Rate × hold time tells which claims this fault alone can't decide: says so before it is injected.
pub(crate) async fn warn_of_thin_phase(core: &Core, hold: Duration) {
    late::warn_of_thin_phase(core, hold);
    let infos = core.meter.infos().await;
    let during = |claim: &&Claim| claim.scope == Scope::During && !matches!(claim.metric, Metric::Probe(_));
    for claim in core.spec.hypothesis.iter().filter(during) {
        let concerned = infos.iter().filter(|info| claim.subject.is_none_or(|name| name == info.name));
        let Some(rate) = concerned.map(|info| info.rate).sum::<Option<f64>>() else { continue };
        let (needed, expected) = (needed_operations(claim, core.settings.confidence), rate * hold.as_secs_f64());
        if expected < needed as f64 {
            let note = format!(
                "`{}` needs {} operations; a fault phase of {} has about {}",
                claim.text,
                display::count(needed),
                display::duration(hold),
                display::count(expected as u64)
            );
            core.events.note(EventKind::Note, note.as_str());
            core.note(note);
        }
    }
}

/// Waits until the baseline is long enough for every claim that reads it, and gives the claim that operations
/// still in flight could break, if there is one.
async fn baseline(core: &Core, begun: Nanos) -> Result<(Vec<Measured>, Option<&'static Claim>)> {
    let least = begun + nanos(core.settings.baseline);
    let longest = (core.settings.baseline * STRETCH).max(late::longest_baseline(core, readers(core)));
    let longest = begun + nanos(longest);
    late::tell_of_baseline(core, readers(core));
    core.clock.sleep_until(least).await;
    loop {
        core.still_on()?;
        let (enough, hanging) =
            core.meter.look(|lanes| (enough(core, lanes, readers(core)), hanging(core, lanes, begun))).await;
        let known = readers(core).all(|claim| late::known_at_gate(core, claim, begun));
        if (enough && known && hanging.is_none()) || core.clock.now() >= longest {
            return Ok((core.meter.snapshot().await, hanging));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether the current phase has the operations that these claims need.
pub(crate) fn enough<'a>(core: &Core, lanes: &[LaneState], claims: impl IntoIterator<Item = &'a Claim>) -> bool {
    let phase = core.timeline.current_index();
    claims.into_iter().all(|claim| {
        let mut concerned = lanes.iter().filter(|lane| lane.concerns(claim.subject)).peekable();
        let none = concerned.peek().is_none();
        let operations: u64 = concerned.filter_map(|lane| lane.phase(phase)).map(|(tally, _)| tally.operations).sum();
        none || operations >= needed_operations(claim, core.settings.confidence)
    })
}

/// A claim of the steady state that holds only because operations that hang are not counted yet.
fn hanging(core: &Core, lanes: &[LaneState], begun: Nanos) -> Option<&'static Claim> {
    let (phase, now) = (core.timeline.current_index(), core.clock.now());
    let events = core.meter.events();
    core.spec.steady_state.iter().find(|claim| {
        let Limit::Value(limit) = claim.limit else { return false };
        let criterion = claim.criterion(limit);
        let event = criterion.and_then(|criterion| events.iter().position(|event| *event == criterion.event()));
        let (mut n, mut k, mut overdue) = (0, 0, 0);
        for lane in lanes.iter().filter(|lane| lane.concerns(claim.subject)) {
            overdue += lane.series.overdue(begun, now);
            if let Some((tally, events)) = lane.phase(phase) {
                n += tally.operations;
                k += event.and_then(|index| events.get(index)).copied().unwrap_or(0);
            }
        }
        match criterion {
            Some(criterion) => criterion.holds(k, n) && !criterion.holds(k + overdue, n + overdue),
            None => overdue > 0 && matches!(claim.metric, Metric::Max | Metric::Mean),
        }
    })
}

/// The steady state judged on the phases of one kind.
pub(crate) fn records(
    core: &Core,
    measured: &[Measured],
    stretches: &[Stretch],
    kind: PhaseKind,
    role: ClaimRole,
) -> Vec<ClaimRecord> {
    let events = core.meter.events();
    let judge_one = |claim: &Claim| {
        if let Metric::Probe(name) = claim.metric {
            return super::judge_probe::judge_probe(core, claim, role, name, stretches, &[kind]);
        }
        if let Some(unknown) = unknown_load(&names(measured), claim) {
            let mut record = blank(claim, role);
            record.judgement = Judgement::Inconclusive;
            record.remark = unknown;
            return record;
        }
        let sample = Sample::collect(measured, stretches, &[kind], claim.subject, false, &events);
        judge(claim, role, &sample, None, core.settings.confidence)
    };
    core.spec.steady_state.iter().map(judge_one).collect()
}

/// The names of the loads.
pub(crate) fn names(measured: &[Measured]) -> Vec<&str> {
    measured.iter().filter(|lane| !lane.control).map(|lane| lane.info.name.as_str()).collect()
}

/// Now that the baseline is known, operations beyond a relative limit are counted exactly.
async fn count_relative_limits(core: &Core, measured: &[Measured]) {
    let stretches = core.timeline.stretches(core.clock.now());
    let events = core.meter.events();
    for claim in readers(core).filter(|claim| claim.scope != Scope::Run || claim.event().is_none()) {
        let reference = Sample::collect(measured, &stretches, &[PhaseKind::Baseline], claim.subject, false, &events);
        if let Reading::Value(value) = reference.read(claim.metric, true)
            && let Some(event) = claim.event_at(relative::apply(claim.limit, value))
        {
            core.meter.register(event).await;
        }
    }
}
