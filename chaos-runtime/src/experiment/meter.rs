//! All loads of an experiment and what they have measured so far.

use crate::claim::Claim;
use crate::clock::Nanos;
use crate::load::{Driver, View};
use crate::measure::{Blocks, Event, Pauses, Recorder, Series, Tally};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is known about a load apart from its measurements.
#[derive(Debug, Clone)]
pub(crate) struct LoadInfo {
    pub(crate) name: String,
    pub(crate) what: String,
    pub(crate) closed_loop: bool,
    /// Expected operations per second.
    pub(crate) rate: Option<f64>,
    pub(crate) drain: Duration,
}

/// One lane (a load or its control group) as last seen.
#[derive(Debug)]
pub(crate) struct LaneState {
    pub(crate) load: String,
    pub(crate) control: bool,
    pub(crate) phases: Vec<(Tally, Vec<u64>)>,
    pub(crate) series: Blocks,
    /// Since when the oldest operation is in flight that was due since the first injection.
    pub(crate) oldest_pending: Option<Nanos>,
    pub(crate) pending: usize,
    pub(crate) p99: Option<Nanos>,
    /// When its driver did not run.
    pub(crate) pauses: Pauses,
}

impl LaneState {
    /// Whether a claim about `subject` speaks about this lane.
    pub(crate) fn concerns(&self, subject: Option<&str>) -> bool {
        !self.control && subject.is_none_or(|name| name == self.load)
    }

    /// What a phase has measured so far, by its place among the phases; `None` while it has no operation.
    pub(crate) fn phase(&self, index: usize) -> Option<&(Tally, Vec<u64>)> {
        self.phases.get(index)
    }

    /// What it is when all of its operations have ended.
    fn conclude(&mut self, recorder: &Recorder) {
        self.phases = recorder.phases.iter().map(|phase| (phase.tally.clone(), phase.events.clone())).collect();
        self.pauses = recorder.pauses.clone();
        self.series = recorder.series.clone().into();
        (self.oldest_pending, self.pending) = (None, 0);
    }

    fn apply(&mut self, view: View) {
        self.phases = view.phases;
        self.series.apply(view.changed);
        self.oldest_pending = view.oldest_pending;
        self.pending = view.pending;
        self.p99 = view.p99;
        self.pauses = view.pauses;
    }
}

/// A lane's measurements, as the driver gave them at the end or in between.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) info: LoadInfo,
    pub(crate) control: bool,
    pub(crate) recorder: Recorder,
}

struct Running {
    info: LoadInfo,
    driver: Driver,
    /// Indices of its lanes in `State::lanes`.
    first_lane: usize,
}

#[derive(Default)]
struct State {
    loads: Vec<Running>,
    lanes: Vec<LaneState>,
    /// A driver did not answer: one of its operations blocks the thread.
    silent: Option<String>,
}

/// All loads of an experiment.
pub(crate) struct Meter {
    bin: Nanos,
    /// The events that are counted, in the order of their indices.
    events: Mutex<Vec<Event>>,
    /// The first injection.
    injected: AtomicU64,
    state: tokio::sync::Mutex<State>,
}

impl Meter {
    /// A meter that counts what these claims need.
    pub(crate) fn new<'a>(bin: Nanos, claims: impl Iterator<Item = &'a Claim>) -> Self {
        let mut events = Vec::new();
        for event in claims.filter_map(Claim::event) {
            if !events.contains(&event) {
                events.push(event);
            }
        }
        Self {
            bin,
            events: Mutex::new(events),
            injected: AtomicU64::new(Nanos::MAX),
            state: tokio::sync::Mutex::default(),
        }
    }

    /// The events that are counted, in the order of their indices.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on harm is done; the first call counts.
    pub(crate) fn injected(&self, at: Nanos) {
        self.injected.fetch_min(at, Ordering::Relaxed);
    }

    /// Counts one more event from now on, in every load.
    pub(crate) async fn register(&self, event: Event) {
        let state = self.state.lock().await;
        {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            if events.contains(&event) {
                return;
            }
            events.push(event);
        }
        for load in &state.loads {
            load.driver.register(vec![event]).await;
        }
    }

    /// Adds a running load; `lanes` = 2 with a control group.
    pub(crate) async fn add(&self, info: LoadInfo, driver: Driver, control: bool) {
        let mut state = self.state.lock().await;
        let first_lane = state.lanes.len();
        for control in [false, true].into_iter().take(1 + usize::from(control)) {
            state.lanes.push(LaneState {
                load: info.name.clone(),
                control,
                phases: Vec::new(),
                series: Series::new(self.bin).into(),
                oldest_pending: None,
                pending: 0,
                p99: None,
                pauses: Pauses::default(),
            });
        }
        state.loads.push(Running { info, driver, first_lane });
    }

    /// What is known about the loads.
    pub(crate) async fn infos(&self) -> Vec<LoadInfo> {
        self.state.lock().await.loads.iter().map(|load| load.info.clone()).collect()
    }

    /// Asks every driver for its state and reads the lanes.
    pub(crate) async fn look<T>(&self, read: impl FnOnce(&[LaneState]) -> T) -> T {
        let mut state = self.state.lock().await;
        let State { loads, lanes, silent } = &mut *state;
        let since = self.injected.load(Ordering::Relaxed);
        // Who has not answered before is not waited for again: the lock is held meanwhile.
        let answering = |load: &&Running| silent.as_ref() != Some(&load.info.name);
        for load in loads.iter().filter(answering).collect::<Vec<_>>() {
            match load.driver.view(since).await {
                Some(views) => {
                    for (lane, view) in lanes[load.first_lane..].iter_mut().zip(views) {
                        lane.apply(view);
                    }
                }
                None => *silent = Some(load.info.name.clone()),
            }
        }
        read(lanes)
    }

    /// All measurements so far.
    pub(crate) async fn snapshot(&self) -> Vec<Measured> {
        let state = self.state.lock().await;
        let mut all = Vec::new();
        for load in state.loads.iter().filter(|load| state.silent.as_ref() != Some(&load.info.name)) {
            all.extend(measured(&load.info, load.driver.snapshot().await.unwrap_or_default()));
        }
        all
    }

    /// Stops all loads at once; operations in flight may take `at_most` to end.
    pub(crate) async fn stop(&self, at_most: Duration) -> Vec<Measured> {
        let mut state = self.state.lock().await;
        let loads = std::mem::take(&mut state.loads);
        let silent = state.silent.clone();
        let stops = loads.iter().map(async |load| {
            // Who has not answered before will not now.
            let answers = silent.as_ref() != Some(&load.info.name);
            if answers { load.driver.stop(load.info.drain.min(at_most)).await } else { None }
        });
        let stopped = futures_util::future::join_all(stops).await;
        let mut all = Vec::new();
        for (load, recorders) in loads.iter().zip(stopped) {
            match recorders {
                Some(recorders) => {
                    for (lane, recorder) in state.lanes[load.first_lane..].iter_mut().zip(&recorders) {
                        lane.conclude(recorder);
                    }
                    all.extend(measured(&load.info, recorders));
                }
                None => state.silent = Some(load.info.name.clone()),
            }
        }
        all
    }

    /// The load whose driver does not answer, if there is one.
    pub(crate) async fn silent(&self) -> Option<String> {
        self.state.lock().await.silent.clone()
    }
}

fn measured(info: &LoadInfo, recorders: Vec<Recorder>) -> impl Iterator<Item = Measured> {
    recorders.into_iter().enumerate().map(|(lane, recorder)| Measured {
        info: info.clone(),
        control: lane > 0,
        recorder,
    })
}
