//! Packets with wrong bits.

use super::on::{Harm, OnContainers};
use super::shaping::Shaping;
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::units::Percent;
use crate::{Error, Result};

/// See [`ContainerFaults::packet_corruption`](super::ContainerFaults::packet_corruption).
#[derive(Debug, Clone)]
pub struct PacketCorruption {
    share: Percent,
    shaping: Option<Shaping>,
}

impl PacketCorruption {
    pub(super) fn new(share: Percent) -> Self {
        Self { share, shaping: None }
    }
}

impl Harm for PacketCorruption {
    fn describe(&self) -> String {
        format!("packet corruption {}", self.share)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let fraction = self.share.fraction();
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::new(format!("a packet corruption of {} can't be", self.share))
                .help("a share is above 0 % and at most 100 %: `packet_corruption(percent(1))`"));
        }
        let discipline = format!("netem corrupt {:.6}%", fraction * 100.0);
        self.shaping = Shaping::prepare(container, discipline, true).await?;
        match self.shaping {
            Some(_) => Ok(()),
            // A proxy can't stand in: it sees what TCP has checked already.
            None => Err(Error::new("the kernel of the engine's host has no `netem`, by which packets are corrupted")
                .help("load its module sch_netem; what corrupted packets come to with TCP is loss: `.packet_loss(…)`")),
        }
    }

    fn undo(&self, _container: &Container) -> Vec<ContainerStep> {
        self.shaping.iter().map(Shaping::undo).collect()
    }

    async fn inflict(&mut self, _container: &Container, _cx: &InjectCx) -> Result<()> {
        match &self.shaping {
            Some(shaping) => shaping.set().await.map(drop),
            None => Ok(()),
        }
    }

    /// netem counts what passed it, not what it changed.
    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(shaping) = &self.shaping else { return Ok(Evidence::none("nothing was set yet")) };
        Ok(match shaping.count().await? {
            Some(passed) => {
                // As many as make a change nearly certain.
                let enough = passed.packets as f64 * self.share.fraction() >= 5.0;
                let text = format!("{} packets passed netem, which changes {} of them", passed.packets, self.share);
                if enough { Evidence::seen(text) } else { Evidence::none(text) }
            }
            None => Evidence::none(format!("{container} has no such rule any more: it was started anew")),
        })
    }
}

impl Held for OnContainers<PacketCorruption> {}
