//! The state of alarms, as CloudWatch tells it.

use super::vanished::nearest;
use crate::aws::{Session, refused};
use crate::condition::Standing;
use crate::{Error, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use std::collections::BTreeSet;

/// How many alarms one call may name.
const MOST_NAMES: usize = 100;

/// What CloudWatch says of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlarmState {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) state: StateValue,
    /// Why it is in that state.
    pub(crate) reason: String,
}

impl AlarmState {
    /// What it means for an experiment.
    pub(crate) fn standing(self, insufficient_data_is_ok: bool) -> Standing {
        let said = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        match self.state {
            StateValue::Ok => Standing::Well,
            StateValue::InsufficientData if insufficient_data_is_ok => Standing::Well,
            StateValue::Alarm => Standing::Alarming(format!("it is in ALARM{said}")),
            other => Standing::Unknown(format!("it is in {}{said}", other.as_str())),
        }
    }

    fn of_metric(alarm: &MetricAlarm) -> Self {
        Self::new(alarm.alarm_name(), alarm.alarm_arn(), alarm.state_value(), alarm.state_reason())
    }

    fn of_composite(alarm: &CompositeAlarm) -> Self {
        Self::new(alarm.alarm_name(), alarm.alarm_arn(), alarm.state_value(), alarm.state_reason())
    }

    fn new(name: Option<&str>, arn: Option<&str>, state: Option<&StateValue>, reason: Option<&str>) -> Self {
        Self {
            name: name.unwrap_or_default().to_owned(),
            arn: arn.unwrap_or_default().to_owned(),
            state: state.cloned().unwrap_or(StateValue::InsufficientData),
            reason: reason.unwrap_or_default().to_owned(),
        }
    }
}

/// The name in `arn:aws:cloudwatch:eu-central-1:123456789012:alarm:NAME`, or the name as it is.
pub(super) fn short(name: &str) -> &str {
    match name.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').last().and_then(|rest| rest.strip_prefix("alarm:")).unwrap_or(name),
        None => name,
    }
}

/// Whether it is the ARN of an alarm of this region and account.
fn is_of(arn: &str, region: &str, account: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(fields[..], ["arn", _, "cloudwatch", r, a, alarm] if r == region && a == account && alarm.starts_with("alarm:"))
}

impl Session {
    /// The alarms of these names or ARNs, metric and composite ones, in this order.
    ///
    /// # Errors
    /// When one is not there or is another account's or region's, and when CloudWatch refuses the call.
    pub(crate) async fn alarms(&self, named: &[String]) -> Result<Vec<AlarmState>> {
        for arn in named.iter().filter(|name| name.starts_with("arn:")) {
            if !is_of(arn, &self.region, &self.account) {
                let (account, region) = (&self.account, &self.region);
                return Err(Error::new(format!("`{arn}` is no alarm of account {account} in {region}"))
                    .help("name an alarm of the account and the region of the experiment"));
            }
        }
        let names: Vec<&str> = named.iter().map(|name| short(name)).collect();
        states(&self.cloudwatch, &names).await
    }
}

async fn states(client: &Client, names: &[&str]) -> Result<Vec<AlarmState>> {
    let mut found = Vec::new();
    for names in names.chunks(MOST_NAMES) {
        found.extend(described(client, Some(names), usize::MAX).await?);
    }
    let mut states = Vec::new();
    for name in names {
        match found.iter().find(|alarm| alarm.name == *name) {
            Some(alarm) => states.push(alarm.clone()),
            None => return Err(missing(client, name).await),
        }
    }
    Ok(states)
}

/// Alarms of both kinds: by name, or whichever there are.
async fn described(client: &Client, names: Option<&[&str]>, pages: usize) -> Result<Vec<AlarmState>> {
    let mut found = Vec::new();
    let mut all = client
        .describe_alarms()
        .set_alarm_names(names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()))
        // Composite ones are left out otherwise.
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .into_paginator()
        .send();
    for _ in 0..pages {
        let Some(page) = all.next().await else { break };
        let page = page.map_err(|error| refused("read the state of the alarms", error))?;
        found.extend(page.metric_alarms().iter().map(AlarmState::of_metric));
        found.extend(page.composite_alarms().iter().map(AlarmState::of_composite));
    }
    Ok(found)
}

async fn missing(client: &Client, name: &str) -> Error {
    let error = Error::new(format!("there is no alarm `{name}`"));
    // A hint that can't be had is no reason for another error.
    let known = described(client, None, 10).await.unwrap_or_default();
    let known: BTreeSet<&str> = known.iter().map(|alarm| alarm.name.as_str()).collect();
    match nearest(name, known.iter().copied()) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None if known.is_empty() => error.help("this account has no alarm at all in this region"),
        None => error.help("name an alarm of the account and the region of the experiment"),
    }
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
mod tests;
