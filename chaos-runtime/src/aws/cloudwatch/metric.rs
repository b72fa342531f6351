//! A metric of CloudWatch, as a probe's source.

use super::fetch;
use super::statistic::Statistic;
use super::unit::Unit;
use super::vanished;
use crate::probe::{Aggregate, Datapoint, IntoProbe, LateSource, Source};
use crate::{Error, ErrorKind, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric as Name};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::fmt;
use std::time::{Duration, SystemTime};

/// One metric, or an expression over several, for `chaos.probe(name, …)`.
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # async fn body(chaos: &mut Chaos, aws: chaos_runtime::aws::Aws) -> chaos::Result {
/// let cloudwatch = aws.cloudwatch();
/// let hosts = cloudwatch.metric("AWS/ApplicationELB", "HealthyHostCount");
/// let hosts = hosts.dimension("TargetGroup", "targetgroup/orders/6d0ecf831eec9f09");
/// let hosts = hosts.dimension("LoadBalancer", "app/shop/50dc6c495c0c9188");
/// chaos.probe("healthy hosts", hosts.minimum()); // probe("healthy hosts") >= 2
///
/// let seen = cloudwatch.metric("Shop", "Orders").sum();
/// let failed = cloudwatch.metric("Shop", "FailedOrders").sum();
/// let share = cloudwatch.math("100 * FILL(failed, 0) / seen", [("seen", seen), ("failed", failed)]);
/// chaos.probe("failed orders", share.unit(chaos_runtime::aws::cloudwatch::Unit::Percent)); // … < 1%
/// # Ok(()) }
/// ```
///
/// The average of each minute unless told otherwise. How claims are judged on values of periods that come minutes
/// later is told in [`probe`](crate::probe). A metric without a single value in the last three hours is refused before
/// anything is harmed.
#[derive(Debug, Clone)]
#[must_use = "a metric is watched by `chaos.probe(name, metric)`"]
pub struct Metric {
    pub(super) client: Client,
    pub(super) what: What,
    period: Duration,
    settles: Duration,
    unit: Option<Unit>,
    may_be_silent: bool,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) enum What {
    Stat(Stat),
    Math { expression: String, inputs: Vec<(String, Metric)> },
}

/// A statistic of one metric.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) dimensions: Vec<(String, String)>,
    pub(super) statistic: Statistic,
}

impl Stat {
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let one = |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
        self.dimensions.iter().map(one).collect()
    }

    pub(super) fn metric(&self) -> Name {
        let name = Name::builder().namespace(&self.namespace).metric_name(&self.name);
        name.set_dimensions(Some(self.dimensions())).build()
    }
}

impl fmt::Display for Stat {
    /// `AWS/RDS CPUUtilization{DBClusterIdentifier=orders}`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.namespace, self.name)?;
        if !self.dimensions.is_empty() {
            let dimensions = self.dimensions.iter().map(|(name, value)| format!("{name}={value}"));
            write!(f, "{{{}}}", dimensions.collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

impl Metric {
    pub(super) fn new(client: Client, namespace: String, name: String) -> Self {
        let stat = Stat { namespace, name, dimensions: Vec::new(), statistic: Statistic::Average };
        Self::of(client, What::Stat(stat))
    }

    pub(super) fn math(client: Client, expression: String, inputs: Vec<(String, Self)>) -> Self {
        Self::of(client, What::Math { expression, inputs })
    }

    fn of(client: Client, what: What) -> Self {
        let (period, settles) = (Duration::from_secs(60), Duration::from_secs(120));
        Self { client, what, period, settles, unit: None, may_be_silent: false }
    }

    /// One more dimension. A metric is found by exactly the dimensions with which it was published.
    pub fn dimension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let What::Stat(stat) = &mut self.what {
            stat.dimensions.push((name.into(), value.into()));
        }
        self
    }

    fn statistic(mut self, statistic: Statistic) -> Self {
        if let What::Stat(stat) = &mut self.what {
            stat.statistic = statistic;
        }
        self
    }

    /// The mean of each period's values.
    pub fn average(self) -> Self {
        self.statistic(Statistic::Average)
    }

    /// The least of each period's values.
    pub fn minimum(self) -> Self {
        self.statistic(Statistic::Minimum)
    }

    /// The greatest of each period's values.
    pub fn maximum(self) -> Self {
        self.statistic(Statistic::Maximum)
    }

    /// The sum of each period's values, which are taken to be never negative.
    pub fn sum(self) -> Self {
        self.statistic(Statistic::Sum)
    }

    /// How many values were published in each period: a plain number.
    pub fn sample_count(self) -> Self {
        self.statistic(Statistic::SampleCount)
    }

    /// A percentile of each period's values: `99.0`, `99.9`.
    pub fn percentile(self, percentile: f64) -> Self {
        self.statistic(Statistic::Percentile(percentile))
    }

    /// The length of a period: 1, 5, 10 or 30 s for metrics published in high resolution, else a multiple of a minute.
    /// One minute unless told. The inputs of an expression are read in its periods.
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// How long after its end a period's value is there and does not change any more; 2 min unless told. What is not
    /// there by then is missing.
    pub fn settles_within(mut self, settles: Duration) -> Self {
        self.settles = settles;
        self
    }

    /// The unit: only values published in it count. Found out unless told; for an expression it must be told, as its
    /// values are plain numbers otherwise.
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// Says that it need not have had a value in the last three hours. A claim on it is inconclusive all the same when
    /// it has none in the phases that the claim is about.
    pub fn may_be_silent(mut self) -> Self {
        self.may_be_silent = true;
        self
    }

    /// Mistakes that can be seen without asking anybody.
    fn validate(&self) -> Result<()> {
        let problem = |message: String, help: &str| Err(Error::new(message).help(help));
        let seconds = self.period.as_secs();
        let whole = self.period.subsec_nanos() == 0;
        if !whole || !(matches!(seconds, 1 | 5 | 10 | 30) || (seconds > 0 && seconds.is_multiple_of(60))) {
            let message = format!("CloudWatch has no periods of {:?}", self.period);
            return problem(message, "1, 5, 10 or 30 s (high resolution), or a multiple of a minute");
        }
        match &self.what {
            What::Stat(stat) => {
                if stat.namespace.is_empty() || stat.name.is_empty() {
                    return problem("a metric has no name".into(), "`.metric(\"AWS/RDS\", \"CPUUtilization\")`");
                }
                if let Some(problem) = stat.statistic.problem() {
                    return Err(Error::new(format!("{stat}: {problem}")));
                }
            }
            What::Math { expression, inputs } => {
                for (index, (id, input)) in inputs.iter().enumerate() {
                    let begins = id.starts_with(|c: char| c.is_ascii_lowercase());
                    if !begins || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                        let message = format!("`{id}` is no name for an input of `{expression}`");
                        return problem(message, "a small letter, then letters, digits and `_`: `m1`");
                    }
                    if inputs[..index].iter().any(|(other, _)| other == id) {
                        return problem(format!("two inputs of `{expression}` are named `{id}`"), "name them apart");
                    }
                    if matches!(input.what, What::Math { .. }) {
                        let message = format!("input `{id}` of `{expression}` is an expression itself");
                        return problem(message, "write it as one expression over metrics");
                    }
                    input.validate()?;
                }
                if inputs.is_empty() {
                    let help = "`.math(\"100 * m1 / m2\", [(\"m1\", …), (\"m2\", …)])`";
                    return problem(format!("`{expression}` has no inputs"), help);
                }
            }
        }
        Ok(())
    }

    /// The unit of its values, from what CloudWatch has of the last hours, if it has any.
    async fn find_unit(&self) -> Result<Option<Unit>> {
        match &self.what {
            What::Stat(stat) => {
                vanished::units(&self.client, stat, self.unit).await.and_then(|units| match (self.unit, &units[..]) {
                    (Some(unit), [_, ..]) => Ok(Some(unit)),
                    (_, []) => Ok(None),
                    (None, [unit]) => Ok(Some(*unit)),
                    (None, several) => {
                        let names: Vec<_> = several.iter().map(|unit| unit.name()).collect();
                        Err(Error::new(format!("{stat} has values in several units: {}", names.join(", ")))
                            .help(format!("say in which: `.unit(Unit::{:?})`", several[0])))
                    }
                })
            }
            What::Math { .. } => Ok(Some(self.unit.unwrap_or(Unit::None))),
        }
    }

    /// The unit that claims speak of, and what values are multiplied with to be in it.
    fn scale(&self, unit: Unit) -> (f64, &'static str) {
        match &self.what {
            What::Stat(stat) if stat.statistic == Statistic::SampleCount => (1.0, ""),
            _ => unit.in_claims(),
        }
    }

    async fn is_useful(&self) -> Result<Option<Unit>> {
        self.validate()?;
        if let What::Math { inputs, .. } = &self.what {
            for (_, input) in inputs {
                if input.find_unit().await?.is_none() && !(self.may_be_silent || input.may_be_silent) {
                    return Err(input.silent().await);
                }
            }
        }
        let unit = self.find_unit().await?;
        if unit.is_none() && !self.may_be_silent {
            return Err(self.silent().await);
        }
        Ok(unit)
    }

    /// Why a metric without values is refused, and what was meant perhaps.
    async fn silent(&self) -> Error {
        let What::Stat(stat) = &self.what else { return Error::new("an expression without values") };
        let of_unit = self.unit.map(|unit| format!(" in {}", unit.name())).unwrap_or_default();
        let hint = vanished::hint(&self.client, stat).await;
        let message = format!("no datapoint of {stat}{of_unit} in the last 3 h: is the name right?{hint}");
        Error::of(ErrorKind::Inconclusive, message)
            .help("correct namespace, name and dimensions; `.may_be_silent()` if it need not have had any")
    }
}

impl IntoProbe<Metric> for Metric {
    fn into_source(self) -> Source {
        Source::late(Watched { unit: None, metric: self })
    }
}

/// A metric that is watched.
struct Watched {
    metric: Metric,
    /// As found out.
    unit: Option<Unit>,
}

impl LateSource for Watched {
    fn describe(&self) -> String {
        self.metric.describe()
    }

    fn period(&self) -> Duration {
        self.metric.period
    }

    fn settles_within(&self) -> Duration {
        self.metric.settles
    }

    fn aggregate(&self) -> Aggregate {
        match &self.metric.what {
            What::Stat(stat) => stat.statistic.aggregate(),
            What::Math { .. } => Aggregate::Other,
        }
    }

    fn check(&mut self) -> BoxFuture<'_, Result<Option<&'static str>>> {
        async move {
            self.unit = self.metric.is_useful().await?;
            Ok(self.unit.map(|unit| self.metric.scale(unit).1))
        }
        .boxed()
    }

    fn read(&mut self, from: SystemTime, to: SystemTime) -> BoxFuture<'_, Result<Vec<Datapoint>>> {
        async move {
            let values = fetch::values(&self.metric.client, &self.metric, from, to).await?;
            if values.is_empty() {
                return Ok(Vec::new());
            }
            // A metric that was silent tells its unit only now.
            let unit = match self.unit {
                Some(unit) => unit,
                None => self.metric.find_unit().await?.unwrap_or(Unit::None),
            };
            self.unit = Some(unit);
            let (factor, unit) = self.metric.scale(unit);
            let datapoint = |(start, value): (SystemTime, f64)| Datapoint { start, value: value * factor, unit };
            Ok(values.into_iter().map(datapoint).collect())
        }
        .boxed()
    }
}

impl Metric {
    /// What is looked at, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.what {
            What::Stat(stat) => format!("{stat} ({})", stat.statistic.name()),
            What::Math { expression, .. } => format!("`{expression}`"),
        }
    }

    pub(super) fn seconds(&self) -> i32 {
        i32::try_from(self.period.as_secs()).unwrap_or(i32::MAX)
    }

    pub(super) fn told_unit(&self) -> Option<Unit> {
        self.unit
    }
}

#[cfg(test)]
#[path = "metric_tests.rs"]
mod tests;
