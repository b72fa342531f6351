//! Probes: values sampled through all phases, for claims such as `probe("replication lag") < 10s`.

use crate::clock::{Clock, Nanos, micros};
use crate::report::journal::{ProbeRecord, ProbeSample};
use crate::units::{Percent, Rate};
use futures_util::FutureExt as _;
use std::fmt::Display;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Samples a value again and again. Made by [`every`].
#[must_use = "a probe samples nothing until `chaos.probe(name, …)`"]
pub struct Probe<F> {
    interval: Duration,
    sample: F,
}

/// A probe that samples `sample()` at this interval, from `chaos.probe(…)` to the end of the experiment.
///
/// The value may be a [`Duration`], a number, a [`Percent`], a [`Rate`], or a `Result` of one of them;
/// a failed sample counts as missing, and claims on a probe with missing samples are inconclusive.
///
/// `sample` is a closure that returns a future of it, or one that returns it at once and must not block:
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # #[derive(Clone)] struct Client;
/// # impl Client {
/// #     fn queue_length(&self) -> usize { 0 }
/// #     async fn lag(&self) -> std::io::Result<std::time::Duration> { Ok(secs(0)) }
/// # }
/// # async fn body(chaos: &mut Chaos, client: Client) -> chaos::Result {
/// let queue = client.clone();
/// chaos.probe("queue length", probe::every(millis(200), move || queue.queue_length()));
/// chaos.probe("replication lag", probe::every(millis(200), move || {
///     let client = client.clone();
///     async move { client.lag().await }
/// }));
/// # Ok(()) }
/// ```
pub const fn every<F>(interval: Duration, sample: F) -> Probe<F> {
    Probe { interval, sample }
}

/// A sampled value and its unit, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeValue(Result<(f64, &'static str), String>);

/// What a probe may return.
pub trait IntoProbeValue {
    /// The value with its unit.
    fn into_probe_value(self) -> ProbeValue;
}

macro_rules! numbers {
    ($($number:ty)*) => { $(
        impl IntoProbeValue for $number {
            fn into_probe_value(self) -> ProbeValue {
                ProbeValue(Ok((self as f64, "")))
            }
        }
    )* };
}
numbers!(f64 f32 u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

impl IntoProbeValue for Duration {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.as_secs_f64(), "s")))
    }
}

impl IntoProbeValue for Percent {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.fraction() * 100.0, "%")))
    }
}

impl IntoProbeValue for Rate {
    fn into_probe_value(self) -> ProbeValue {
        ProbeValue(Ok((self.as_per_second(), "/s")))
    }
}

impl<T: IntoProbeValue, E: Display> IntoProbeValue for Result<T, E> {
    fn into_probe_value(self) -> ProbeValue {
        match self {
            Ok(value) => value.into_probe_value(),
            Err(error) => ProbeValue(Err(error.to_string())),
        }
    }
}

/// Closures that a probe samples: `Fn() -> V` or `Fn() -> impl Future<Output = V>`, where `V` is an
/// [`IntoProbeValue`].
///
/// `Kind` keeps the two apart and is inferred.
#[diagnostic::on_unimplemented(
    message = "a probe can't sample this",
    label = "must be a `Send` closure without arguments that returns a value with a unit, a `Result` of one, or a future of those",
    note = "let the closure own what it uses, and each future too: `move || {{ let client = client.clone(); async move {{ … }} }}`"
)]
pub trait SampleFn<Kind>: Send + 'static {
    #[doc(hidden)]
    fn sample(&self) -> impl Future<Output = ProbeValue> + Send;
}

#[doc(hidden)]
#[derive(Debug)]
pub enum Immediate {}

#[doc(hidden)]
#[derive(Debug)]
pub enum Async {}

impl<F, V> SampleFn<Immediate> for F
where
    F: Fn() -> V + Send + 'static,
    V: IntoProbeValue,
{
    fn sample(&self) -> impl Future<Output = ProbeValue> + Send {
        std::future::ready(self().into_probe_value())
    }
}

impl<F, Fut> SampleFn<Async> for F
where
    F: Fn() -> Fut + Send + 'static,
    Fut: Future<Output: IntoProbeValue> + Send,
{
    fn sample(&self) -> impl Future<Output = ProbeValue> + Send {
        let sampling = self();
        async move { sampling.await.into_probe_value() }
    }
}

/// A probe's samples so far.
#[derive(Debug, Default)]
struct Samples {
    unit: &'static str,
    values: Vec<(Nanos, Option<f64>)>,
    error: Option<String>,
    /// Since when a sample is being taken.
    pending: Option<Nanos>,
}

/// A running probe.
#[derive(Debug)]
struct Running {
    name: String,
    interval: Duration,
    samples: Arc<Mutex<Samples>>,
    task: JoinHandle<()>,
}

/// All probes of an experiment.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    running: Mutex<Vec<Running>>,
    /// Injections, confirmations and clearances: a sample says nothing about what is beyond the next one.
    boundaries: Mutex<Vec<Nanos>>,
}

/// A probe's samples in a span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sampled {
    pub(crate) unit: &'static str,
    pub(crate) interval: Duration,
    /// `None` = the sample failed.
    pub(crate) values: Vec<Option<f64>>,
}

impl Sampled {
    /// Why a claim in this unit can't be compared with it, if it can't.
    pub(crate) fn other_unit(&self, claimed: &str) -> Option<String> {
        let name = |unit: &str| if unit.is_empty() { "plain numbers".to_owned() } else { format!("`{unit}`") };
        let differs = self.unit != claimed && self.values.iter().any(Option::is_some);
        differs.then(|| format!("the probe gives {}, the claim speaks of {}", name(self.unit), name(claimed)))
    }
}

impl Probes {
    /// Starts a probe on the current runtime.
    pub(crate) fn start<F: SampleFn<Kind>, Kind>(&self, name: String, probe: Probe<F>, clock: Clock) {
        let samples = Arc::new(Mutex::new(Samples::default()));
        let interval = probe.interval.max(Duration::from_millis(1));
        let into = samples.clone();
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let at = clock.now();
                into.lock().unwrap_or_else(PoisonError::into_inner).pending = Some(at);
                // A sample that hangs is a missing one, not the end of the probe.
                let limit = interval.max(Duration::from_secs(5));
                // So is one that panics.
                let sampling = match catch_unwind(AssertUnwindSafe(|| probe.sample.sample())) {
                    Ok(sampling) => {
                        let sampling = async move { tokio::time::timeout(limit, sampling).await };
                        AssertUnwindSafe(sampling).catch_unwind().await
                    }
                    Err(panic) => Err(panic),
                };
                let value = match sampling {
                    Ok(Ok(ProbeValue(value))) => value,
                    Ok(Err(_)) => Err(format!("no answer within {limit:?}")),
                    Err(panic) => Err(format!("panicked: {}", crate::error::panic_text(&*panic))),
                };
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
        let mut probes = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        probes.push(Running { name, interval, samples, task });
    }

    /// Ends all probes; their samples stay. One that hangs by then is a missing one, not a forgotten one.
    pub(crate) fn stop(&self, clock: Clock) {
        let probes = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for probe in probes.iter() {
            probe.task.abort();
            let mut samples = probe.samples.lock().unwrap_or_else(PoisonError::into_inner);
            let patience = crate::clock::nanos((probe.interval * 2).max(Duration::from_secs(1)));
            if let Some(at) = samples.pending.take_if(|at| *at + patience < clock.now()) {
                samples.values.push((at, None));
                samples.error.get_or_insert_with(|| "no answer until the end of the run".to_owned());
            }
        }
    }

    /// Whether a probe has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|probe| probe.name == name)
    }

    /// Harm begins or ends now: earlier samples stand for nothing that comes later.
    pub(crate) fn boundary(&self, at: Nanos) {
        self.boundaries.lock().unwrap_or_else(PoisonError::into_inner).push(at);
    }

    fn last_boundary(&self, before: Nanos) -> Option<Nanos> {
        let boundaries = self.boundaries.lock().unwrap_or_else(PoisonError::into_inner);
        boundaries.iter().copied().filter(|at| *at < before).max()
    }

    /// Whether a span without samples is one in which the first sample since the last boundary is still waited for.
    pub(crate) fn awaited(&self, name: &str, from: Nanos, to: Nanos) -> bool {
        let Some(boundary) = self.last_boundary(to) else { return false };
        let probes = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let interval = probes.iter().find(|probe| probe.name == name).map(|probe| probe.interval);
        interval.is_some_and(|interval| from <= boundary + crate::clock::nanos(interval * 2))
    }

    /// A probe's samples in this unit, as [`Probes::between`] gives them; `None` also when it gives another one.
    pub(crate) fn in_unit(&self, name: &str, unit: &str, from: Nanos, to: Nanos) -> Option<Vec<Option<f64>>> {
        let sampled = self.between(name, from, to)?;
        sampled.other_unit(unit).is_none().then_some(sampled.values)
    }

    /// A probe's samples in `from..to`; where none lies in it, the last one before counts for two intervals,
    /// but never beyond an injection or a clearance. `None` when there is no such probe.
    pub(crate) fn between(&self, name: &str, from: Nanos, to: Nanos) -> Option<Sampled> {
        let boundary = self.last_boundary(to).unwrap_or(0);
        let probes = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let probe = probes.iter().find(|probe| probe.name == name)?;
        let samples = probe.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = samples.values.iter().filter(|(at, _)| (from..to).contains(at));
        let mut values: Vec<_> = inside.map(|(_, value)| *value).collect();
        if values.is_empty() {
            let fresh = crate::clock::nanos(probe.interval * 2);
            let before = samples.values.iter().rfind(|(at, _)| (boundary..from).contains(at) && *at + fresh >= from);
            values.extend(before.map(|(_, value)| *value));
        }
        Some(Sampled { unit: samples.unit, interval: probe.interval, values })
    }

    /// For the journal.
    pub(crate) fn records(&self) -> Vec<ProbeRecord> {
        let probes = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let record = |probe: &Running| {
            let samples = probe.samples.lock().unwrap_or_else(PoisonError::into_inner);
            ProbeRecord {
                name: probe.name.clone(),
                unit: samples.unit.to_owned(),
                samples: samples
                    .values
                    .iter()
                    .map(|(at, value)| ProbeSample { at_us: micros(*at), value: *value })
                    .collect(),
                error: samples.error.clone(),
            }
        };
        probes.iter().map(record).collect()
    }
}
