//! One load's recorder: owned by its driver thread, so recording takes no lock.

use super::{
    Beat, Bins, Coarse, Ended, ErrorClass, Event, Fine, Outcome, Pauses, PhaseClock, Segment, Series, Strain, Tally,
};
use crate::clock::Nanos;
use crate::report::journal::{FailureSample, PhaseKind};
use std::sync::Arc;

/// An arrival sent later than this after its due time by the driver's own fault counts as late.
const LATE: Nanos = 10_000_000;

/// So many operations are looked at again at once.
const MOST_SUSPECTS: usize = 4_096;

/// One completed operation.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    /// When it was due to start.
    pub(crate) due: Nanos,
    /// When the driver noticed that it was due.
    pub(crate) noticed: Nanos,
    /// When a worker started it.
    pub(crate) started: Nanos,
    /// When it ended, retries included.
    pub(crate) ended: Nanos,
    /// What became of the first attempt.
    pub(crate) first: Outcome,
    /// Whether the last attempt succeeded.
    pub(crate) ok_at_last: bool,
    /// Attempts in all.
    pub(crate) attempts: u32,
}

/// What one phase of a load measured.
#[derive(Debug, Clone)]
pub(crate) struct PhaseMeasures {
    pub(crate) kind: PhaseKind,
    pub(crate) tally: Tally,
    /// From due to end, succeeded at last.
    pub(crate) response: Fine,
    /// From due to end, failed for good.
    pub(crate) failure_response: Coarse,
    pub(crate) service: Coarse,
    pub(crate) lag: Coarse,
    pub(crate) queue: Coarse,
    /// How many operations each registered event is true of.
    pub(crate) events: Vec<u64>,
    /// How many of those only because the driver itself was late or did not run.
    pub(crate) spoiled: Vec<u64>,
    /// What the driver itself did meanwhile.
    pub(crate) strain: Strain,
}

impl PhaseMeasures {
    fn new(kind: PhaseKind) -> Self {
        Self {
            kind,
            tally: Tally::default(),
            response: Fine::default(),
            failure_response: Coarse::default(),
            service: Coarse::default(),
            lag: Coarse::default(),
            queue: Coarse::default(),
            events: Vec::new(),
            spoiled: Vec::new(),
            strain: Strain::default(),
        }
    }

    /// Adds another's measurements.
    pub(crate) fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.response.add(&other.response);
        self.failure_response.add(&other.failure_response);
        self.service.add(&other.service);
        self.lag.add(&other.lag);
        self.queue.add(&other.queue);
        add_counts(&mut self.events, &other.events);
        add_counts(&mut self.spoiled, &other.spoiled);
        self.strain.add(&other.strain);
    }

    fn count_events(&mut self, kinds: usize) {
        self.events.resize(kinds, 0);
        self.spoiled.resize(kinds, 0);
    }

    /// Measurements of nothing, to add to.
    pub(crate) fn empty(kind: PhaseKind) -> Self {
        Self::new(kind)
    }
}

/// Keeps the first failure of each class in each kind of phase.
#[cold]
fn remember(failures: &mut Vec<FailureSample>, phase: &PhaseMeasures, first: &Outcome) {
    if let Some(class) = first.error
        && phase.tally.errors[class.index()] == 0
        && !failures.iter().any(|sample| sample.class == class && sample.phase == phase.kind)
    {
        let message = first.message.clone().unwrap_or_default();
        failures.push(FailureSample { class, message, phase: phase.kind });
    }
}

fn add_counts(mine: &mut Vec<u64>, theirs: &[u64]) {
    if theirs.len() > mine.len() {
        mine.resize(theirs.len(), 0);
    }
    mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
}

/// An operation that events are true of, until the next heartbeat tells for how long the driver did not run.
#[derive(Debug, Clone, Copy)]
struct Suspect {
    due: Nanos,
    noticed: Nanos,
    how: Ended,
    /// One bit for each event.
    events: u64,
}

/// A load's measurements so far.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    clock: Arc<PhaseClock>,
    version: usize,
    segments: Vec<Segment>,
    events: Vec<Event>,
    /// One for each segment of the phase clock, in its order.
    pub(crate) phases: Vec<PhaseMeasures>,
    pub(crate) series: Series,
    pub(crate) bins: Bins,
    bin: Nanos,
    /// The first failure of each class.
    pub(crate) failures: Vec<FailureSample>,
    suspects: Vec<Suspect>,
    pub(crate) pauses: Pauses,
    /// Operations that have ended since the last heartbeat.
    ended: u64,
}

impl Recorder {
    pub(crate) fn new(clock: Arc<PhaseClock>, bin: Nanos) -> Self {
        Self {
            clock,
            version: 0,
            segments: Vec::new(),
            events: Vec::new(),
            phases: Vec::new(),
            series: Series::new(bin),
            bins: Bins::new(bin),
            bin,
            failures: Vec::new(),
            suspects: Vec::new(),
            pauses: Pauses::default(),
            ended: 0,
        }
    }

    /// Its measurements; it is as new after that.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::new(self.clock.clone(), self.bin);
        std::mem::replace(self, empty)
    }

    /// Counts these events too from now on. An event's index in `events` of phases and slices is its place
    /// in the order of registration.
    pub(crate) fn register(&mut self, events: &[Event]) {
        for event in events {
            if !self.events.contains(event) {
                self.events.push(*event);
            }
        }
        self.series.count_events(self.events.len());
    }

    /// Brings the phases up to date with the clock. Called for every operation: one atomic load when nothing changed.
    fn refresh(&mut self) {
        if self.clock.version() != self.version {
            self.renew();
        }
    }

    #[cold]
    fn renew(&mut self) {
        self.version = self.clock.version();
        self.segments = self.clock.segments();
        let known = self.phases.len();
        self.phases.truncate(self.segments.len());
        for (index, segment) in self.segments.iter().enumerate() {
            match self.phases.get_mut(index) {
                Some(phase) => phase.kind = segment.kind,
                None => self.phases.push(PhaseMeasures::new(segment.kind)),
            }
        }
        debug_assert!(self.phases.len() >= known, "the phase clock only grows");
    }

    /// The phase of an operation that was due at `due`.
    fn phase_of(&self, due: Nanos) -> usize {
        self.segments.iter().rposition(|segment| segment.start <= due).unwrap_or(0)
    }

    /// Notes an arrival.
    pub(crate) fn due(&mut self, due: Nanos, noticed: Nanos) {
        self.refresh();
        let index = self.phase_of(due);
        let late = noticed.saturating_sub(due) > LATE;
        let strayed = late && self.phase_of(noticed) != index;
        let Some(phase) = self.phases.get_mut(index) else { return };
        phase.tally.due += 1;
        phase.tally.late += u64::from(late);
        phase.strain.strayed += u64::from(strayed);
        self.series.at(due).due += 1;
    }

    /// Notes an arrival that was never sent.
    pub(crate) fn dropped(&mut self, due: Nanos) {
        self.refresh();
        let phase = self.phase_of(due);
        if let Some(phase) = self.phases.get_mut(phase) {
            phase.tally.dropped += 1;
        }
    }

    /// Records a completed operation.
    pub(crate) fn complete(&mut self, done: &Completion) {
        self.refresh();
        let index = self.phase_of(done.due);
        let Some(phase) = self.phases.get_mut(index) else { return };
        let response = done.ended.saturating_sub(done.due);
        let lag = done.noticed.saturating_sub(done.due);
        if done.first.error.is_some() {
            remember(&mut self.failures, phase, &done.first);
        }
        phase.tally.complete(&done.first, done.ok_at_last, done.attempts);
        if done.ok_at_last {
            phase.response.record(response);
        } else {
            phase.failure_response.record(response);
        }
        phase.service.record(done.ended.saturating_sub(done.started));
        phase.lag.record(lag);
        phase.queue.record(done.started.saturating_sub(done.noticed));

        // Not when an event is registered: a phase that had ended by then has not counted it, and must not say zero.
        if phase.events.len() < self.events.len() {
            phase.count_events(self.events.len());
        }
        let (slice, counts) = self.series.with_events_at(done.due);
        let mut suspected = 0;
        for (index, event) in self.events.iter().enumerate() {
            if event.of(&done.first, done.ok_at_last, response) {
                phase.events[index] += 1;
                counts[index] += 1;
                suspected |= 1_u64.checked_shl(index as u32).unwrap_or(0);
            }
        }
        self.ended += 1;
        slice.operations += 1;
        slice.failed += u32::from(!done.first.is_ok());
        slice.max = slice.max.max(response);
        slice.sum += response;
        if done.ok_at_last {
            self.series.succeeded_at(done.ended);
        }
        self.bins.record(done.due, response, &self.series);
        if suspected != 0 {
            let timed_out = done.first.error == Some(ErrorClass::Timeout);
            let how = Ended { response, ok_at_last: done.ok_at_last, timed_out };
            self.suspect(Suspect { due: done.due, noticed: done.noticed, how, events: suspected });
        }
    }

    fn suspect(&mut self, suspect: Suspect) {
        if self.suspects.len() >= MOST_SUSPECTS {
            // A driver without a heartbeat has no pauses that are known, but lag.
            self.acquit_all();
        }
        self.suspects.push(suspect);
    }

    /// A heartbeat: what has ended since the last one is known to owe so much to the driver. `overrun` = arrivals
    /// since then, if those that were due could not all be sent; `pending` = operations in flight.
    pub(crate) fn beat(&mut self, beat: &Beat, overrun: Option<u64>, pending: usize) {
        self.refresh();
        let touched = std::mem::take(&mut self.ended) + pending as u64;
        let index = self.phase_of(beat.from);
        if let Some(phase) = self.phases.get_mut(index) {
            phase.strain.note(beat, touched);
            if let Some(sent) = overrun {
                phase.strain.overrun.0 += beat.to - beat.from;
                phase.strain.overrun.1 += sent;
            }
        }
        if let Some(pause) = beat.pause() {
            self.pauses.push(pause);
        }
        self.acquit_all();
    }

    fn acquit_all(&mut self) {
        let mut suspects = std::mem::take(&mut self.suspects);
        for suspect in suspects.drain(..) {
            self.acquit(&suspect);
        }
        // The room is used again.
        self.suspects = suspects;
    }

    /// Counts what is true of an operation only by the driver's doing.
    fn acquit(&mut self, suspect: &Suspect) {
        let Suspect { due, noticed, how, events } = *suspect;
        let own = noticed.saturating_sub(due) + self.pauses.share_of(noticed, due + how.response);
        if own == 0 {
            return;
        }
        let index = self.phase_of(due);
        let Some(phase) = self.phases.get_mut(index) else { return };
        let mut any = false;
        for (index, event) in self.events.iter().enumerate().take(64) {
            if events >> index & 1 == 1 && event.spoiled(how, own) {
                any = true;
                if phase.spoiled.len() <= index {
                    phase.spoiled.resize(index + 1, 0);
                }
                phase.spoiled[index] += 1;
            }
        }
        if any {
            self.series.at(due).spoiled += 1;
        }
    }

    /// Width of a bin.
    pub(crate) fn bin(&self) -> Nanos {
        self.bin
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::ErrorClass;
    const MS: Nanos = 1_000_000;

    fn done(due: Nanos, ended: Nanos) -> Completion {
        Completion { due, noticed: due, started: due, ended, first: Outcome::OK, ok_at_last: true, attempts: 1 }
    }

    fn recorder() -> (Arc<PhaseClock>, Recorder) {
        let clock = Arc::new(PhaseClock::default());
        clock.begin(PhaseKind::Baseline, 0);
        (clock.clone(), Recorder::new(clock, 1_000 * MS))
    }

    #[test]
    fn an_operation_belongs_to_the_phase_in_which_it_was_due() {
        let (clock, mut recorder) = recorder();
        recorder.due(90 * MS, 90 * MS);
        clock.begin(PhaseKind::Fault, 100 * MS);
        recorder.complete(&done(90 * MS, 400 * MS));
        recorder.due(100 * MS, 100 * MS);
        recorder.complete(&done(100 * MS, 401 * MS));
        assert_eq!(recorder.phases[0].tally.operations, 1);
        assert_eq!(recorder.phases[1].tally.operations, 1);
        assert_eq!(recorder.phases[0].response.max(), 310 * MS);
        assert_eq!(recorder.phases[1].kind, PhaseKind::Fault);
    }

    #[test]
    fn thresholds_are_counted_exactly_not_by_bucket() {
        let (_clock, mut recorder) = recorder();
        let (at_least, above) = (0, 1);
        let slow = |strict| Event::Slow { limit: 300 * MS, strict };
        recorder.register(&[slow(true), slow(false), slow(true)]);
        for latency in [300 * MS - 1, 300 * MS, 300 * MS + 1] {
            recorder.complete(&done(0, latency));
        }
        assert_eq!(recorder.phases[0].events[at_least], 2);
        assert_eq!(recorder.phases[0].events[above], 1);
    }

    #[test]
    fn a_failed_operation_is_slow_whatever_it_took() {
        let (_clock, mut recorder) = recorder();
        recorder.register(&[Event::Slow { limit: 300 * MS, strict: true }]);
        let failed =
            Completion { first: Outcome::failed(ErrorClass::Refused, "refused"), ok_at_last: false, ..done(0, MS) };
        recorder.complete(&failed);
        assert_eq!(recorder.phases[0].events, [1]);
        assert_eq!(recorder.failures.len(), 1);
    }

    #[test]
    fn violations_by_the_drivers_own_lag_are_told_apart() {
        let (_clock, mut recorder) = recorder();
        recorder.register(&[Event::Slow { limit: 50 * MS, strict: true }]);
        recorder.complete(&Completion { noticed: 60 * MS, started: 60 * MS, ..done(0, 62 * MS) });
        recorder.complete(&Completion { noticed: 10 * MS, started: 10 * MS, ..done(0, 90 * MS) });
        recorder.beat(&Beat { from: 0, to: 90 * MS, ..Beat::default() }, None, 0);
        assert_eq!((recorder.phases[0].events[0], recorder.phases[0].spoiled[0]), (2, 1));
    }

    #[test]
    fn violations_by_pauses_of_the_driver_are_told_apart() {
        let (_clock, mut recorder) = recorder();
        recorder.register(&[Event::Slow { limit: 50 * MS, strict: true }, Event::Failed]);
        let timed_out = |due, ended| Completion {
            first: Outcome::failed(ErrorClass::Timeout, "no answer"),
            ok_at_last: false,
            ..done(due, ended)
        };
        recorder.complete(&done(5 * MS, 15 * MS));
        recorder.complete(&done(5 * MS, 70 * MS)); // 65 ms, of which 60 are ours.
        recorder.complete(&done(5 * MS, 200 * MS)); // 195 ms, of which 120 are ours, the time to catch up included.
        recorder.complete(&timed_out(5 * MS, 305 * MS));
        recorder.complete(&timed_out(5 * MS, 5_000 * MS));
        recorder.beat(&Beat { from: 10 * MS, to: 70 * MS, paused: 60 * MS, ..Beat::default() }, None, 3);
        recorder.complete(&done(300 * MS, 400 * MS)); // Long after.
        recorder.beat(&Beat { from: 70 * MS, to: 400 * MS, ..Beat::default() }, None, 0);
        let phase = &recorder.phases[0];
        assert_eq!(phase.events, [5, 2]);
        assert_eq!(phase.spoiled, [2, 1], "one that is slow, one that timed out after a short while");
        assert_eq!((phase.strain.pauses, phase.strain.longest), (1, 60 * MS));
        assert_eq!(phase.strain.owed, u128::from(8 * 120 * MS), "five had ended, three were in flight");
        assert_eq!(recorder.series.at(5 * MS).spoiled, 2);
    }

    #[test]
    fn what_is_sent_in_another_phase_than_it_was_due_in_has_strayed() {
        let (clock, mut recorder) = recorder();
        clock.begin(PhaseKind::Fault, 100 * MS);
        recorder.due(90 * MS, 105 * MS);
        recorder.due(95 * MS, 101 * MS);
        recorder.due(120 * MS, 150 * MS);
        assert_eq!(recorder.phases[0].strain.strayed, 1, "a few milliseconds are no matter");
        assert_eq!(recorder.phases[1].strain.strayed, 0);
    }
}
