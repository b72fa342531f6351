//! Probes of values that stand for periods and come late.

use super::source::{Datapoint, IntoProbe, LateSource, Source};
use super::value::IntoProbeValue;
use crate::claim::{Claim, Cmp, Limit, Value};
use crate::{Error, Result};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, SystemTime};

/// Values of periods, which a monitoring system gives late. Made by [`periods`].
#[must_use = "a probe samples nothing until `chaos.probe(name, …)`"]
pub struct Periods<F> {
    period: Duration,
    settles: Duration,
    aggregate: Aggregate,
    read: F,
}

/// What a value says of its period, and so what it can say of a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// The least of the period: no part of it is below.
    Minimum,
    /// The greatest of the period: no part of it is above.
    Maximum,
    /// A sum or a count of what is never negative: no part of the period has more.
    Total,
    /// A mean, a quantile, anything else: says nothing of a part.
    Other,
}

/// A probe of values that a monitoring system gives for periods of this length, some time after they have ended.
///
/// Periods are back to back and begin at multiples of their length since 1970. `read(from, to)` is called again and
/// again and gives what is known of those that lie in `from..to`: the beginning of each with its value. A value may
/// come with a later call, and may change, until it [settles](Periods::settles_within). The [module](super) says how
/// claims on such values are judged.
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # use std::time::SystemTime;
/// # #[derive(Clone)] struct Prometheus;
/// # impl Prometheus {
/// #     async fn increase(&self, _: &str, _: SystemTime, _: SystemTime) -> std::io::Result<Vec<(SystemTime, f64)>> { Ok(vec![]) }
/// # }
/// # async fn body(chaos: &mut Chaos, prometheus: Prometheus) -> chaos::Result {
/// let failed = probe::periods(secs(30), move |from, to| {
///     let prometheus = prometheus.clone();
///     async move { prometheus.increase("payments_failed_total", from, to).await }
/// });
/// chaos.probe("failed payments", failed.of(probe::Aggregate::Total).settles_within(secs(20)));
/// # Ok(()) }
/// ```
pub const fn periods<F>(period: Duration, read: F) -> Periods<F> {
    Periods { period, settles: Duration::from_secs(120), aggregate: Aggregate::Other, read }
}

impl<F> Periods<F> {
    /// How long after its end a period's value is there and does not change any more; 2 min unless told. What is not
    /// there by then is missing.
    pub const fn settles_within(mut self, settles: Duration) -> Self {
        self.settles = settles;
        self
    }

    /// What a value says of its period; [`Aggregate::Other`] unless told.
    pub const fn of(mut self, aggregate: Aggregate) -> Self {
        self.aggregate = aggregate;
        self
    }
}

impl Aggregate {
    /// Whether each part of a period meets the claim if the whole does.
    pub(crate) fn bounds_parts(self, claim: &Claim) -> bool {
        let none = matches!(claim.limit, Limit::Value(Value::Number(0.0)));
        match self {
            Self::Minimum => matches!(claim.cmp, Cmp::Gt | Cmp::Ge),
            Self::Maximum => claim.cmp.is_upper(),
            Self::Total => claim.cmp.is_upper() || (claim.cmp == Cmp::Eq && none),
            Self::Other => false,
        }
    }
}

#[doc(hidden)]
#[derive(Debug)]
pub enum OfPeriods {}

impl<F, Fut, V, E> IntoProbe<OfPeriods> for Periods<F>
where
    F: Fn(SystemTime, SystemTime) -> Fut + Send + 'static,
    Fut: Future<Output = std::result::Result<Vec<(SystemTime, V)>, E>> + Send + 'static,
    V: IntoProbeValue + Send + 'static,
    E: Display + Send + 'static,
{
    fn into_source(self) -> Source {
        let Self { period, settles, aggregate, read } = self;
        let read = move |from, to| {
            let reading = read(from, to);
            async move {
                let values = reading.await.map_err(|error| Error::new(error.to_string()))?;
                let datapoint = |(start, value): (SystemTime, V)| {
                    let (value, unit) = value.into_probe_value().0.map_err(Error::new)?;
                    Ok(Datapoint { start, value, unit })
                };
                values.into_iter().map(datapoint).collect()
            }
            .boxed()
        };
        Source::late(Closure { period, settles, aggregate, read: Box::new(read) })
    }
}

type Read = dyn Fn(SystemTime, SystemTime) -> BoxFuture<'static, Result<Vec<Datapoint>>> + Send;

struct Closure {
    period: Duration,
    settles: Duration,
    aggregate: Aggregate,
    read: Box<Read>,
}

impl LateSource for Closure {
    fn describe(&self) -> String {
        "its source".to_owned()
    }

    fn period(&self) -> Duration {
        self.period
    }

    fn settles_within(&self) -> Duration {
        self.settles
    }

    fn aggregate(&self) -> Aggregate {
        self.aggregate
    }

    fn check(&mut self) -> BoxFuture<'_, Result<Option<&'static str>>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn read(&mut self, from: SystemTime, to: SystemTime) -> BoxFuture<'_, Result<Vec<Datapoint>>> {
        (self.read)(from, to)
    }
}
