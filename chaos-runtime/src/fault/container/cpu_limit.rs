//! Little CPU time.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::{Error, Result};
use serde_json::{Value, json};
use testcontainers::bollard::models::ContainerUpdateBody;

/// What an engine takes a period to be where none is set, in microseconds.
const PERIOD: i64 = 100_000;

/// The least of a period that the kernel takes, in microseconds.
const LEAST: i64 = 1_000;

/// See [`ContainerFaults::cpu_limit`](super::ContainerFaults::cpu_limit).
#[derive(Debug, Clone)]
pub struct CpuLimit {
    cpus: f64,
    /// What was there before.
    before: Option<Value>,
    wanted: ContainerUpdateBody,
    throttled_before: u64,
}

impl CpuLimit {
    pub(super) fn new(cpus: f64) -> Self {
        Self { cpus, before: None, wanted: ContainerUpdateBody::default(), throttled_before: 0 }
    }
}

impl Harm for CpuLimit {
    fn describe(&self) -> String {
        format!("CPU limit {}", self.cpus)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let config = container.living().await?.host_config();
        let period = config.cpu_period.filter(|period| *period > 0).unwrap_or(PERIOD);
        #[allow(clippy::cast_possible_truncation)] // Checked below; what is not a number becomes 0.
        let quota = (self.cpus * period as f64).round() as i64;
        if quota < LEAST {
            let least = LEAST as f64 / period as f64;
            return Err(Error::new(format!("a limit of {} CPUs is less than the kernel takes", self.cpus))
                .help(format!("ask for {least} at least, or freeze it: `.pause()`")));
        }
        let nanos = config.nano_cpus.filter(|nanos| *nanos > 0);
        let quota_before = config.cpu_quota.filter(|quota| *quota > 0);
        // An engine keeps the two ways apart, and never forgets the one in whole CPUs, so the one in use stays.
        (self.wanted, self.before) = match nanos {
            Some(before) => {
                #[allow(clippy::cast_possible_truncation)]
                let wanted = (self.cpus * 1e9).round() as i64;
                let wanted = ContainerUpdateBody { nano_cpus: Some(wanted), ..ContainerUpdateBody::default() };
                (wanted, Some(json!({ "NanoCpus": before })))
            }
            None => {
                let wanted = ContainerUpdateBody { cpu_quota: Some(quota), ..ContainerUpdateBody::default() };
                (wanted, Some(json!({ "CpuQuota": quota_before.unwrap_or(-1) })))
            }
        };
        let had = nanos.map(|nanos| nanos as f64 / 1e9).or(quota_before.map(|quota| quota as f64 / period as f64));
        if let Some(had) = had.filter(|had| *had <= self.cpus) {
            return Err(Error::new(format!("{container} has no more than {had} CPUs anyway"))
                .help(format!("ask for less: `cpu_limit({})`", had / 10.0)));
        }
        self.throttled_before = throttled(container).await?;
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let step =
            |limits: &Value| ContainerStep::Update { container: container.id().to_owned(), limits: limits.clone() };
        self.before.iter().map(step).collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        container.update(self.wanted.clone()).await
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(state) = container.state().await?.filter(|state| state.running) else {
            return Ok(Evidence::none(format!("{container} does not run")));
        };
        let config = state.host_config();
        let is_set = match self.wanted.nano_cpus {
            Some(wanted) => config.nano_cpus == Some(wanted),
            None => config.cpu_quota == self.wanted.cpu_quota,
        };
        if !is_set {
            return Ok(Evidence::none(format!("{container} has another limit: somebody changed it")));
        }
        // A life that began since counts from zero.
        let throttled = throttled(container).await?;
        let hits = throttled.checked_sub(self.throttled_before).unwrap_or(throttled);
        Ok(Evidence::counted(hits, format!("held up in {hits} periods of {}", container.target())))
    }
}

impl Held for OnContainers<CpuLimit> {}

/// In how many periods it had to wait.
async fn throttled(container: &Container) -> Result<u64> {
    let stats = container.stats().await?;
    let data = stats.cpu_stats.and_then(|cpu| cpu.throttling_data);
    Ok(data.and_then(|data| data.throttled_periods).unwrap_or_default())
}
