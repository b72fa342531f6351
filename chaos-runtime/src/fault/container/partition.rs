//! Groups of containers that can't reach each other.

use super::on::{Harm, OnContainers};
use super::rules::{Counted, Rule, Rules, Version};
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::{ContainerStep, Undo};
use crate::target::Container;
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Cuts the network between two groups of containers: packets between them are lost, both ways. A held fault.
///
/// Within a group, and to all others, everything goes on. Set on both sides, by the addresses that the containers have
/// when it is injected; so what one container gets through a published port of the host is not cut.
///
/// ```no_run
/// # use chaos_runtime::prelude::*;
/// # async fn body(chaos: &mut Chaos, nodes: [chaos_runtime::target::Container; 3]) -> chaos::Result {
/// chaos.inject(partition([&nodes[0]], [&nodes[1], &nodes[2]])).hold(secs(10)).await?;
/// # Ok(()) }
/// ```
pub fn partition<'a>(
    some: impl IntoIterator<Item = &'a Container>,
    others: impl IntoIterator<Item = &'a Container>,
) -> Partition {
    let collect = |group: &mut dyn Iterator<Item = &'a Container>| group.cloned().collect::<Vec<_>>();
    let some = collect(&mut some.into_iter());
    let others = collect(&mut others.into_iter());
    let side = |group: &[Container], peers: &[Container], sends: bool| {
        let cut = Cut { peers: peers.to_vec(), first: sends, one_way: false, rules: None };
        group.iter().map(|container| (container.clone(), cut.clone())).collect::<Vec<_>>()
    };
    let each = [side(&some, &others, true), side(&others, &some, false)].concat();
    Partition { between: OnContainers::of_each(each), groups: [some, others] }
}

/// See [`partition`].
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Partition {
    between: OnContainers<Cut>,
    groups: [Vec<Container>; 2],
}

/// One container's side of it.
#[derive(Debug, Clone)]
struct Cut {
    peers: Vec<Container>,
    /// Of the first group.
    first: bool,
    one_way: bool,
    rules: Option<Rules>,
}

impl Partition {
    /// Only what the first group sends to the second is lost; the other way packets arrive.
    pub fn one_way(mut self) -> Self {
        self.between = self.between.with(|cut| cut.one_way = true);
        self
    }
}

impl Fault for Partition {
    fn describe(&self) -> String {
        self.between.describe()
    }

    fn target(&self) -> String {
        let [some, others] = &self.groups;
        let names = |group: &[Container]| group.iter().map(Container::target).collect::<Vec<_>>().join(", ");
        format!("{} | {}", names(some), names(others))
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        let ids = |group: &[Container]| group.iter().map(|one| one.id().to_owned()).collect::<BTreeSet<_>>();
        let [some, others] = &self.groups;
        if some.is_empty() || others.is_empty() {
            return Err(Error::new("one side of the partition has no container").help("name at least one on each side"));
        }
        if let Some(both) = ids(some).intersection(&ids(others)).next() {
            return Err(Error::new(format!("container {both} is on both sides of the partition")));
        }
        self.between.prepare(cx).await
    }

    fn undo(&self) -> Undo {
        self.between.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.between.inject(cx).await
    }

    /// Seen when a packet was lost on either side: one that is lost where it is sent is not seen where it was going.
    async fn evidence(&mut self) -> Result<Evidence> {
        let mut total = Counted::default();
        for (container, cut) in self.between.each() {
            let Some(rules) = &cut.rules else { return Ok(Evidence::none("no rule was set yet")) };
            let Some(counted) = rules.count().await? else {
                return Ok(Evidence::none(format!("{container} has no such rule any more: it was started anew")));
            };
            total.hit += counted.hit;
        }
        Ok(Evidence::counted(total.hit, format!("{} packets lost between the groups", total.hit)))
    }
}

impl Held for Partition {}

impl Harm for Cut {
    fn describe(&self) -> String {
        if self.one_way { "partition, one way".to_owned() } else { "partition".to_owned() }
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let mut rules = Vec::new();
        for peer in &self.peers {
            let addresses = peer.own_network().await?.addresses;
            if addresses.is_empty() {
                return Err(Error::new(format!("{peer} has no address, so nothing leads to it")));
            }
            for address in addresses {
                let version = if matches!(address, IpAddr::V4(_)) { Version::V4 } else { Version::V6 };
                if !self.one_way || self.first {
                    rules.push(Rule::outgoing(format!("-d {address}")).version(version));
                }
                if !self.one_way || !self.first {
                    rules.push(Rule::incoming(format!("-s {address}")).version(version));
                }
            }
        }
        self.rules = Some(Rules::prepare(container, rules).await?);
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

    async fn evidence(&mut self, _container: &Container) -> Result<Evidence> {
        let hit = match &self.rules {
            Some(rules) => rules.count().await?.unwrap_or_default().hit,
            None => 0,
        };
        Ok(Evidence::counted(hit, format!("{hit} packets lost")))
    }
}
