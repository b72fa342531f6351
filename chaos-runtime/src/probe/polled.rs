//! A running probe that is sampled here and now.

use super::source::Sampling;
use super::value::ProbeValue;
use crate::clock::{Clock, Nanos, micros, nanos};
use crate::report::journal::ProbeSample;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// A probe's samples so far.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) unit: &'static str,
    values: Vec<(Nanos, Option<f64>)>,
    pub(super) error: Option<String>,
    /// Since when a sample is being taken.
    pending: Option<Nanos>,
}

/// A running probe.
#[derive(Debug)]
pub(super) struct Polled {
    pub(super) interval: Duration,
    samples: Arc<Mutex<Samples>>,
    task: JoinHandle<()>,
}

impl Polled {
    /// Starts it on the current runtime.
    pub(super) fn start(interval: Duration, sampling: Box<dyn Sampling>, clock: Clock) -> Self {
        let samples = Arc::new(Mutex::new(Samples::default()));
        let interval = interval.max(Duration::from_millis(1));
        let into = samples.clone();
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let at = clock.now();
                into.lock().unwrap_or_else(PoisonError::into_inner).pending = Some(at);
                // A sample that panics is a missing one, not the end of the probe.
                let begun = catch_unwind(AssertUnwindSafe(|| sampling.sample()));
                let value = sampled(begun, interval).await;
                let mut samples = into.lock().unwrap_or_else(PoisonError::into_inner);
                samples.pending = None;
                match value {
                    Ok((value, unit)) => {
                        samples.unit = unit;
                        samples.values.push((at, Some(value)));
                    }
                    Err(error) => {
                        samples.values.push((at, None));
                        samples.error.get_or_insert(error);
                    }
                }
            }
        });
        Self { interval, samples, task }
    }

    pub(super) fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it; its samples stay. One that hangs by then is a missing one, not a forgotten one.
    pub(super) fn stop(&self, clock: Clock) {
        self.task.abort();
        let mut samples = self.samples();
        let patience = nanos((self.interval * 2).max(Duration::from_secs(1)));
        if let Some(at) = samples.pending.take_if(|at| *at + patience < clock.now()) {
            samples.values.push((at, None));
            samples.error.get_or_insert_with(|| "no answer until the end of the run".to_owned());
        }
    }

    /// For how long a sample stands for what follows it.
    pub(super) fn fresh(&self) -> Nanos {
        nanos(self.interval * 2)
    }

    /// The samples in `from..to`; where none lies in it, the last one before counts while it is fresh, but never
    /// beyond the last `boundary`.
    pub(super) fn between(&self, from: Nanos, to: Nanos, boundary: Nanos) -> Vec<Option<f64>> {
        let samples = self.samples();
        let inside = samples.values.iter().filter(|(at, _)| (from..to).contains(at));
        let mut values: Vec<_> = inside.map(|(_, value)| *value).collect();
        if values.is_empty() {
            let fresh = self.fresh();
            let before = samples.values.iter().rfind(|(at, _)| (boundary..from).contains(at) && *at + fresh >= from);
            values.extend(before.map(|(_, value)| *value));
        }
        values
    }

    /// For the journal.
    pub(super) fn record(&self) -> Vec<ProbeSample> {
        let sample = |(at, value): &(Nanos, Option<f64>)| ProbeSample { at_us: micros(*at), value: *value };
        self.samples().values.iter().map(sample).collect()
    }
}

/// A sample's value, or why there is none.
async fn sampled(
    begun: std::thread::Result<BoxFuture<'_, ProbeValue>>,
    interval: Duration,
) -> Result<(f64, &'static str), String> {
    // One that hangs is a missing one too.
    let limit = interval.max(Duration::from_secs(5));
    let ended = match begun {
        Ok(sampling) => AssertUnwindSafe(tokio::time::timeout(limit, sampling)).catch_unwind().await,
        Err(panic) => Err(panic),
    };
    match ended {
        Ok(Ok(ProbeValue(value))) => value,
        Ok(Err(_)) => Err(format!("no answer within {limit:?}")),
        Err(panic) => Err(format!("panicked: {}", crate::error::panic_text(&*panic))),
    }
}
