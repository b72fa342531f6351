//! Whether a metric is known at all, and what was meant by one that is not.

use super::metric::Stat;
use super::unit::Unit;
use crate::Result;
use crate::aws::refused;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Metric as Name, Statistic};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// How far back is looked: what has published something since then is no misspelt name.
const BACK: Duration = Duration::from_secs(3 * 3_600);

/// The units of the values that it had in the last three hours; none of them if it had no value.
pub(super) async fn units(client: &Client, stat: &Stat, unit: Option<Unit>) -> Result<Vec<Unit>> {
    let now = SystemTime::now();
    let found = client
        .get_metric_statistics()
        .namespace(&stat.namespace)
        .metric_name(&stat.name)
        .set_dimensions(Some(stat.dimensions()))
        .start_time(DateTime::from(now.checked_sub(BACK).unwrap_or(SystemTime::UNIX_EPOCH)))
        .end_time(DateTime::from(now))
        .period(3_600)
        .statistics(Statistic::SampleCount)
        .set_unit(unit.map(Unit::standard))
        .send()
        .await
        .map_err(|error| refused(&format!("look for {stat}"), error))?;
    let mut units = Vec::new();
    for datapoint in found.datapoints() {
        let unit = datapoint.unit().and_then(|unit| Unit::named(unit.as_str())).unwrap_or(Unit::None);
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    Ok(units)
}

/// What was meant perhaps, as a sentence to add. Empty when CloudWatch does not tell.
pub(super) async fn hint(client: &Client, stat: &Stat) -> String {
    let of_name = list(client, Some(&stat.namespace), Some(&stat.name)).await;
    if !of_name.is_empty() {
        let sets: BTreeSet<String> = of_name.iter().map(dimensions).collect();
        let some: Vec<_> = sets.iter().take(3).map(|set| format!("{{{set}}}")).collect();
        let more = if sets.len() > some.len() { " and others" } else { "" };
        return format!(" It is known with {}{more}", some.join(", "));
    }
    let in_namespace = list(client, Some(&stat.namespace), None).await;
    let names: BTreeSet<&str> = in_namespace.iter().filter_map(Name::metric_name).collect();
    if let Some(name) = nearest(&stat.name, names.iter().copied()) {
        return format!(" Did you mean `{name}`?");
    }
    if !names.is_empty() {
        let some: Vec<_> = names.iter().take(5).copied().collect();
        return format!(" {} has {}", stat.namespace, some.join(", "));
    }
    let elsewhere = list(client, None, Some(&stat.name)).await;
    let namespaces: BTreeSet<&str> = elsewhere.iter().filter_map(Name::namespace).collect();
    match namespaces.first() {
        Some(namespace) => format!(" There is one of this name in {namespace}"),
        None => String::new(),
    }
}

/// The first pages of what is known.
async fn list(client: &Client, namespace: Option<&str>, name: Option<&str>) -> Vec<Name> {
    const PAGES: usize = 4;
    let mut found = Vec::new();
    let mut pages = client
        .list_metrics()
        .set_namespace(namespace.map(Into::into))
        .set_metric_name(name.map(Into::into))
        .into_paginator()
        .send();
    for _ in 0..PAGES {
        // A hint that can't be had is no reason to fail.
        let Some(Ok(page)) = pages.next().await else { break };
        found.extend(page.metrics.unwrap_or_default());
    }
    found
}

fn dimensions(metric: &Name) -> String {
    let one = |d: &aws_sdk_cloudwatch::types::Dimension| {
        format!("{}={}", d.name().unwrap_or_default(), d.value().unwrap_or_default())
    };
    metric.dimensions().iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The nearest of some names, if it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let scored = known.map(|known| (score(known), known)).filter(|(score, _)| *score > 0.85);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}
