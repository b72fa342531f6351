//! A load's driver: its thread, its pacer, and how the engine talks to it.

use super::heartbeat::{BEAT, Heartbeat};
use super::lane::{Lane, LaneSettings};
use super::pacer::Pacer;
use super::planted;
use super::{Operation, Schedule};
use crate::clock::{Clock, Nanos};
use crate::measure::{Changed, Event, Pauses, PhaseClock, Recorder, Tally};
use crate::{Error, Result};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What a driver needs to know of its experiment.
#[derive(Debug, Clone)]
pub(crate) struct DriverCx {
    pub(crate) clock: Clock,
    pub(crate) phases: Arc<PhaseClock>,
    pub(crate) bin: Nanos,
    pub(crate) virtual_time: bool,
    /// Counted from the load's start.
    pub(crate) events: Vec<Event>,
}

/// What a driver is asked.
enum Command {
    Register(Vec<Event>, oneshot::Sender<()>),
    View(Nanos, oneshot::Sender<Vec<View>>),
    Snapshot(oneshot::Sender<Vec<Recorder>>),
    Stop { drain: Duration, reply: oneshot::Sender<Vec<Recorder>> },
}

/// A lane's state, cheap enough to be asked for ten times a second.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// One for each segment of the phase clock.
    pub(crate) phases: Vec<(Tally, Vec<u64>)>,
    /// The slices that changed since the last view.
    pub(crate) changed: Changed,
    /// The due instant of the oldest operation in flight, of those due at or after the instant asked for.
    pub(crate) oldest_pending: Option<Nanos>,
    pub(crate) pending: usize,
    /// P99 of the last bin that has operations.
    pub(crate) p99: Option<Nanos>,
    /// When the driver did not run.
    pub(crate) pauses: Pauses,
}

/// A running load. Lane 0 is the load itself, lane 1 its control group if there is one.
#[derive(Debug)]
pub(crate) struct Driver {
    commands: mpsc::UnboundedSender<Command>,
}

/// How the driver's main future is run.
type Start = Box<dyn FnOnce() -> std::pin::Pin<Box<dyn Future<Output = ()>>> + Send>;

impl Driver {
    /// Starts a load; returns when its operations are prepared and the first one is due.
    pub(crate) async fn start<O: Operation>(
        operations: Vec<O>,
        schedule: Option<Schedule>,
        settings: LaneSettings,
        cx: DriverCx,
    ) -> Result<Self> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (ready, is_ready) = oneshot::channel();
        let (failed, why) = std::sync::mpsc::channel();
        let (virtual_time, paced) = (cx.virtual_time, schedule.is_some());
        let start: Start = Box::new(move || Box::pin(drive(operations, schedule, settings, cx, inbox, ready)));
        if virtual_time {
            tokio::task::spawn_local(start());
        } else {
            std::thread::Builder::new()
                .name("chaos-load".into())
                .spawn(move || run_thread(start, paced, &failed))
                .map_err(|error| Error::new("failed to start a load's thread").caused_by(error))?;
        }
        is_ready.await.unwrap_or_else(|_| {
            let error = Error::new("a load's thread ended before the load began");
            Err(match why.try_recv() {
                Ok(cause) => error.caused_by(cause),
                Err(_) => error,
            })
        })?;
        Ok(Self { commands })
    }

    /// Counts more events from now on.
    pub(crate) async fn register(&self, events: Vec<Event>) -> Option<()> {
        self.ask(|reply| Command::Register(events, reply)).await
    }

    /// The state now; `None` when the driver does not answer, because an operation blocks its thread.
    pub(crate) async fn view(&self, since: Nanos) -> Option<Vec<View>> {
        self.ask(|reply| Command::View(since, reply)).await
    }

    /// All measurements so far.
    pub(crate) async fn snapshot(&self) -> Option<Vec<Recorder>> {
        self.ask(Command::Snapshot).await
    }

    /// Stops the arrivals, waits at most `drain` for what is in flight, and returns the measurements.
    pub(crate) async fn stop(&self, drain: Duration) -> Option<Vec<Recorder>> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Stop { drain, reply }).ok()?;
        tokio::time::timeout(drain + ANSWER_TIME, answer).await.ok()?.ok()
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        tokio::time::timeout(ANSWER_TIME, answer).await.ok()?.ok()
    }
}

/// A driver that is silent for this long is blocked by one of its operations.
const ANSWER_TIME: Duration = Duration::from_secs(5);

fn run_thread(start: Start, paced: bool, failed: &std::sync::mpsc::Sender<std::io::Error>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // More turns of the event loop per task turn: the pacer's timer is noticed sooner under load.
    builder.enable_all();
    if paced {
        builder.event_interval(16);
    }
    match builder.build_local(Default::default()) {
        Ok(runtime) => runtime.block_on(start()),
        // The sender of readiness is dropped with `start`, which tells the waiting side to ask why.
        Err(error) => drop(failed.send(error)),
    }
}

async fn drive<O: Operation>(
    mut operations: Vec<O>,
    schedule: Option<Schedule>,
    settings: LaneSettings,
    cx: DriverCx,
    mut inbox: mpsc::UnboundedReceiver<Command>,
    ready: oneshot::Sender<Result<()>>,
) {
    if let Some(error) = operations.iter_mut().find_map(|operation| operation.prepare().err()) {
        let _ = ready.send(Err(error));
        return;
    }
    let lanes: Vec<_> = operations
        .into_iter()
        .map(|operation| {
            let mut recorder = Recorder::new(cx.phases.clone(), cx.bin);
            recorder.register(&cx.events);
            Lane::new(operation, cx.clock, settings.clone(), recorder)
        })
        .collect();
    let watch = Rc::new(Watch::new(&cx, schedule.is_some()));
    let pacing = match schedule {
        Some(schedule) => {
            let pace = pace(lanes.clone(), schedule, settings.seed, cx.clone(), watch.clone());
            Some(tokio::task::spawn_local(pace))
        }
        None => {
            lanes.iter().for_each(Lane::start_closed_loop);
            None
        }
    };
    if ready.send(Ok(())).is_err() {
        return;
    }
    let watching = tokio::task::spawn_local(watch.clone().watch(lanes.clone(), cx));
    while let Some(command) = inbox.recv().await {
        match command {
            Command::Register(events, reply) => {
                for lane in &lanes {
                    lane.recorder().borrow_mut().register(&events);
                }
                let _ = reply.send(());
            }
            Command::View(since, reply) => {
                watch.beat(&lanes);
                drop(reply.send(lanes.iter().map(|lane| view(lane, since)).collect()));
            }
            Command::Snapshot(reply) => {
                watch.beat(&lanes);
                drop(reply.send(lanes.iter().map(|lane| lane.recorder().borrow().clone()).collect()));
            }
            Command::Stop { drain, reply } => {
                if let Some(pacing) = &pacing {
                    pacing.abort();
                }
                lanes.iter().for_each(|lane| lane.stop_closed_loop());
                let deadline = tokio::time::Instant::now() + drain;
                while lanes.iter().any(|lane| lane.pending() > 0) && tokio::time::Instant::now() < deadline {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                lanes.iter().for_each(|lane| lane.close());
                watching.abort();
                watch.beat(&lanes);
                let _ = reply.send(lanes.iter().map(|lane| lane.take_recorder()).collect());
                return;
            }
        }
    }
}

/// Hands out arrivals when they are due. Late or not, each keeps its own due time.
async fn pace<O: Operation>(lanes: Vec<Rc<Lane<O>>>, schedule: Schedule, seed: u64, cx: DriverCx, watch: Rc<Watch>) {
    let pacer = Pacer::new(&cx.clock, cx.virtual_time);
    let start = cx.clock.now();
    let mut arrivals = schedule.arrivals(seed);
    let mut due = start + arrivals.next();
    let mut now = start;
    loop {
        #[cfg(feature = "virtual-time")]
        if planted::nap_over().await {
            now = cx.clock.now();
        }
        while due <= now {
            lanes.iter().for_each(|lane| lane.arrive(due, now));
            due = start + arrivals.next();
        }
        watch.due.set(due);
        now = pacer.sleep_until(&cx.clock, due).await;
        // A schedule that the machine can't keep must not starve the workers it feeds.
        tokio::task::consume_budget().await;
    }
}

/// Watches the driver itself.
struct Watch {
    clock: Clock,
    heart: RefCell<Heartbeat>,
    /// When the next arrival is due; never in a closed loop.
    due: Cell<Nanos>,
    /// At the last beat: whether the arrivals were behind, and how many there had been.
    behind: Cell<(bool, u64)>,
}

impl Watch {
    fn new(cx: &DriverCx, paced: bool) -> Self {
        Self {
            clock: cx.clock,
            heart: RefCell::new(Heartbeat::new(cx.clock, cx.virtual_time)),
            due: Cell::new(if paced { cx.clock.now() } else { Nanos::MAX }),
            behind: Cell::default(),
        }
    }

    async fn watch<O: Operation>(self: Rc<Self>, lanes: Vec<Rc<Lane<O>>>, cx: DriverCx) {
        loop {
            let next = self.heart.borrow().next();
            cx.clock.sleep_until(next).await;
            planted::nap_over().await;
            self.beat(&lanes);
        }
    }

    /// Looks at what the driver has done since the last time. Whoever reads the recorders beats first.
    fn beat<O: Operation>(&self, lanes: &[Rc<Lane<O>>]) {
        let beat = self.heart.borrow_mut().beat();
        let sent = lanes.first().map_or(0, |lane| lane.sent());
        let behind = self.clock.now().saturating_sub(self.due.get()) > 2 * BEAT;
        let (was_behind, before) = self.behind.replace((behind, sent));
        let overrun = (behind && was_behind).then(|| sent - before);
        for lane in lanes {
            lane.recorder().borrow_mut().beat(&beat, overrun, lane.pending());
        }
    }
}

fn view<O: Operation>(lane: &Lane<O>, since: Nanos) -> View {
    let mut recorder = lane.recorder().borrow_mut();
    View {
        phases: recorder.phases.iter().map(|phase| (phase.tally.clone(), phase.events.clone())).collect(),
        changed: recorder.series.take_changed(),
        oldest_pending: lane.oldest_pending(since),
        pending: lane.pending(),
        pauses: recorder.pauses.clone(),
        p99: recorder.bins.last_p99(),
    }
}
