//! Freezing a container.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::{Error, Result};

/// See [`ContainerFaults::pause`](super::ContainerFaults::pause).
#[derive(Debug, Clone)]
pub struct Pause(());

impl Pause {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl Harm for Pause {
    fn describe(&self) -> String {
        "pause".to_owned()
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        match container.living().await?.paused {
            true => Err(Error::new(format!("{container} is paused already")).help("unpause it: `docker unpause`")),
            false => Ok(()),
        }
    }

    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        vec![ContainerStep::Unpause { container: container.id().to_owned() }]
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let engine = container.engine();
        Ok(engine.call(format!("pause {container}"), engine.docker().pause_container(container.id())).await?)
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        Ok(match container.state().await? {
            Some(state) if state.paused => Evidence::seen(format!("{container} is paused")),
            Some(state) => Evidence::none(format!("{container} is not paused: {state}")),
            None => Evidence::none(format!("{container} was removed")),
        })
    }
}

impl Held for OnContainers<Pause> {}
