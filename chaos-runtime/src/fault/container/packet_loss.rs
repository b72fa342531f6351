//! Losing packets.

use super::on::{Harm, OnContainers};
use super::rules::{Rule, Rules};
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;
use crate::units::Percent;
use crate::{Error, Result};

/// See [`ContainerFaults::packet_loss`](super::ContainerFaults::packet_loss).
#[derive(Debug, Clone)]
pub struct PacketLoss {
    share: Percent,
    incoming: bool,
    outgoing: bool,
    rules: Option<Rules>,
    silent: bool,
}

impl PacketLoss {
    pub(super) fn new(share: Percent) -> Self {
        Self { share, incoming: true, outgoing: true, rules: None, silent: true }
    }
}

impl OnContainers<PacketLoss> {
    /// Only packets that come in are lost.
    pub fn incoming(self) -> Self {
        self.with(|loss| (loss.incoming, loss.outgoing) = (true, false))
    }

    /// Only packets that go out are lost.
    pub fn outgoing(self) -> Self {
        self.with(|loss| (loss.incoming, loss.outgoing) = (false, true))
    }
}

impl Harm for PacketLoss {
    fn describe(&self) -> String {
        let direction = match (self.incoming, self.outgoing) {
            (true, false) => " of what comes in",
            (false, true) => " of what goes out",
            _ => " each way",
        };
        format!("packet loss {}{direction}", self.share)
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let fraction = self.share.fraction();
        if !(fraction > 0.0 && fraction <= 1.0) {
            return Err(Error::new(format!("a packet loss of {} can't be", self.share))
                .help("a share is above 0 % and at most 100 %: `packet_loss(percent(20))`"));
        }
        let matching = format!("-m statistic --mode random --probability {fraction:.9}");
        let incoming = self.incoming.then(|| Rule::incoming(&matching));
        let outgoing = self.outgoing.then(|| Rule::outgoing(&matching));
        self.rules = Some(Rules::prepare(container, incoming.into_iter().chain(outgoing).collect()).await?);
        Ok(())
    }

    fn undo(&self, _container: &Container) -> Vec<ContainerStep> {
        self.rules.iter().map(Rules::undo).collect()
    }

    async fn inflict(&mut self, _container: &Container, _cx: &InjectCx) -> Result<()> {
        if let Some(rules) = &self.rules {
            self.silent = rules.set().await?;
        }
        Ok(())
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(rules) = &self.rules else { return Ok(Evidence::none("no rule was set yet")) };
        let Some(counted) = rules.count().await? else {
            return Ok(Evidence::none(format!("{container} has no such rule any more: it was started anew")));
        };
        let told = if self.silent {
            ""
        } else {
            "; senders in it were told, since this kernel can't lose what goes out silently"
        };
        Ok(Evidence::counted(
            counted.hit,
            format!("{} of {} packets lost by iptables{told}", counted.hit, counted.seen),
        ))
    }
}

impl Held for OnContainers<PacketLoss> {}
