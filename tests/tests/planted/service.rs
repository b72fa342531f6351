//! A simulated service: a function from its situation to an answer, on the paused clock.

use chaos_runtime::Result;
use chaos_runtime::fault::{ClosureFault, EndsByItself, EndsByUndo, Evidence, fault};
use chaos_runtime::load::{Operation, op};
use chaos_runtime::measure::{ErrorClass, Outcome};
use chaos_runtime::prelude::*;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// What a service knows when it is called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    /// The fault is on.
    pub(crate) faulted: bool,
    /// Since the last injection.
    pub(crate) since_injection: Option<Duration>,
    /// Since the last clearance.
    pub(crate) since_clearance: Option<Duration>,
    /// How often this operation was attempted before.
    pub(crate) attempts: u32,
}

impl Situation {
    /// The fault is on, or was cleared less than this ago.
    pub(crate) fn faulted_or_within(&self, after: Duration) -> bool {
        self.faulted || self.since_clearance.is_some_and(|since| since < after)
    }

    /// The fault was cleared at least this long ago.
    pub(crate) fn cleared_for(&self, long: Duration) -> bool {
        !self.faulted && self.since_clearance.is_some_and(|since| since >= long)
    }
}

/// What it answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    latency: Duration,
    outcome: Outcome,
}

/// A success.
pub(crate) fn ok(latency: Duration) -> Answer {
    Answer { latency, outcome: Outcome::OK }
}

/// A failure of this class.
pub(crate) fn failed(class: ErrorClass, latency: Duration) -> Answer {
    Answer { latency, outcome: Outcome::failed(class, "planted") }
}

/// An answer with an HTTP status.
pub(crate) fn status(status: u16, latency: Duration) -> Answer {
    let outcome = if status < 400 { Outcome::OK } else { Outcome::failed(ErrorClass::Status, "planted") };
    Answer { latency, outcome: outcome.with_status(status) }
}

/// No answer, ever.
pub(crate) fn never() -> Answer {
    ok(Duration::from_secs(1 << 30))
}

/// 10 to 30 ms.
pub(crate) fn fine(random: &mut fastrand::Rng) -> Answer {
    ok(Duration::from_micros(random.u64(10_000..30_000)))
}

/// What became of the faults of the service that this thread simulates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Harm {
    pub(crate) injected: u32,
    pub(crate) undone: u32,
}

thread_local! {
    /// Bodies are plain functions; this is how a test sees what happened in one.
    static HARM: Cell<Harm> = const { Cell::new(Harm { injected: 0, undone: 0 }) };
}

/// Gives what happened since the last call.
pub(crate) fn take_harm() -> Harm {
    HARM.take()
}

pub(crate) fn note_injected() {
    HARM.set(Harm { injected: HARM.get().injected + 1, ..HARM.get() });
}

pub(crate) fn note_undone() {
    HARM.set(Harm { undone: HARM.get().undone + 1, ..HARM.get() });
}

type Behaviour = Box<dyn FnMut(Situation, &mut fastrand::Rng) -> Answer + Send>;

struct Model {
    behaviour: Behaviour,
    random: fastrand::Rng,
    faulted: bool,
    injected: Option<Instant>,
    cleared: Option<Instant>,
    hits: u64,
    attempts: std::collections::BTreeMap<OpId, u32>,
}

/// A simulated service. Clones are the same service.
#[derive(Clone)]
pub(crate) struct Service(Arc<Mutex<Model>>);

impl Service {
    /// A service that behaves like this; its randomness is drawn from the experiment's seed.
    pub(crate) fn new(
        chaos: &Chaos,
        behaviour: impl FnMut(Situation, &mut fastrand::Rng) -> Answer + Send + 'static,
    ) -> Self {
        Self(Arc::new(Mutex::new(Model {
            behaviour: Box::new(behaviour),
            random: fastrand::Rng::with_seed(chaos.seed()),
            faulted: false,
            injected: None,
            cleared: None,
            hits: 0,
            attempts: Default::default(),
        })))
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    /// One request.
    pub(crate) async fn call(&self, id: OpId) -> Outcome {
        let answer = {
            let mut model = self.model();
            let model = &mut *model;
            model.hits += u64::from(model.faulted);
            let now = Instant::now();
            let attempts = model.attempts.entry(id).or_default();
            let situation = Situation {
                faulted: model.faulted,
                since_injection: model.injected.map(|at| now - at),
                since_clearance: model.cleared.map(|at| now - at),
                attempts: *attempts,
            };
            *attempts += 1;
            (model.behaviour)(situation, &mut model.random)
        };
        tokio::time::sleep(answer.latency).await;
        answer.outcome
    }

    /// The request as an operation.
    pub(crate) fn requests(&self) -> impl Operation {
        let service = self.clone();
        op(move |id| {
            let service = service.clone();
            Box::pin(async move { service.call(id).await }) as Pin<Box<dyn Future<Output = Outcome>>>
        })
    }

    /// Whether the harm is being done.
    pub(crate) fn is_faulted(&self) -> bool {
        self.model().faulted
    }

    /// The harm is being done, or has ended less than this ago.
    pub(crate) fn faulted_or_within(&self, after: Duration) -> bool {
        let model = self.model();
        model.faulted || model.cleared.is_some_and(|at| at.elapsed() < after)
    }

    /// The harm begins.
    pub(crate) fn harm(&self) {
        let mut model = self.model();
        model.faulted = true;
        model.injected = Some(Instant::now());
        model.hits = 0;
        note_injected();
    }

    /// The harm ends.
    pub(crate) fn heal(&self) {
        let mut model = self.model();
        model.faulted = false;
        model.cleared = Some(Instant::now());
    }

    /// A fault that lasts until it is undone, confirmed by the first request that it hits.
    pub(crate) fn fault(&self) -> ClosureFault<EndsByUndo> {
        let (harmed, healed, confirmed) = (self.clone(), self.clone(), self.clone());
        fault("planted fault", async move || harmed.harm())
            .undo(Undo::in_process("heal", move || {
                let healed = healed.clone();
                async move {
                    healed.heal();
                    note_undone();
                    Result::Ok(())
                }
            }))
            .target("service")
            .confirm(move || {
                let hits = confirmed.model().hits;
                Evidence::counted(hits, format!("{hits} requests hit"))
            })
    }

    /// A fault that ends by itself, after `outage`.
    pub(crate) fn crash(&self, outage: Duration) -> ClosureFault<EndsByItself> {
        let (harmed, confirmed) = (self.clone(), self.clone());
        fault("planted crash", async move || {
            harmed.harm();
            tokio::spawn(async move {
                tokio::time::sleep(outage).await;
                harmed.heal();
            });
        })
        .one_shot()
        .target("service")
        .confirm(move || confirmed.model().hits > 0)
    }
}
