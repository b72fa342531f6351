//! Little memory.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::target::container::State;
use crate::{Error, Result};
use serde_json::{Value, json};
use testcontainers::bollard::models::ContainerUpdateBody;

/// The least that engines take.
const LEAST: u64 = 6 << 20;

/// How engines that keep memory in pages write "no limit". They take neither 0 nor -1 back.
const UNLIMITED: i64 = 9_223_372_036_854_771_712;

/// See [`ContainerFaults::memory_limit`](super::ContainerFaults::memory_limit).
#[derive(Debug, Clone)]
pub struct MemoryLimit {
    bytes: u64,
    before: Option<Value>,
}

impl MemoryLimit {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes, before: None }
    }
}

impl Harm for MemoryLimit {
    fn describe(&self) -> String {
        format!("memory limit {}", in_words(self.bytes))
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let state = container.living().await?;
        if self.bytes < LEAST {
            return Err(Error::new(format!("a memory limit of {} bytes is less than engines take", self.bytes))
                .help(format!("ask for {LEAST} bytes at least")));
        }
        if let Some(had) = limit_of(&state).filter(|had| *had <= self.bytes) {
            return Err(
                Error::new(format!("{container} has no more than {} anyway", in_words(had))).help("ask for less")
            );
        }
        self.before = Some(memory_of(&state));
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let step =
            |limits: &Value| ContainerStep::Update { container: container.id().to_owned(), limits: limits.clone() };
        self.before.iter().map(step).collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        limit(container, self.bytes).await.map_err(|error| match error.message().contains("unable to set memory limit") {
            true => error.help("it uses more than that already, and this kernel takes nothing away from it: ask for more, or kill it by `.memory_pressure()`"),
            false => error,
        })
    }

    /// That it has the limit, and how much it uses. An engine does not count how often it was met.
    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(state) = container.state().await?.filter(|state| state.running) else {
            return Ok(Evidence::none(format!("{container} does not run")));
        };
        let set = limit_of(&state).filter(|set| *set == self.bytes);
        let memory = container.stats().await?.memory_stats.unwrap_or_default();
        Ok(match (set, memory.limit) {
            (Some(_), Some(kernel)) if kernel <= self.bytes => {
                let used = in_words(memory.usage.unwrap_or_default());
                Evidence::seen(format!("{used} of {} used", in_words(self.bytes)))
            }
            _ => Evidence::none(format!("{container} has another limit: somebody changed it")),
        })
    }
}

impl Held for OnContainers<MemoryLimit> {}

/// Sets a limit on memory, and none on top of it for swap.
pub(super) async fn limit(container: &Container, bytes: u64) -> Result<()> {
    let bytes = i64::try_from(bytes).unwrap_or(UNLIMITED);
    let limits =
        ContainerUpdateBody { memory: Some(bytes), memory_swap: Some(bytes), ..ContainerUpdateBody::default() };
    container.update(limits).await
}

pub(super) fn limit_of(state: &State) -> Option<u64> {
    let limit = state.host_config().memory.filter(|limit| *limit > 0 && *limit < UNLIMITED)?;
    u64::try_from(limit).ok()
}

/// The limits as they are, in words that bring them back.
pub(super) fn memory_of(state: &State) -> Value {
    let config = state.host_config();
    let memory = config.memory.filter(|limit| *limit > 0).unwrap_or(UNLIMITED);
    let swap = config.memory_swap.filter(|limit| *limit > 0).unwrap_or(UNLIMITED);
    json!({ "Memory": memory, "MemorySwap": swap })
}

/// `64 MiB`
pub(super) fn in_words(bytes: u64) -> String {
    let (unit, shift) = [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        .into_iter()
        .find(|(_, shift)| bytes >= 1 << shift)
        .unwrap_or(("bytes", 0));
    format!("{} {unit}", (bytes as f64 / f64::from(1_u32 << shift) * 10.0).round() / 10.0)
}
