//! A thin line.

use super::on::{Harm, OnContainers};
use super::shaping::Shaping;
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::units::ByteRate;
use crate::{Error, Result};

/// See [`ContainerFaults::bandwidth`](super::ContainerFaults::bandwidth).
#[derive(Debug, Clone)]
pub struct Bandwidth {
    rate: ByteRate,
    shaping: Option<Shaping>,
    both_ways: bool,
}

impl Bandwidth {
    pub(super) fn new(rate: ByteRate) -> Self {
        Self { rate, shaping: None, both_ways: true }
    }
}

impl Harm for Bandwidth {
    fn describe(&self) -> String {
        format!("bandwidth {} bytes/s each way", self.rate.as_bytes_per_second())
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let rate = self.rate.as_bytes_per_second();
        if rate == 0 {
            return Err(Error::new("a bandwidth of zero lets nothing through")
                .help("to lose everything use `.packet_loss(percent(100))`"));
        }
        // A tenth of a second at once, but two whole packets at least.
        let burst = (rate / 10).max(3_200);
        let discipline = format!("tbf rate {rate}bps burst {burst} latency 200ms");
        self.shaping = Shaping::prepare(container, discipline, true).await?;
        match self.shaping {
            Some(_) => Ok(()),
            None => Err(Error::new("the kernel of the engine's host has no `tbf`, by which bandwidth is limited")
                .help("load its module sch_tbf, or limit a proxy: `container.proxy(port).await?.bandwidth(…)`")),
        }
    }

    fn undo(&self, _container: &Container) -> Vec<ContainerStep> {
        self.shaping.iter().map(Shaping::undo).collect()
    }

    async fn inflict(&mut self, _container: &Container, _cx: &InjectCx) -> Result<()> {
        if let Some(shaping) = &self.shaping {
            self.both_ways = shaping.set().await?;
        }
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(shaping) = &self.shaping else { return Ok(Evidence::none("nothing was set yet")) };
        let Some(passed) = shaping.count().await? else {
            return Ok(Evidence::none(format!("{container} is not limited any more: it was started anew")));
        };
        let told =
            if self.both_ways { "" } else { "; only what goes out, since this kernel has no `ifb` for what comes in" };
        let (packets, waits) = (passed.packets, passed.waits);
        Ok(Evidence::counted(waits, format!("tbf held up {waits} times ({packets} packets passed){told}")))
    }
}

impl Held for OnContainers<Bandwidth> {}
