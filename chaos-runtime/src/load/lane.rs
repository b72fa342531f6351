//! A load's queue of due operations and its pool of workers, all on one driver thread.

use super::deadline::Deadline;
use super::{OpId, Operation, Retry, planted};
use crate::clock::{Clock, Nanos, nanos};
use crate::measure::{Completion, ErrorClass, Outcome, Recorder};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// Arrivals that may wait for a worker; the next one is dropped and counted. 24 MB at most.
const MOST_WAITING: usize = 1_000_000;

/// How a lane runs its operations.
#[derive(Debug, Clone)]
pub(crate) struct LaneSettings {
    /// What makes operation ids unique across runs.
    pub(crate) run: u64,
    pub(crate) load: u32,
    pub(crate) workers: usize,
    /// Workers start the next operation as soon as the last one ended, not when one is due.
    pub(crate) closed_loop: bool,
    pub(crate) timeout: Duration,
    pub(crate) retry: Retry,
    pub(crate) seed: u64,
}

/// An arrival that waits for a worker.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    index: u64,
    due: Nanos,
    noticed: Nanos,
}

/// What a worker is doing.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// The operation in flight and its start.
    busy: Option<(Arrival, Nanos)>,
    /// What became of its first attempt, while further ones are made or waited for, and how many were begun.
    first: Option<(Outcome, u32)>,
    /// It stands in `idle`.
    parked: bool,
}

/// Queue, workers and recorder of one operation.
pub(crate) struct Lane<O> {
    operation: O,
    clock: Clock,
    settings: LaneSettings,
    queue: RefCell<VecDeque<Arrival>>,
    /// Workers without work, the one that ran last on top: its connection is the warmest.
    idle: RefCell<Vec<(usize, Waker)>>,
    slots: RefCell<Vec<Slot>>,
    closed: Cell<bool>,
    next_index: Cell<u64>,
    recorder: RefCell<Recorder>,
}

impl<O: Operation> Lane<O> {
    pub(crate) fn new(operation: O, clock: Clock, settings: LaneSettings, recorder: Recorder) -> Rc<Self> {
        Rc::new(Self {
            operation,
            clock,
            settings,
            queue: RefCell::default(),
            idle: RefCell::default(),
            slots: RefCell::default(),
            closed: Cell::new(false),
            next_index: Cell::new(0),
            recorder: RefCell::new(recorder),
        })
    }

    /// An operation is due: hands it to an idle worker, starts one, or lets it wait.
    pub(crate) fn arrive(self: &Rc<Self>, due: Nanos, noticed: Nanos) {
        let index = self.next_index.get();
        self.next_index.set(index + 1);
        if self.queue.borrow().len() >= MOST_WAITING {
            self.recorder.borrow_mut().dropped(due);
            return;
        }
        self.recorder.borrow_mut().due(due, noticed);
        self.queue.borrow_mut().push_back(Arrival { index, due, noticed });
        let idle = self.idle.borrow_mut().pop();
        match idle {
            Some((worker, waker)) => {
                self.slots.borrow_mut()[worker].parked = false;
                waker.wake();
            }
            None => self.start_worker(),
        }
    }

    /// Starts all workers of a closed loop.
    pub(crate) fn start_closed_loop(self: &Rc<Self>) {
        (0..self.settings.workers).for_each(|_| self.start_worker());
    }

    fn start_worker(self: &Rc<Self>) {
        let worker = self.slots.borrow().len();
        if worker < self.settings.workers {
            self.slots.borrow_mut().push(Slot::default());
            tokio::task::spawn_local(self.clone().work(worker));
        }
    }

    async fn work(self: Rc<Self>, worker: usize) {
        let mut rng = fastrand::Rng::with_seed(self.settings.seed ^ worker as u64);
        let mut deadline = Deadline::default();
        while let Some(arrival) = self.next(worker).await {
            // In a closed loop an operation is due when it is started.
            let started = if self.settings.closed_loop { arrival.due } else { self.clock.now() };
            self.slots.borrow_mut()[worker].busy = Some((arrival, started));
            let (first, ok_at_last, attempts) = self.operate(worker, arrival, started, &mut deadline, &mut rng).await;
            planted::nap_over().await;
            // Censored already: the run ended while it was in flight.
            {
                let slot = &mut self.slots.borrow_mut()[worker];
                slot.first = None;
                if slot.busy.take().is_none() {
                    return;
                }
            }
            let Arrival { due, noticed, .. } = arrival;
            let ended = self.clock.now();
            self.recorder.borrow_mut().complete(&Completion {
                due,
                noticed,
                started,
                ended,
                first,
                ok_at_last,
                attempts,
            });
            // An operation that never waits must not keep the pacer from its turn.
            tokio::task::consume_budget().await;
        }
    }

    /// All attempts of one operation.
    async fn operate(
        &self,
        worker: usize,
        arrival: Arrival,
        started: Nanos,
        deadline: &mut Deadline,
        rng: &mut fastrand::Rng,
    ) -> (Outcome, bool, u32) {
        let Arrival { index, due, .. } = arrival;
        let id = OpId::new(self.settings.run, self.settings.load, index);
        let first = self.attempt(id, started, deadline).await;
        let Some(mut class) = first.error else { return (first, true, 1) };
        let mut attempts = 1;
        loop {
            let elapsed = Duration::from_nanos(self.clock.now().saturating_sub(due));
            let Some(pause) = self.settings.retry.next(attempts, elapsed, class, rng) else {
                return (first, false, attempts);
            };
            self.slots.borrow_mut()[worker].first = Some((first.clone(), attempts));
            tokio::time::sleep(pause).await;
            attempts += 1;
            match self.attempt(id, self.clock.now(), deadline).await.error {
                None => return (first, true, attempts),
                Some(next) => class = next,
            }
        }
    }

    async fn attempt(&self, id: OpId, started: Nanos, deadline: &mut Deadline) -> Outcome {
        let end = started.saturating_add(nanos(self.settings.timeout));
        // Polled and dropped where it lies: the futures of HTTP clients are kilobytes, and moving one around costs more
        // than recording its outcome.
        let mut attempt = pin!(Some(async { self.operation.attempt(id).await }));
        poll_fn(|cx| {
            let step = AssertUnwindSafe(|| {
                let polled = attempt.as_mut().as_pin_mut().map_or(Poll::Pending, |attempt| attempt.poll(cx).map(Some));
                let ended = if polled.is_ready() { polled } else { deadline.poll(&self.clock, end, cx).map(|()| None) };
                if ended.is_ready() {
                    // Here, because that may panic too.
                    attempt.set(None);
                }
                ended
            });
            match catch_unwind(step) {
                Ok(ended) => ended.map(|outcome| outcome.unwrap_or_else(|| self.timed_out())),
                Err(panic) => {
                    let _ = catch_unwind(AssertUnwindSafe(|| attempt.set(None)));
                    Poll::Ready(Outcome::failed(ErrorClass::Panicked, crate::error::panic_text(&*panic)))
                }
            }
        })
        .await
    }

    fn timed_out(&self) -> Outcome {
        Outcome::failed(ErrorClass::Timeout, format!("no answer within {:?}", self.settings.timeout))
    }

    /// The next due operation; `None` when the load has ended.
    async fn next(&self, worker: usize) -> Option<Arrival> {
        poll_fn(|cx| {
            if self.closed.get() {
                return Poll::Ready(None);
            }
            if self.settings.closed_loop {
                return Poll::Ready(Some(self.arrive_now()));
            }
            let slot = &mut self.slots.borrow_mut()[worker];
            if let Some(arrival) = self.queue.borrow_mut().pop_front() {
                // Woken by something else, such as the timer of an earlier attempt: whoever is called must be idle.
                if std::mem::take(&mut slot.parked) {
                    self.idle.borrow_mut().retain(|(idle, _)| *idle != worker);
                }
                return Poll::Ready(Some(arrival));
            }
            if !std::mem::replace(&mut slot.parked, true) {
                self.idle.borrow_mut().push((worker, cx.waker().clone()));
            }
            Poll::Pending
        })
        .await
    }

    fn arrive_now(&self) -> Arrival {
        let index = self.next_index.get();
        self.next_index.set(index + 1);
        let now = self.clock.now();
        self.recorder.borrow_mut().due(now, now);
        Arrival { index, due: now, noticed: now }
    }

    /// Arrivals so far.
    pub(crate) fn sent(&self) -> u64 {
        self.next_index.get()
    }

    /// Operations in flight or waiting.
    pub(crate) fn pending(&self) -> usize {
        self.queue.borrow().len() + self.slots.borrow().iter().filter(|slot| slot.busy.is_some()).count()
    }

    /// No new operations of a closed loop; an open loop ends with its pacer.
    pub(crate) fn stop_closed_loop(&self) {
        if self.settings.closed_loop {
            self.closed.set(true);
        }
    }

    /// The due instant of the oldest operation that has not ended, of those due at or after `since`.
    pub(crate) fn oldest_pending(&self, since: Nanos) -> Option<Nanos> {
        let busy = self
            .slots
            .borrow()
            .iter()
            .filter_map(|slot| slot.busy)
            .map(|(arrival, _)| arrival.due)
            .filter(|due| *due >= since)
            .min();
        // In the order in which they were due, and there may be a million of them.
        let queue = self.queue.borrow();
        let waiting = queue.get(queue.partition_point(|arrival| arrival.due < since)).map(|arrival| arrival.due);
        busy.into_iter().chain(waiting).min()
    }

    /// Ends the lane: whatever is still in flight or waiting is recorded as unfinished, not forgotten.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        let now = self.clock.now();
        let busy = |slot: &mut Slot| Some((slot.busy.take()?, slot.first.take()));
        let busy = self.slots.borrow_mut().iter_mut().filter_map(busy).collect::<Vec<_>>();
        let waiting = self.queue.borrow_mut().drain(..).map(|arrival| ((arrival, now), None)).collect::<Vec<_>>();
        let mut recorder = self.recorder.borrow_mut();
        for ((Arrival { due, noticed, .. }, started), first) in busy.into_iter().chain(waiting) {
            let unfinished = || (Outcome::failed(ErrorClass::Unfinished, "still in flight when the run ended"), 1);
            let (first, attempts) = first.unwrap_or_else(unfinished);
            recorder.complete(&Completion { due, noticed, started, ended: now, first, ok_at_last: false, attempts });
        }
        self.idle.borrow_mut().drain(..).for_each(|(_, waker)| waker.wake());
    }

    /// The measurements of a lane that has ended.
    pub(crate) fn take_recorder(&self) -> Recorder {
        self.recorder.borrow_mut().take()
    }

    pub(crate) fn recorder(&self) -> &RefCell<Recorder> {
        &self.recorder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::op;
    use crate::measure::PhaseClock;
    use crate::report::journal::PhaseKind;
    use std::sync::Arc;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_something_else_has_woken_leaves_no_arrival_waiting() {
        let phases = Arc::new(PhaseClock::default());
        phases.begin(PhaseKind::Baseline, 0);
        let settings = LaneSettings {
            run: 1,
            load: 0,
            workers: 3,
            closed_loop: false,
            timeout: Duration::from_secs(10),
            retry: Retry::none(),
            seed: 1,
        };
        let work = op(async |_: OpId| sleep(Duration::from_secs(1)).await);
        let clock = Clock::start();
        let lane = Lane::new(work, clock, settings, Recorder::new(phases, 1_000_000_000));
        let arrive = || lane.arrive(clock.now(), clock.now());
        let moment = || sleep(Duration::from_millis(1));
        let check = async {
            (0..3).for_each(|_| arrive());
            sleep(Duration::from_secs(2)).await;
            let idle: Vec<_> = lane.idle.borrow().iter().map(|(worker, _)| *worker).collect();
            assert_eq!(idle, [0, 1, 2]);
            // It takes the arrival for which another one is called.
            lane.idle.borrow()[1].1.wake_by_ref();
            arrive();
            moment().await;
            arrive();
            arrive();
            moment().await;
            assert_eq!(lane.queue.borrow().len(), 0, "there are three workers for three arrivals");
        };
        tokio::task::LocalSet::new().run_until(check).await;
    }
}
