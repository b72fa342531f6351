//! Effects that can be seen from outside: what FIS itself says of its actions proves little.

use super::super::Session;
use super::super::error::refused;
use super::super::guard::Arn;
use super::source::Outline;
use super::watch::Resolved;
use crate::Result;
use crate::fault::Evidence;
use std::collections::{BTreeMap, BTreeSet};

/// What there was before the experiment, as far as its effects show against it.
#[derive(Debug, Default)]
pub(super) struct Before {
    actions: BTreeSet<String>,
    /// Cluster ARNs and their writers.
    writers: BTreeMap<String, String>,
    /// Ids of the instances that ran.
    running: BTreeSet<String>,
}

const FAILOVER: &str = "aws:rds:failover-db-cluster";
const TERMINATE: &str = "aws:ec2:terminate-instances";
const STOP: &str = "aws:ec2:stop-instances";

impl Before {
    pub(super) async fn read(session: &Session, outline: &Outline) -> Result<Self> {
        let actions: BTreeSet<String> = outline.actions.values().cloned().collect();
        // Which cluster FIS chooses by tags is known later only.
        let writers = if actions.contains(FAILOVER) { writers(session).await? } else { BTreeMap::new() };
        let ends = actions.contains(TERMINATE) || actions.contains(STOP);
        let running = if ends { session.running_instances().await? } else { BTreeSet::new() };
        Ok(Self { actions, writers, running })
    }

    /// Whether an effect is seen on what FIS has resolved; `None`: no action has one that shows from outside.
    pub(super) async fn effect(&self, session: &Session, resolved: &[Resolved]) -> Result<Option<Evidence>> {
        let of = |resource_type: &str| {
            resolved.iter().filter(|target| target.resource_type == resource_type).map(|target| &*target.told).collect()
        };
        let mut missing = None;
        if self.actions.contains(FAILOVER) {
            let clusters: Vec<&str> = of("aws:rds:cluster");
            match self.moved(session, &clusters).await? {
                evidence if evidence.is_seen() => return Ok(Some(evidence)),
                evidence => missing = Some(evidence),
            }
        }
        if self.actions.contains(TERMINATE) || self.actions.contains(STOP) {
            let instances: Vec<&str> = of("aws:ec2:instance");
            match self.down(session, &instances).await? {
                evidence if evidence.is_seen() => return Ok(Some(evidence)),
                evidence => missing = Some(evidence),
            }
        }
        Ok(missing)
    }

    async fn moved(&self, session: &Session, clusters: &[&str]) -> Result<Evidence> {
        let now = writers(session).await?;
        let moved: Vec<String> = clusters
            .iter()
            .filter_map(|cluster| {
                let (old, new) = (self.writers.get(*cluster)?, now.get(*cluster)?);
                (old != new).then(|| format!("writer moved from {old} to {new}"))
            })
            .collect();
        if moved.is_empty() {
            return Ok(Evidence::none("no writer has moved"));
        }
        Ok(Evidence::counted(moved.len() as u64, moved.join(", ")))
    }

    /// Instances that ran before, and end or have ended.
    async fn down(&self, session: &Session, arns: &[&str]) -> Result<Evidence> {
        let ids = arns.iter().filter_map(|arn| Arn::parse(arn)?.resource.strip_prefix("instance/"));
        let ids: Vec<&str> = ids.filter(|id| self.running.contains(*id)).collect();
        if ids.is_empty() {
            return Ok(Evidence::none("FIS has resolved no instance that ran before"));
        }
        let states = session.instance_states(&ids).await?;
        // What EC2 does not tell of proves nothing: it shows terminated instances for an hour.
        let down: Vec<String> = ids
            .iter()
            .filter_map(|id| Some((id, states.get(*id)?)))
            .filter(|(_, state)| !matches!(state.as_str(), "running" | "pending"))
            .map(|(id, state)| format!("{id} is {state}"))
            .collect();
        if down.is_empty() {
            return Ok(Evidence::none(format!("all {} instances still run", ids.len())));
        }
        Ok(Evidence::counted(down.len() as u64, down.join(", ")))
    }
}

/// The writers of all clusters.
async fn writers(session: &Session) -> Result<BTreeMap<String, String>> {
    let mut writers = BTreeMap::new();
    let mut next: Option<String> = None;
    loop {
        let answer = session.rds.describe_db_clusters().set_marker(next).send().await;
        let answer = answer.map_err(|error| refused("look for the writers of the clusters", error))?;
        for cluster in answer.db_clusters() {
            let writer = cluster.db_cluster_members().iter().find(|member| member.is_cluster_writer() == Some(true));
            let writer = writer.and_then(|member| member.db_instance_identifier());
            if let (Some(arn), Some(writer)) = (cluster.db_cluster_arn(), writer) {
                writers.insert(arn.to_owned(), writer.to_owned());
            }
        }
        next = answer.marker().map(str::to_owned);
        if next.is_none() {
            return Ok(writers);
        }
    }
}
