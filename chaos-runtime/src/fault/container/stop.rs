//! Stopping a container, and starting it again.

use super::on::{Harm, OnContainers};
use crate::Result;
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use std::time::Duration;
use testcontainers::bollard::query_parameters::StopContainerOptionsBuilder;

/// See [`ContainerFaults::stop`](super::ContainerFaults::stop).
#[derive(Debug, Clone)]
pub struct Stop {
    grace: Duration,
    /// The life that is to end.
    life: Option<String>,
}

impl Stop {
    pub(super) fn new() -> Self {
        Self { grace: Duration::from_secs(2), life: None }
    }
}

impl OnContainers<Stop> {
    /// How long it may take to end by itself, in whole seconds, before it is killed; 2 s by default.
    pub fn grace(self, grace: Duration) -> Self {
        self.with(|stop| stop.grace = grace)
    }
}

impl Harm for Stop {
    fn describe(&self) -> String {
        "stop".to_owned()
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        self.life = Some(container.startable().await?.started_at);
        Ok(())
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        vec![container.start_again(self.life.as_deref(), self.grace)]
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        stop(container, self.grace).await
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        Ok(match container.state().await? {
            Some(state) if !state.running => Evidence::seen(format!("{container} {state}")),
            Some(state) => Evidence::none(format!("{container} is not stopped: {state}")),
            None => Evidence::none(format!("{container} was removed")),
        })
    }
}

impl Held for OnContainers<Stop> {}

/// Asks it to end, and ends it when the time is over.
pub(super) async fn stop(container: &Container, grace: Duration) -> Result<()> {
    let seconds = i32::try_from(grace.as_secs_f64().ceil() as u64).unwrap_or(i32::MAX);
    let options = StopContainerOptionsBuilder::new().t(seconds).build();
    let engine = container.engine();
    let stop = engine.docker().stop_container(container.id(), Some(options));
    Ok(engine.long_call(format!("stop {container}"), grace, stop).await?)
}
