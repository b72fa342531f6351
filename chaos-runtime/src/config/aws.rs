//! `[profile.<profile>.aws]`: which account may be harmed, and how much of it.

use super::problem::Wrong;
use super::{Config, duration};
use crate::{Error, Result};
use std::path::PathBuf;
use std::time::Duration;

/// How long a fault may last where the file does not say it.
const MAX_DURATION: Duration = Duration::from_secs(15 * 60);

/// What the file allows in a profile. Nothing outranks it: rules that a variable could lift would be none.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "for AWS"))]
pub(crate) struct AwsRules {
    /// The accounts that may be harmed; never empty.
    pub(crate) accounts: Vec<String>,
    pub(crate) region: String,
    /// What every target must carry: key and value.
    pub(crate) tag: (String, String),
    /// The role that FIS takes on for experiments that are built in code.
    pub(crate) role: Option<String>,
    /// Stop conditions of every FIS experiment that is built in code: names or ARNs of alarms.
    pub(crate) stop_alarms: Vec<String>,
    pub(crate) max_duration: Duration,
    /// While this file exists, nothing is harmed.
    pub(crate) kill_switch: Option<PathBuf>,
    /// Whether a second switch is needed; `None`: if the profile's name says so.
    pub(crate) production: Option<bool>,
    /// All endpoints are an emulator's.
    pub(crate) emulator: bool,
}

impl Config {
    /// What this profile allows, if it allows anything.
    #[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "for AWS"))]
    pub(crate) fn aws(&self, profile: &str) -> Result<AwsRules> {
        if let Some(rules) = self.profiles.get(profile).and_then(|targets| targets.aws.clone()) {
            // As every path in the file: from where the file is.
            let dir =
                self.path.as_deref().and_then(std::path::Path::parent).unwrap_or_else(|| std::path::Path::new(""));
            let kill_switch = rules.kill_switch.as_ref().map(|path| dir.join(path));
            return Ok(AwsRules { kill_switch, ..rules });
        }
        let place = match &self.path {
            Some(path) => format!("{} has no [profile.{profile}.aws]", path.display()),
            None => "there is no chaos.toml".to_owned(),
        };
        let message = format!("no AWS account may be harmed in profile `{profile}`: {place}");
        let add = format!(
            "list what is allowed: [profile.{profile}.aws] accounts = [\"123456789012\"], region = \"eu-west-1\", \
             tag = \"chaos-test=allowed\""
        );
        let others: Vec<&str> =
            self.profiles.iter().filter(|(_, targets)| targets.aws.is_some()).map(|(name, _)| &**name).collect();
        Err(Error::new(message).help(match &*others {
            [] => add,
            others => format!("CHAOS_PROFILE={} is one with an account. Otherwise {add}", others.join(" or ")),
        }))
    }
}

/// What [`AwsRules`] say, for people and policies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[doc(hidden)]
pub struct AwsSummary {
    /// The accounts that may be harmed.
    pub accounts: Vec<String>,
    /// Of all calls.
    pub region: String,
    /// Key and value.
    pub tag: (String, String),
    /// Of FIS.
    pub role: Option<String>,
    /// All endpoints are an emulator's.
    pub emulator: bool,
}

impl AwsRules {
    pub(crate) fn summary(&self) -> AwsSummary {
        let Self { accounts, region, tag, role, emulator, .. } = self.clone();
        AwsSummary { accounts, region, tag, role, emulator }
    }

    #[expect(clippy::too_many_arguments, reason = "the file's keys, one by one")]
    pub(super) fn of(
        accounts: Vec<AccountId>,
        region: Region,
        tag: ResourceTag,
        role: Option<RoleArn>,
        stop_alarms: Vec<super::name::Name>,
        max_duration: Option<MaxDuration>,
        kill_switch: Option<super::name::Name>,
        production: Option<bool>,
        emulator: bool,
    ) -> Self {
        Self {
            accounts: accounts.into_iter().map(|account| account.0).collect(),
            region: region.0,
            tag: (tag.key, tag.value),
            role: role.map(|role| role.0),
            stop_alarms: stop_alarms.into_iter().map(|alarm| alarm.0).collect(),
            max_duration: max_duration.map_or(MAX_DURATION, |time| time.0),
            kill_switch: kill_switch.map(|path| path.0.into()),
            production,
            emulator,
        }
    }
}

/// An account's number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AccountId(String);

impl AccountId {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new("an AWS account has 12 digits", "write it in quotes, without hyphens: \"123456789012\""))
    }
}

/// A region's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Region(String);

impl Region {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let parts: Vec<&str> = text.split('-').collect();
        let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        match &*parts {
            [places @ .., number]
                if places.len() >= 2 && places.iter().all(letters) && matches!(number.as_bytes(), [b'1'..=b'9']) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Wrong::new(
                "no name of an AWS region",
                "write for example \"eu-west-1\"; a zone such as eu-west-1a is none",
            )),
        }
    }
}

/// A tag with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResourceTag {
    key: String,
    value: String,
}

impl ResourceTag {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let help = "write key and value, as in \"chaos-test=allowed\"";
        let Some((key, value)) = text.split_once('=') else { return Err(Wrong::new("no tag with a value", help)) };
        if key.trim() != key || key.is_empty() || value.trim() != value || value.is_empty() {
            return Err(Wrong::new("a tag with an empty key or value, or with blanks around it", help));
        }
        if key.starts_with("aws:") {
            let help = "choose one that people set on purpose, as in \"chaos-test=allowed\"";
            return Err(Wrong::new("a tag that AWS sets by itself allows nothing", help));
        }
        if key.chars().count() > 128 || value.chars().count() > 256 || text.chars().any(char::is_control) {
            return Err(Wrong::new("a tag that AWS does not take", "a key has at most 128 characters, a value 256"));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RoleArn(String);

impl RoleArn {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let of_role = |name: &str| name.strip_prefix("role/").is_some_and(|name| !name.is_empty());
        match *parts {
            ["arn", partition, "iam", "", account, role]
                if partition.starts_with("aws") && AccountId::parse(account).is_ok() && of_role(role) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Wrong::new("no ARN of a role", "write for example \"arn:aws:iam::123456789012:role/chaos-fis\"")),
        }
    }
}

/// How long a fault may last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MaxDuration(Duration);

impl MaxDuration {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        /// The longest that FIS lets an experiment run.
        const MOST: Duration = Duration::from_secs(12 * 3_600);
        let time = duration::parse(text)?;
        if time.is_zero() || time > MOST {
            return Err(Wrong::new("a fault may last more than nothing, and 12 h at most", "write for example `15m`"));
        }
        Ok(Self(time))
    }
}

/// The name of an Aurora cluster.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClusterName(pub(super) String);

impl ClusterName {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let of_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let hyphens = text.ends_with('-') || text.contains("--");
        if begins && !hyphens && text.len() <= 63 && text.chars().all(of_name) {
            return Ok(Self(text.to_owned()));
        }
        let help = "write its DB cluster identifier, as in \"payments-staging\"";
        Err(Wrong::new("no identifier of a DB cluster: letters, digits and single hyphens", help))
    }
}

#[cfg(test)]
#[path = "aws_tests.rs"]
mod tests;
