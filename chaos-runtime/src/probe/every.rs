//! Probes that are sampled again and again, here and now.

use super::source::{IntoProbe, Sampling, Source};
use super::value::{IntoProbeValue, ProbeValue};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::time::Duration;

/// Samples a value again and again. Made by [`every`].
#[must_use = "a probe samples nothing until `chaos.probe(name, …)`"]
pub struct Probe<F> {
    interval: Duration,
    sample: F,
}

/// A probe that samples `sample()` at this interval, from `chaos.probe(…)` to the end of the experiment.
///
/// The value may be a [`Duration`], a number, a [`Percent`](crate::units::Percent), a [`Rate`](crate::units::Rate), or a `Result` of one of them;
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

impl<F: SampleFn<Kind>, Kind: 'static> IntoProbe<Kind> for Probe<F> {
    fn into_source(self) -> Source {
        Source::every(self.interval, Box::new(Closure(self.sample, std::marker::PhantomData)))
    }
}

/// A closure with its kind, as the engine samples it.
struct Closure<F, Kind>(F, std::marker::PhantomData<fn() -> Kind>);

impl<F: SampleFn<Kind>, Kind: 'static> Sampling for Closure<F, Kind> {
    fn sample(&self) -> BoxFuture<'_, ProbeValue> {
        self.0.sample().boxed()
    }
}
