//! Answers of containers that come late.

use super::on::{Harm, OnContainers};
use super::shaping::Shaping;
use crate::fault::network::{self, OnProxy};
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::rollback::{ContainerStep, Undo};
use crate::target::Container;
use crate::{Error, Result};
use std::time::Duration;

/// See [`ContainerFaults::latency`](super::ContainerFaults::latency).
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Latency {
    delay: Duration,
    jitter: Duration,
    /// By netem, on the containers' own interfaces.
    on_interfaces: OnContainers<Delayed>,
    /// Where there is no netem: by the proxies in front.
    on_proxies: Vec<OnProxy<network::Latency>>,
}

/// One container's interfaces.
#[derive(Debug, Clone)]
struct Delayed {
    delay: Duration,
    jitter: Duration,
    shaping: Option<Shaping>,
}

impl Latency {
    pub(super) fn new(containers: Vec<Container>, delay: Duration) -> Self {
        let on_interfaces = OnContainers::new(containers, Delayed { delay, jitter: Duration::ZERO, shaping: None });
        Self { delay, jitter: Duration::ZERO, on_interfaces, on_proxies: Vec::new() }
    }

    /// Each packet's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self.on_interfaces = self.on_interfaces.with(|delayed| delayed.jitter = jitter);
        self
    }
}

impl Fault for Latency {
    fn describe(&self) -> String {
        let jitter = if self.jitter.is_zero() { String::new() } else { format!(" ± {:?}", self.jitter) };
        let by = match (
            self.on_proxies.is_empty(),
            self.on_interfaces.each().iter().any(|(_, one)| one.shaping.is_some()),
        ) {
            (false, _) => " (by the proxies in front: the host's kernel has no netem)",
            (true, true) => " (by netem)",
            (true, false) => "",
        };
        format!("latency {:?}{jitter}{by}", self.delay)
    }

    fn target(&self) -> String {
        self.on_interfaces.target()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        if self.delay.is_zero() {
            return Err(Error::new("a latency of zero does nothing").help("give it a duration: `latency(millis(300))`"));
        }
        if self.jitter > self.delay {
            let (delay, jitter) = (self.delay, self.jitter);
            return Err(Error::new(format!(
                "a jitter of {jitter:?} is more than the latency of {delay:?}: nothing can arrive early"
            ))
            .help(format!("use a jitter of {delay:?} at most, or a latency of {jitter:?} at least")));
        }
        self.on_interfaces.prepare(cx).await?;
        // One engine has one kernel, so it is the same for all.
        if self.on_interfaces.each().iter().all(|(_, delayed)| delayed.shaping.is_some()) {
            return Ok(());
        }
        for (container, _) in self.on_interfaces.each() {
            let proxies = container.proxies().await;
            if proxies.is_empty() {
                return Err(Error::new(format!("nobody reaches {container} through a proxy, and the host's kernel has no netem"))
                    .help("ask for its address before, and let the load use that: `container.addr(port).await?`; or load the module sch_netem"));
            }
            self.on_proxies.extend(proxies.iter().map(|proxy| proxy.latency(self.delay).jitter(self.jitter)));
        }
        Ok(())
    }

    fn undo(&self) -> Undo {
        if self.on_proxies.is_empty() {
            return self.on_interfaces.undo();
        }
        let each: Vec<Undo> = self.on_proxies.iter().map(Fault::undo).collect();
        Undo::in_process(format!("remove the {} from {}", self.describe(), self.target()), move || {
            let each = each.clone();
            async move {
                for undo in each.iter().filter_map(|undo| undo.live.as_ref()) {
                    undo().await?;
                }
                Ok(())
            }
        })
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        if self.on_proxies.is_empty() {
            return self.on_interfaces.inject(cx).await;
        }
        for latency in &mut self.on_proxies {
            latency.inject(cx).await?;
        }
        Ok(())
    }

    /// Seen when any of the proxies delayed something: not every port is used.
    async fn evidence(&mut self) -> Result<Evidence> {
        if self.on_proxies.is_empty() {
            return self.on_interfaces.evidence().await;
        }
        let mut found = Vec::new();
        for latency in &mut self.on_proxies {
            found.push(latency.evidence().await?);
        }
        let hits = found.iter().filter_map(Evidence::hits).sum();
        let shown = found.iter().filter(|one| one.is_seen() == (hits > 0));
        Ok(Evidence::counted(hits, shown.map(Evidence::text).collect::<Vec<_>>().join("; ")))
    }
}

impl Held for Latency {}

impl Harm for Delayed {
    fn describe(&self) -> String {
        "latency".to_owned()
    }

    async fn prepare(&mut self, container: &Container, _cx: &InjectCx) -> Result<()> {
        let (delay, jitter) = (self.delay.as_micros(), self.jitter.as_micros());
        self.shaping =
            Shaping::prepare(container, format!("netem delay {delay}us {jitter}us limit 100000"), false).await?;
        Ok(())
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

    async fn evidence(&mut self, container: &Container) -> Result<Evidence> {
        let Some(shaping) = &self.shaping else { return Ok(Evidence::none("nothing was set yet")) };
        Ok(match shaping.count().await? {
            Some(passed) => Evidence::counted(passed.packets, format!("{} packets delayed by netem", passed.packets)),
            None => Evidence::none(format!("{container} is not delayed any more: it was started anew")),
        })
    }
}
