//! What faults do with a container.

use super::handle::Container;
use super::state::State;
use crate::rollback::ContainerStep;
use crate::{Error, Result};
use futures_util::StreamExt;
use std::time::Duration;
use testcontainers::bollard::models::{ContainerStatsResponse, ContainerUpdateBody, HostConfig};
use testcontainers::bollard::query_parameters::{StartContainerOptions, StatsOptionsBuilder};

impl Container {
    /// Starts it; one that runs is fine.
    pub(crate) async fn start(&self) -> Result<()> {
        let start = self.engine().docker().start_container(self.id(), None::<StartContainerOptions>);
        match self.engine().call(format!("start {self}"), start).await {
            Err(error) if error.is_conflict() && self.is_running().await? => Ok(()),
            started => Ok(started?),
        }
    }

    /// The step of an undo that starts it again, once the life has ended that began then, or will not end within `grace`
    /// and a little more.
    pub(crate) fn start_again(&self, life: Option<&str>, grace: Duration) -> ContainerStep {
        // An undo has 10 s for all it does.
        let patience = (grace + Duration::from_secs(2)).min(Duration::from_secs(8));
        ContainerStep::Start {
            container: self.id().to_owned(),
            ending: life.map(str::to_owned),
            patience_ms: u64::try_from(patience.as_millis()).unwrap_or_default(),
        }
    }

    /// As it is now, provided that it runs and can be started again once it has ended.
    pub(crate) async fn startable(&self) -> Result<State> {
        let state = self.living().await?;
        match state.host_config().auto_remove {
            Some(true) => Err(Error::new(format!("{self} would be removed by the engine as soon as it ends"))
                .help("start it without `--rm`")),
            _ => Ok(state),
        }
    }

    /// As it is now, provided that it runs and that rules on its network harm nobody else.
    pub(crate) async fn own_network(&self) -> Result<State> {
        let state = self.living().await?;
        let config = state.host_config();
        match config.network_mode.as_deref().unwrap_or_default() {
            "host" => {
                Err(Error::new(format!("{self} uses the host's network: rules there would harm the whole machine"))
                    .help("start it on a network of containers"))
            }
            "none" => Err(Error::new(format!("{self} has no network"))),
            shared if shared.starts_with("container:") => {
                Err(Error::new(format!("{self} shares the network of another container ({shared})"))
                    .help("inject the fault into that one, and know that it hits both"))
            }
            _ => Ok(state),
        }
    }

    /// Sets limits.
    pub(crate) async fn update(&self, limits: ContainerUpdateBody) -> Result<()> {
        let update = self.engine().docker().update_container(self.id(), limits);
        Ok(self.engine().call(format!("set the limits of {self}"), update).await?)
    }

    /// What the engine counts. Engines answer once a second; whoever asks more often waits.
    pub(crate) async fn stats(&self) -> Result<ContainerStatsResponse> {
        let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
        let mut stats = std::pin::pin!(self.engine().docker().stats(self.id(), Some(options)));
        let first = async { stats.next().await.transpose() };
        let first = self.engine().call(format!("read the counters of {self}"), first).await?;
        first.ok_or_else(|| Error::new(format!("the engine counts nothing for {self}")))
    }
}

impl State {
    pub(crate) fn host_config(&self) -> HostConfig {
        self.inspected.host_config.clone().unwrap_or_default()
    }
}
