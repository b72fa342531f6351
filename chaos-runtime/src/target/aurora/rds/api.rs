//! The RDS API, as far as one cluster is concerned.

use super::seen::status_of;
use crate::aws::refused;
use crate::{Error, Result};
use aws_sdk_rds::Client;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use std::collections::BTreeMap;

/// The way to one cluster.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) rds: Client,
    /// The cluster's identifier in the account: `payments-staging`.
    pub(super) id: String,
    /// For messages: which account, which region.
    pub(super) whereabouts: String,
}

impl Api {
    /// The cluster as RDS has it now.
    pub(super) async fn cluster(&self) -> Result<DbCluster> {
        let call = self.rds.describe_db_clusters().db_cluster_identifier(&self.id);
        let what = format!("look at the cluster {}", self.id);
        let answer = call.send().await.map_err(|error| self.explained(&what, error))?;
        let found = answer.db_clusters.unwrap_or_default().into_iter().next();
        found.ok_or_else(|| self.missing())
    }

    /// Its instances as RDS has them now.
    pub(super) async fn instances(&self) -> Result<Vec<DbInstance>> {
        let filter = Filter::builder().name("db-cluster-id").values(&self.id).build();
        let mut pages = self.rds.describe_db_instances().filters(filter).into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(instance) = pages.next().await {
            let what = format!("look at the instances of {}", self.id);
            all.push(instance.map_err(|error| self.explained(&what, error))?);
        }
        Ok(all)
    }

    /// The status of each instance by its name.
    pub(super) async fn statuses(&self) -> Result<BTreeMap<String, String>> {
        let of = |instance: &DbInstance| {
            (instance.db_instance_identifier().unwrap_or_default().to_owned(), status_of(instance).to_owned())
        };
        Ok(self.instances().await?.iter().map(of).collect())
    }

    fn missing(&self) -> Error {
        Error::new(format!("there is no cluster `{}` {}", self.id, self.whereabouts)).help(
            "look at the `cluster` that chaos.toml names, and at the account and the region of the profile; it is the \
             identifier of the cluster, not of an instance",
        )
    }

    /// An error of RDS with the way out that is known for it here.
    pub(super) fn explained<E, R>(&self, what: &str, error: SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        let said = error.message().unwrap_or("no reason given");
        match error.code().unwrap_or_default() {
            "DBClusterNotFoundFault" => self.missing(),
            "InvalidDBClusterStateFault" => Error::new(format!(
                "failed to {what}: its state does not allow it: {said}"
            ))
            .help("another failover, a change or a maintenance may be under way: wait until its status is available"),
            "InvalidDBInstanceState" | "InvalidDBInstanceStateFault" => {
                Error::new(format!("failed to {what}: an instance's state does not allow it: {said}"))
                    .help("wait until the status of every instance is available")
            }
            "InvalidParameterCombination" => Error::new(format!("failed to {what}: {said}"))
                .help("where a reboot can't move the writer, `aurora.failover()` does"),
            _ => refused(what, error),
        }
    }
}
