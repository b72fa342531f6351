//! Few processes.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::{Error, Result};
use serde_json::json;
use testcontainers::bollard::models::ContainerUpdateBody;

/// See [`ContainerFaults::pids_limit`](super::ContainerFaults::pids_limit).
#[derive(Debug, Clone)]
pub struct PidsLimit {
    limit: u32,
    before: Option<i64>,
}

impl PidsLimit {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, before: None }
    }
}

impl Harm for PidsLimit {
    fn describe(&self) -> String {
        format!("at most {} processes and threads", self.limit)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let before = container.living().await?.host_config().pids_limit.filter(|limit| *limit > 0);
        if self.limit == 0 {
            return Err(Error::new("a limit of 0 processes means no limit").help("ask for 1 at least"));
        }
        if let Some(had) = before.filter(|had| *had <= i64::from(self.limit)) {
            return Err(Error::new(format!("{container} may have no more than {had} anyway")).help("ask for less"));
        }
        // 0 is no limit.
        self.before = Some(before.unwrap_or(0));
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let step = |before: i64| ContainerStep::Update {
            container: container.id().to_owned(),
            limits: json!({ "PidsLimit": before }),
        };
        self.before.into_iter().map(step).collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let limits = ContainerUpdateBody { pids_limit: Some(i64::from(self.limit)), ..ContainerUpdateBody::default() };
        container.update(limits).await
    }

    /// That it has the limit, and how many it has. An engine does not count how often it was met.
    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(state) = container.state().await?.filter(|state| state.running) else {
            return Ok(Evidence::none(format!("{container} does not run")));
        };
        let set = state.host_config().pids_limit == Some(i64::from(self.limit));
        let pids = container.stats().await?.pids_stats.unwrap_or_default();
        let (current, kernel) = (pids.current.unwrap_or_default(), pids.limit);
        Ok(match set && kernel == Some(u64::from(self.limit)) {
            true => Evidence::seen(format!("{current} of at most {} processes and threads", self.limit)),
            false => Evidence::none(format!("{container} has another limit: somebody changed it")),
        })
    }
}

impl Held for OnContainers<PidsLimit> {}
