//! Ending a container by a signal, and starting it again.

use super::on::{Harm, OnContainers};
use crate::fault::{Evidence, InjectCx, OneShot};
use crate::rollback::ContainerStep;
use crate::target::{Container, Signal};
use crate::{Error, Result};
use std::time::Duration;
use testcontainers::bollard::query_parameters::{KillContainerOptionsBuilder, StartContainerOptions};

/// See [`ContainerFaults::kill`](super::ContainerFaults::kill).
#[derive(Debug, Clone)]
pub struct Kill {
    signal: Signal,
    restart_after: Option<Duration>,
    /// The life that got the signal.
    hit: Option<String>,
}

impl Kill {
    pub(super) fn new(signal: Signal) -> Self {
        Self { signal, restart_after: None, hit: None }
    }
}

impl OnContainers<Kill> {
    /// Starts it again this long after its end.
    pub fn restart_after(self, delay: Duration) -> Self {
        self.with(|kill| kill.restart_after = Some(delay))
    }
}

impl Harm for Kill {
    fn describe(&self) -> String {
        let restart = self.restart_after.map(|delay| format!(", restart after {delay:?}")).unwrap_or_default();
        format!("kill with {}{restart}", self.signal)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        if matches!(self.signal, Signal::Cont | Signal::Stop) {
            return Err(Error::new(format!("{} kills nothing", self.signal)).help("use `.pause()` to freeze it"));
        }
        self.hit = Some(container.living().await?.started_at);
        Ok(())
    }

    /// What is restarted, or was not ours to end, runs again.
    fn undo(&self, container: &Container) -> Vec<ContainerStep> {
        let again = self.restart_after.is_some() || container.is_adopted();
        again.then(|| container.start_again(self.hit.as_deref(), Duration::ZERO)).into_iter().collect()
    }

    async fn inflict(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let engine = container.engine();
        let options = KillContainerOptionsBuilder::new().signal(self.signal.name()).build();
        let kill = engine.docker().kill_container(container.id(), Some(options));
        engine.call(format!("send {} to {container}", self.signal), kill).await?;
        if let (Some(delay), Some(life)) = (self.restart_after, self.hit.clone()) {
            container.net().handle()?.spawn(restart(container.clone(), life, delay));
        }
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(life) = &self.hit else { return Ok(Evidence::none("nothing was sent yet")) };
        Ok(match container.state().await? {
            None => Evidence::seen(format!("{container} was removed")),
            Some(state) if state.started_at != *life => {
                Evidence::seen(format!("{container} ended and was started again"))
            }
            Some(state) if !state.running => Evidence::seen(format!("{container} {state}")),
            Some(_) => Evidence::none(format!("{container} still runs after {}", self.signal)),
        })
    }
}

/// Starts a container again once it has ended. Whatever hinders it, the undo tries again.
pub(super) async fn restart(container: Container, life: String, delay: Duration) {
    while container
        .state()
        .await
        .is_ok_and(|state| state.is_some_and(|state| state.running && state.started_at == life))
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(delay).await;
    let engine = container.engine();
    let start = engine.docker().start_container(container.id(), None::<StartContainerOptions>);
    let _ = engine.call(format!("start {container} again"), start).await;
}

impl OneShot for OnContainers<Kill> {}
