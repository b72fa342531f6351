//! What the measuring machine itself could have done to a judgement.
//!
//! A judgement that would be another one without the driver's own lag, pauses and limits is none. Upper limits that
//! hold stay so, as lag only makes things look worse; but it can make a lower limit hold, and a reference look bad.

use super::judge::Opinion;
use super::sample::{Reading, Sample, rank};
use super::{Claim, Metric, Value, display, relative};
use crate::clock::Nanos;
use crate::measure::Event;
use crate::report::journal::Judgement;
use std::time::Duration;

/// How every remark of this kind begins.
const MACHINE: &str = "the measuring machine";

/// What a person can do about it.
pub(crate) const HELP: &str = "nothing is said about the target; measure again where nothing else keeps the cores busy";

/// Whether a remark blames the measuring machine.
pub(crate) fn is_blamed(remark: &str) -> bool {
    remark.starts_with(MACHINE)
}

/// What a driver's pauses may have done, of which this was the longest.
pub(crate) fn paused(done: &str, longest: Nanos) -> String {
    let longest = display::duration(Duration::from_nanos(longest));
    format!("{MACHINE} itself may have {done}: the load driver did not run for up to {longest}")
}

/// A driver's thread that uses this much of a core has none left.
pub(crate) const SATURATED: f64 = 0.9;

/// A turn of a driver that takes longer is noticed as a pause, so this is the most that a busy one hides.
const LONGEST_TURN: Duration = Duration::from_millis(5);

/// The judgement, unless the measuring machine could have made it.
pub(super) fn reviewed(opinion: Opinion, sample: &Sample<'_>, judge: impl Fn() -> Opinion) -> Opinion {
    match opinion.judgement {
        Judgement::Broken if sample.measures.strain.suspended > 0 => Opinion::inconclusive(suspended(sample)),
        Judgement::Broken | Judgement::Holds if judge().judgement != opinion.judgement => {
            Opinion::inconclusive(by_itself(&opinion, &delays(sample)))
        }
        Judgement::Holds if strayed(sample) => {
            let count = display::count(sample.measures.strain.strayed);
            Opinion::inconclusive(format!(
                "{MACHINE} was late: {count} operations that were due in the phase were sent after it"
            ))
        }
        _ => opinion,
    }
}

/// `the measuring machine itself may have broken it: …`
fn by_itself(opinion: &Opinion, why: &str) -> String {
    let done = if opinion.judgement == Judgement::Broken { "broken it" } else { "made it true" };
    format!("{MACHINE} itself may have {done}: {why}")
}

/// How late the driver was in what it did.
fn delays(sample: &Sample<'_>) -> String {
    let duration = |nanos| display::duration(Duration::from_nanos(nanos));
    let lag = duration(sample.measures.lag.max());
    match sample.measures.strain.longest {
        0 => format!("the load driver was up to {lag} late"),
        longest => format!("the load driver was up to {lag} late, and did not run for up to {}", duration(longest)),
    }
}

fn suspended(sample: &Sample<'_>) -> String {
    let long = display::duration(Duration::from_nanos(sample.measures.strain.suspended));
    format!("{MACHINE} was suspended for {long} meanwhile")
}

/// So many operations were sent in another phase than they were due in that they were no sample of it.
fn strayed(sample: &Sample<'_>) -> bool {
    sample.measures.strain.strayed * 10 > sample.operations().max(1)
}

/// A quantile that a driver without a core to spare may have broken: every answer waits behind those of others.
pub(super) fn queued(claim: &Claim, sample: &Sample<'_>, limit: Value) -> Option<Opinion> {
    let (Metric::Quantile(q), Value::Duration(limit)) = (claim.metric, limit) else { return None };
    let share = saturation(sample)?;
    let Reading::Value(Value::Duration(value)) = sample.read(Metric::Quantile(q), false) else { return None };
    let (watched, used) = sample.measures.strain.cpu?;
    let responses = sample.measures.response.sum() + sample.measures.failure_response.sum();
    let in_flight = responses as f64 / watched.max(1) as f64;
    let turn = Duration::from_nanos((in_flight * used as f64 / sample.operations().max(1) as f64) as u64);
    let without = value.saturating_sub(turn.min(LONGEST_TURN));
    let holds = |value: Duration| claim.cmp.holds(value.as_secs_f64(), limit.as_secs_f64());
    (!holds(value) && holds(without)).then(|| Opinion::inconclusive(at_its_limit(share)))
}

fn at_its_limit(share: f64) -> String {
    let share = display::percent((share * 100.0).round());
    format!("{MACHINE} was at its limit: the load driver's thread used {share} of a core")
}

fn saturation(sample: &Sample<'_>) -> Option<f64> {
    sample.measures.strain.cpu_share().filter(|share| *share >= SATURATED)
}

/// `max`, `mean`, `throughput`: the measured value `value` decides, unless the machine could have made it.
pub(super) fn of_reading(claim: &Claim, sample: &Sample<'_>, value: f64, limit: f64) -> Opinion {
    let opinion = Opinion::of(claim.cmp.holds(value, limit));
    let without = match claim.metric {
        Metric::Max => return of_longest(claim, sample, opinion, limit),
        Metric::Mean => {
            let own = sample.measures.lag.sum() + sample.measures.strain.owed;
            (value - own as f64 / 1e9 / sample.operations().max(1) as f64).max(0.0)
        }
        // An open loop sends later what was held up; a closed one never.
        Metric::Throughput if sample.closed_loop => {
            let paused = Duration::from_nanos(sample.measures.strain.paused).as_secs_f64();
            value * sample.seconds / (sample.seconds - paused).max(sample.seconds / 10.0)
        }
        _ => value,
    };
    if claim.metric == Metric::Throughput && opinion.judgement == Judgement::Broken && !claim.cmp.is_upper() {
        if let Some(most) = sample.measures.strain.ceiling(sample.seconds) {
            let most = display::value(Value::Rate(most));
            return Opinion::inconclusive(format!("{MACHINE} was at its limit: it sends {most} at most"));
        }
        if let Some(share) = saturation(sample).filter(|_| sample.closed_loop) {
            return Opinion::inconclusive(at_its_limit(share));
        }
    }
    reviewed(opinion, sample, || Opinion::of(claim.cmp.holds(without, limit)))
}

/// The longest of all is beyond the limit as soon as one is: are all of these ours?
fn of_longest(claim: &Claim, sample: &Sample<'_>, opinion: Opinion, limit: f64) -> Opinion {
    let Some(event) = claim.event_at(Value::Duration(Duration::from_secs_f64(limit.max(0.0)))) else { return opinion };
    let (beyond, spoiled) = (sample.count(event), sample.spoiled(event));
    let all_ours = spoiled > 0 && beyond == spoiled;
    let other = if opinion.judgement == Judgement::Broken { Judgement::Holds } else { Judgement::Broken };
    let judgement = if all_ours { other } else { opinion.judgement };
    reviewed(opinion, sample, || Opinion { judgement, remark: String::new() })
}

/// Whether a relative claim holds only because the reference was measured by a late driver, which makes its limit
/// easier to meet.
pub(super) fn flattered(
    claim: &Claim,
    sample: &Sample<'_>,
    reference: &Sample<'_>,
    name: &str,
    limit: Value,
) -> Option<Opinion> {
    let (measured, limit) = (plain(sample.read(claim.metric, true))?, limit.plain().0);
    let at_reference = plain(reference.read(claim.metric, true))?;
    let (own, own_of_reference) = (own(claim, sample)?, own(claim, reference)?);
    // Lag that is small beside the margin can't matter, and equal lag of both cancels out.
    let margin = (limit - at_reference).abs();
    if own_of_reference.abs() * 10.0 < margin {
        return None;
    }
    let without = with_unit(claim, at_reference - own_of_reference)?;
    let honest = relative::apply(claim.limit, without).plain().0;
    let holds = claim.cmp.holds(measured, limit) && !claim.cmp.holds(measured - own, honest);
    holds.then(|| {
        Opinion::inconclusive(format!("{MACHINE} itself may have made it true: in the {name}, {}", delays(reference)))
    })
}

fn plain(reading: Reading) -> Option<f64> {
    match reading {
        Reading::Value(value) => Some(value.plain().0),
        Reading::Failed | Reading::Nothing => None,
    }
}

/// A value of the claim's metric.
fn with_unit(claim: &Claim, plain: f64) -> Option<Value> {
    match claim.metric {
        Metric::Quantile(_) | Metric::Max | Metric::Mean => {
            Some(Value::Duration(Duration::try_from_secs_f64(plain.max(0.0)).ok()?))
        }
        Metric::SuccessRate | Metric::ErrorRate | Metric::Status(_) | Metric::Error(_) => Some(Value::Percent(plain)),
        _ => None,
    }
}

/// How much of a measured value is the driver's own, at most: what it would be less without.
fn own(claim: &Claim, sample: &Sample<'_>) -> Option<f64> {
    let seconds = |nanos: u64| Duration::from_nanos(nanos).as_secs_f64();
    let n = sample.operations();
    let strain = &sample.measures.strain;
    Some(match claim.metric {
        Metric::Quantile(q) => {
            let value = sample.at_rank(rank(q, n))?;
            let lag = sample.measures.lag.at_rank(rank(q, n)).unwrap_or(0);
            // As if all that a pause may have touched were the slowest.
            let rest = n - strain.touched.min(n / 2);
            let without = sample.at_rank(rank(q, rest)).unwrap_or(value).min(value.saturating_sub(lag));
            // A pause adds no more than its own length to anything.
            seconds((value - without).min(lag + 2 * strain.longest))
        }
        Metric::Max => seconds(sample.measures.lag.max() + 2 * strain.longest),
        Metric::Mean => (sample.measures.lag.sum() + strain.owed) as f64 / 1e9 / n.max(1) as f64,
        Metric::ErrorRate => sample.spoiled(Event::Failed) as f64 / n.max(1) as f64 * 100.0,
        Metric::SuccessRate => -(sample.spoiled(Event::Failed) as f64 / n.max(1) as f64 * 100.0),
        Metric::Error(class) => sample.spoiled(Event::Error(class)) as f64 / n.max(1) as f64 * 100.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::judge::judge;
    use crate::measure::{Beat, Completion, Outcome, PhaseClock, PhaseMeasures, Recorder};
    use crate::report::journal::{ClaimRecord, ClaimRole, PhaseKind};
    use std::sync::Arc;

    const MS: Nanos = 1_000_000;

    /// A thousand operations in a second, of these latencies and lags in milliseconds.
    fn measures(response: u64, lag: u64, beat: Beat, overrun: Option<u64>) -> PhaseMeasures {
        let clock = Arc::new(PhaseClock::default());
        clock.begin(PhaseKind::Fault, 0);
        let mut recorder = Recorder::new(clock, 1_000 * MS);
        for due in (0..1_000).map(|i| i * MS) {
            let (noticed, ended) = (due + lag * MS, due + response * MS);
            recorder.due(due, noticed);
            let (first, ok_at_last, attempts) = (Outcome::OK, true, 1);
            recorder.complete(&Completion { due, noticed, started: noticed, ended, first, ok_at_last, attempts });
        }
        recorder.beat(&Beat { to: 1_000 * MS, ..beat }, overrun, 0);
        recorder.phases.remove(0)
    }

    fn judged(claim: Claim, sample: &Sample<'_>, reference: Option<&Sample<'_>>) -> ClaimRecord {
        judge(&claim, ClaimRole::Hypothesis, sample, reference, None)
    }

    fn busy(cpu_ms: u64) -> Beat {
        Beat { cpu: Some(cpu_ms * MS), ..Beat::default() }
    }

    #[test]
    fn a_closed_loop_without_a_core_to_spare_has_not_measured_the_target_s_throughput() {
        let claim = crate::slo!(throughput >= 2000 / s);
        let of = |cpu, closed| judged(claim, &Sample::of(measures(1, 0, busy(cpu), None), 1.0, closed), None);
        let saturated = of(960, true);
        assert_eq!(saturated.judgement, Judgement::Inconclusive);
        assert!(saturated.remark.contains("used 96 % of a core"), "{}", saturated.remark);
        assert_eq!(of(500, true).judgement, Judgement::Broken, "half a core is enough");
        assert_eq!(of(960, false).judgement, Judgement::Broken, "an open loop says itself what it could not send");
    }

    #[test]
    fn a_rate_that_this_machine_can_t_send_is_told_and_not_the_target_s() {
        let claim = crate::slo!(throughput >= 2000 / s);
        let record = judged(claim, &Sample::of(measures(1, 0, busy(990), Some(1_000)), 1.0, false), None);
        assert_eq!(record.judgement, Judgement::Inconclusive);
        assert!(record.remark.contains("at most"), "{}", record.remark);
    }

    #[test]
    fn a_busy_driver_is_no_excuse_for_what_it_can_t_have_done() {
        let of = |response| {
            let claim = crate::slo!(p99 < 20ms);
            judged(claim, &Sample::of(measures(response, 0, busy(980), None), 1.0, true), None).judgement
        };
        assert_eq!(of(22), Judgement::Inconclusive, "its own queue may make a few milliseconds");
        assert_eq!(of(40), Judgement::Broken);
        assert_eq!(of(10), Judgement::Holds);
    }

    #[test]
    fn nothing_is_broken_while_the_machine_is_suspended() {
        let slept = Beat { suspended: 7_000 * MS, ..Beat::default() };
        let of = |response| {
            let claim = crate::slo!(p99 < 20ms);
            judged(claim, &Sample::of(measures(response, 0, slept, None), 1.0, false), None)
        };
        assert_eq!(of(10).judgement, Judgement::Holds);
        assert_eq!(of(40).judgement, Judgement::Inconclusive);
        assert!(of(40).remark.contains("was suspended for 7 s"), "{}", of(40).remark);
    }

    #[test]
    fn a_late_reference_makes_a_claim_no_truer() {
        let claim = crate::slo!(p99 <= 110% of baseline);
        let sample = |response, lag| Sample::of(measures(response, lag, Beat::default(), None), 1.0, false);
        let of = |sample: &Sample<'_>, reference: &Sample<'_>| judged(claim, sample, Some(reference)).judgement;
        assert_eq!(of(&sample(60, 0), &sample(20, 0)), Judgement::Broken);
        assert_eq!(of(&sample(60, 0), &sample(60, 40)), Judgement::Inconclusive, "20 ms without the lag");
        assert_eq!(of(&sample(60, 40), &sample(60, 40)), Judgement::Holds, "equally late in both");
        assert_eq!(of(&sample(60, 0), &sample(60, 0)), Judgement::Holds);
    }
}
