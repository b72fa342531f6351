//! Memory that others take, until the kernel kills.

use super::memory_limit::{in_words, limit, limit_of, memory_of};
use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, InjectCx, OneShot};
use crate::rollback::{Beside, ContainerStep};
use crate::target::Container;
use crate::target::container::{FILLING, Helper};
use crate::{Error, Result};
use serde_json::Value;
use std::time::Duration;
use testcontainers::bollard::models::SystemInfoCgroupVersionEnum as CgroupVersion;

/// What is free above the present use where there was no limit.
const ROOM: u64 = 64 << 20;

/// The least that engines take.
const LEAST: u64 = 6 << 20;

/// See [`ContainerFaults::memory_pressure`](super::ContainerFaults::memory_pressure).
#[derive(Debug, Clone)]
pub struct MemoryPressure {
    restart_after: Option<Duration>,
    life: Option<String>,
    /// The limit before, where ours takes its place, and ours.
    limits: Option<(Value, u64)>,
    /// Beside the container's memory; `None` where lowering the limit does it.
    helper: Option<Helper>,
}

impl MemoryPressure {
    pub(super) fn new() -> Self {
        Self { restart_after: None, life: None, limits: None, helper: None }
    }
}

impl OnContainers<MemoryPressure> {
    /// Starts it again this long after its end.
    pub fn restart_after(self, delay: Duration) -> Self {
        self.with(|pressure| pressure.restart_after = Some(delay))
    }
}

impl Harm for MemoryPressure {
    fn describe(&self) -> String {
        let restart = self.restart_after.map(|delay| format!(", restart after {delay:?}")).unwrap_or_default();
        format!("memory pressure until the kernel kills{restart}")
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let state = if self.restart_after.is_some() || container.is_adopted() {
            container.startable().await?
        } else {
            container.living().await?
        };
        let engine = container.engine();
        let info = engine.call("ask what the engine is", engine.docker().info()).await?;
        let usage = container.stats().await?.memory_stats.and_then(|memory| memory.usage).unwrap_or_default();
        self.life = Some(state.started_at.clone());
        if info.cgroup_version == Some(CgroupVersion::_2) {
            // There the kernel kills as soon as the limit is below the use; and no group of processes has another in it.
            self.limits = Some((memory_of(&state), (usage / 2).max(LEAST)));
            return Ok(());
        }
        let driver = info.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default();
        if driver != "cgroupfs" {
            return Err(Error::new(format!("this engine keeps containers with cgroups of version 1 by {driver}: nothing can be put into their memory"))
                .help("use an engine with cgroups of version 2, or with the driver cgroupfs"));
        }
        if limit_of(&state).is_none() {
            self.limits = Some((memory_of(&state), usage + ROOM));
        }
        self.helper = Some(Helper::beside(container, Beside::Memory).await?);
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let id = container.id().to_owned();
        let limits = self
            .limits
            .iter()
            .map(|(before, _)| ContainerStep::Update { container: id.clone(), limits: before.clone() });
        // Needed only if nobody was killed: the helper ends with the container.
        let filling = self.helper.iter().map(|helper| {
            helper.step(format!(
                "rm -f {FILLING}/filling; read old <{FILLING}/score || exit 0\n\
                 for p in /proc/[0-9]*; do [ \"$(cat $p/oom_score_adj 2>/dev/null)\" != 1000 ] || echo $old >$p/oom_score_adj; done; true"
            ))
        });
        let again = self.restart_after.is_some() || container.is_adopted();
        let start = again.then(|| container.start_again(self.life.as_deref(), Duration::from_secs(2)));
        limits.chain(filling).chain(start).collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        if let Some((_, limit_to)) = self.limits {
            limit(container, limit_to).await?;
        }
        if let Some(helper) = self.helper.clone() {
            // What is in a file in memory belongs to no process, so the kernel kills the one that is offered.
            let script = format!(
                "cat /proc/1/oom_score_adj >{FILLING}/score && echo 1000 >/proc/1/oom_score_adj && head -c 1000000000000 /dev/zero >{FILLING}/filling"
            );
            // It dies with the container; whether it did is the evidence.
            container.net().handle()?.spawn(async move { helper.run(&script).await.map(drop) });
        }
        if let (Some(delay), Some(life)) = (self.restart_after, self.life.clone()) {
            container.net().handle()?.spawn(super::kill::restart(container.clone(), life, delay));
        }
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(life) = &self.life else { return Ok(Evidence::none("nothing was filled yet")) };
        Ok(match container.state().await? {
            None => Evidence::none(format!("{container} was removed")),
            // An engine says so of the last end, also when it runs again.
            Some(state) if (!state.running || state.started_at != *life) && state.oom_killed => {
                Evidence::seen(format!("the kernel killed {container} for want of memory"))
            }
            Some(state) if !state.running => Evidence::none(format!("{container} {state}, not for want of memory")),
            Some(_) => {
                let usage = container.stats().await?.memory_stats.and_then(|memory| memory.usage).unwrap_or_default();
                Evidence::none(format!("{container} still runs, with {} in use", in_words(usage)))
            }
        })
    }
}

impl OneShot for OnContainers<MemoryPressure> {}
