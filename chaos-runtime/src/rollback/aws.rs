//! Undoing what was done in an AWS account: the steps as data. What takes them is with AWS itself.

use super::run::Remark;
use crate::Result;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an undo has to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AwsPlace {
    /// The account's number.
    pub account: String,
    /// The region.
    pub region: String,
    /// An emulator's endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// One step. Each may be taken again, and is content when there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AwsStep {
    /// Stop the FIS experiments with this tag, and delete the templates.
    End {
        /// The value of the tag `chaos-test.experiment`.
        experiment: String,
        /// The value of the tag `chaos-test.fault`, if only one fault is to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// Give back the lease on a cluster.
    Release {
        /// The cluster's ARN.
        cluster: String,
        /// Who held it: the value of the tag `chaos-test.experiment`.
        experiment: String,
    },
}

impl AwsPlace {
    #[cfg(feature = "aws")]
    pub(crate) fn new(account: String, region: String, endpoint: Option<String>) -> Self {
        Self { account, region, endpoint }
    }
}

impl fmt::Display for AwsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in account {}, region {}", self.account, self.region)
    }
}

impl fmt::Display for AwsStep {
    /// What to do by hand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End { experiment, .. } => write!(
                f,
                "`aws fis stop-experiment --id …` for those that `aws fis list-experiments` shows with the tag \
                 chaos-test.experiment={experiment}, then `aws fis delete-experiment-template --id …` likewise"
            ),
            Self::Release { cluster, .. } => {
                write!(f, "`aws rds remove-tags-from-resource --resource-name {cluster} --tag-keys chaos-test.lease`")
            }
        }
    }
}

#[cfg(feature = "aws")]
pub(super) fn run(place: &AwsPlace, steps: &[AwsStep]) -> BoxFuture<'static, Result<Remark>> {
    Box::pin(crate::aws::undo(place.clone(), steps.to_vec()))
}

#[cfg(not(feature = "aws"))]
pub(super) fn run(place: &AwsPlace, _: &[AwsStep]) -> BoxFuture<'static, Result<Remark>> {
    let error =
        crate::Error::new(format!("what was done {place} can't be undone by a build without the feature `aws`"))
            .help("run a chaos test that is built with it, or do it by hand");
    Box::pin(std::future::ready(Err(error)))
}
