//! Restarting a container.

use super::on::{Harm, OnContainers};
use super::stop::stop;
use crate::Result;
use crate::fault::{Evidence, InjectCx, OneShot};
use crate::rollback::ContainerStep;
use crate::target::Container;
use std::time::Duration;

/// See [`ContainerFaults::restart`](super::ContainerFaults::restart).
#[derive(Debug, Clone)]
pub struct Restart {
    grace: Duration,
    delay: Duration,
    /// The life that is to end.
    life: Option<String>,
}

impl Restart {
    pub(super) fn new() -> Self {
        Self { grace: Duration::from_secs(2), delay: Duration::ZERO, life: None }
    }
}

impl OnContainers<Restart> {
    /// How long it may take to end by itself, in whole seconds, before it is killed; 2 s by default.
    pub fn grace(self, grace: Duration) -> Self {
        self.with(|restart| restart.grace = grace)
    }

    /// How long it stays down.
    pub fn delay(self, delay: Duration) -> Self {
        self.with(|restart| restart.delay = delay)
    }
}

impl Harm for Restart {
    fn describe(&self) -> String {
        let delay = if self.delay.is_zero() { String::new() } else { format!(" after {:?}", self.delay) };
        format!("restart{delay}")
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        self.life = Some(container.startable().await?.started_at);
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        vec![container.start_again(self.life.as_deref(), self.grace)]
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        stop(container, self.grace).await?;
        let (container, delay) = (container.clone(), self.delay);
        container.net().handle()?.spawn(async move {
            tokio::time::sleep(delay).await;
            // Whatever hinders it, the undo tries again.
            let _ = container.start().await;
        });
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(life) = &self.life else { return Ok(Evidence::none("nothing was stopped yet")) };
        Ok(match container.state().await? {
            None => Evidence::none(format!("{container} was removed")),
            Some(state) if state.started_at != *life => {
                Evidence::seen(format!("{container} ended and was started again"))
            }
            Some(state) if !state.running => Evidence::seen(format!("{container} {state}")),
            Some(_) => Evidence::none(format!("{container} still runs")),
        })
    }
}

impl OneShot for OnContainers<Restart> {}
