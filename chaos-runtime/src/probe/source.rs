//! Where a probe's values come from, as the engine sees it.

use super::periods::Aggregate;
use super::value::ProbeValue;
use crate::Result;
use futures_util::future::BoxFuture;
use std::time::{Duration, SystemTime};

/// What `chaos.probe(name, …)` takes: a [`Probe`](super::Probe), [`Periods`](super::Periods), or a CloudWatch metric.
///
/// `Kind` keeps them apart and is inferred.
#[diagnostic::on_unimplemented(
    message = "a probe can't sample this",
    label = "must be `probe::every(interval, closure)`, `probe::periods(period, closure)`, or a CloudWatch metric",
    note = "the closure must be `Send` and return a value with a unit, a `Result` of one, or a future of those; let it own what it uses, and each future too: `move || {{ let client = client.clone(); async move {{ … }} }}`"
)]
pub trait IntoProbe<Kind> {
    #[doc(hidden)]
    fn into_source(self) -> Source;
}

/// A source, whatever its type was.
#[doc(hidden)]
pub struct Source(pub(super) Kind);

pub(super) enum Kind {
    Every(Duration, Box<dyn Sampling>),
    Late(Box<dyn LateSource>),
}

impl Source {
    pub(super) fn every(interval: Duration, sampling: Box<dyn Sampling>) -> Self {
        Self(Kind::Every(interval, sampling))
    }

    pub(crate) fn late(source: impl LateSource) -> Self {
        Self(Kind::Late(Box::new(source)))
    }
}

/// What can be sampled at any moment.
pub(super) trait Sampling: Send + 'static {
    fn sample(&self) -> BoxFuture<'_, ProbeValue>;
}

/// The value of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Datapoint {
    /// The beginning of its period.
    pub(crate) start: SystemTime,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
}

/// What gives values of periods, late. Periods are back to back and begin at multiples of their length since 1970.
pub(crate) trait LateSource: Send + 'static {
    /// What is looked at, for messages: `AWS/RDS CPUUtilization{DBClusterIdentifier=orders}`.
    fn describe(&self) -> String;

    /// The length of a period.
    fn period(&self) -> Duration;

    /// How long after its end a period's value is there and does not change any more.
    fn settles_within(&self) -> Duration;

    /// What a value says of its period.
    fn aggregate(&self) -> Aggregate;

    /// Fails when it is known already that there will be nothing to read; gives the unit, if that is known. Called
    /// once, before anything is harmed.
    fn check(&mut self) -> BoxFuture<'_, Result<Option<&'static str>>>;

    /// What is known of the periods that lie in `from..to`. Those that are missing may come with a later call.
    fn read(&mut self, from: SystemTime, to: SystemTime) -> BoxFuture<'_, Result<Vec<Datapoint>>>;
}
