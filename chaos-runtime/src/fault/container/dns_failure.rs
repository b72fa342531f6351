//! Names that are not found.

use super::on::{Harm, OnContainers};
use super::rules::{Fate, Rule, Rules};
use crate::Result;
use crate::fault::{Evidence, Held, InjectCx};
use crate::rollback::ContainerStep;
use crate::target::Container;

/// See [`ContainerFaults::dns_failure`](super::ContainerFaults::dns_failure).
#[derive(Debug, Clone)]
pub struct DnsFailure {
    fate: Fate,
    rules: Option<Rules>,
}

impl DnsFailure {
    pub(super) fn new() -> Self {
        Self { fate: Fate::Refused, rules: None }
    }
}

impl OnContainers<DnsFailure> {
    /// Questions get no answer at all, so that whoever asks waits until its patience ends (20 s with glibc's defaults).
    pub fn silent(self) -> Self {
        self.with(|dns| dns.fate = Fate::Lost)
    }
}

impl Harm for DnsFailure {
    fn describe(&self) -> String {
        match self.fate {
            Fate::Refused => "DNS refused".to_owned(),
            Fate::Lost => "DNS silent".to_owned(),
        }
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        // The engine's own resolver is reached through a translated address, so only what was asked for tells port 53.
        let rules = ["udp", "tcp"].map(|protocol| format!("-p {protocol} -m conntrack --ctorigdstport 53"));
        let rules = match self.fate {
            Fate::Lost => rules.map(Rule::outgoing).into(),
            Fate::Refused => vec![Rule::outgoing("-m conntrack --ctorigdstport 53").fate(Fate::Refused)],
        };
        self.rules = Some(Rules::prepare(container, rules).await?.with_loopback());
        Ok(())
    }

    fn undo(&self, _container: &Container) -> Vec<ContainerStep> {
        self.rules.iter().map(Rules::undo).collect()
    }

    async fn inflict(&mut self, _container: &Container, _cx: &InjectCx) -> Result<()> {
        match &self.rules {
            Some(rules) => rules.set().await.map(drop),
            None => Ok(()),
        }
    }

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(rules) = &self.rules else { return Ok(Evidence::none("no rule was set yet")) };
        let Some(counted) = rules.count().await? else {
            return Ok(Evidence::none(format!("{container} has no such rule any more: it was started anew")));
        };
        let done = if self.fate == Fate::Lost { "lost" } else { "refused" };
        Ok(Evidence::counted(counted.hit, format!("{} packets to resolvers {done}", counted.hit)))
    }
}

impl Held for OnContainers<DnsFailure> {}
