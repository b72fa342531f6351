//! DNS: what a proxy is told when it asks for the addresses of the service's name.
//!
//! A proxy resolves the name for each new connection, so these faults meet new connections; open ones stay as they are,
//! as they would without a proxy.

use super::on::{Harm, OnProxy};
use crate::fault::Evidence;
use crate::proxy::{Answers, Directions, Effect, Hits, Proxy, Scope, ToUpstream, Turns, Upstream};
use crate::{Error, Result};
use std::time::Duration;

/// The service's name does not exist. Made by [`Proxy::dns_nxdomain`].
#[derive(Debug, Clone, Copy)]
pub struct DnsNxdomain;

/// The service's name takes long to resolve. Made by [`Proxy::dns_slow`].
#[derive(Debug, Clone, Copy)]
pub struct DnsSlow {
    delay: Duration,
}

/// The service's name is resolved as it was. Made by [`Proxy::dns_stale`].
#[derive(Debug, Clone)]
pub struct DnsStale {
    answer: Option<Result<Upstream, String>>,
}

/// The service's name resolves to one address, then to another, and back. Made by [`Proxy::dns_flip`].
#[derive(Debug, Clone)]
pub struct DnsFlip {
    answers: [Result<Upstream, String>; 2],
    every: Option<Duration>,
}

impl Proxy {
    /// A fault: the service's name does not exist (NXDOMAIN). New connections are closed, as is done by this proxy
    /// whenever a name can't be resolved.
    ///
    /// Refused if the proxy was given an address and no name.
    pub fn dns_nxdomain(&self) -> OnProxy<DnsNxdomain> {
        OnProxy::new(self, Directions::Both, DnsNxdomain)
    }

    /// A fault: resolving the service's name takes `delay` longer. A new connection reaches the service that much later.
    ///
    /// Refused if the proxy was given an address and no name.
    pub fn dns_slow(&self, delay: Duration) -> OnProxy<DnsSlow> {
        OnProxy::new(self, Directions::Both, DnsSlow { delay })
    }

    /// A fault: the service's name keeps the addresses it had before the injection, however it changes meanwhile: a cache
    /// that does not let go. With [`at`](OnProxy::at), an old address of your choice.
    ///
    /// Refused if the proxy was given an address and no name, except with `at`.
    pub fn dns_stale(&self) -> OnProxy<DnsStale> {
        OnProxy::new(self, Directions::Both, DnsStale { answer: None })
    }

    /// A fault: new connections go to `first` and `second` in turn, as after a failover while resolvers do not yet agree.
    /// With [`every`](OnProxy::every), each holds for a while: new → old → new.
    ///
    /// It does not matter what the proxy was given.
    pub fn dns_flip(&self, first: impl ToUpstream, second: impl ToUpstream) -> OnProxy<DnsFlip> {
        let answers = [place(first), place(second)];
        OnProxy::new(self, Directions::Both, DnsFlip { answers, every: None })
    }
}

impl OnProxy<DnsStale> {
    /// This old address is answered.
    pub fn at(self, old: impl ToUpstream) -> Self {
        self.with(|stale| stale.answer = Some(place(old)))
    }
}

impl OnProxy<DnsFlip> {
    /// Each answer holds for that long, the first one from the injection on.
    pub fn every(self, time: Duration) -> Self {
        self.with(|flip| flip.every = Some(time))
    }
}

/// What is wrong with a place is said when the fault is prepared.
fn place(place: impl ToUpstream) -> Result<Upstream, String> {
    place.to_upstream().map_err(|error| error.message().to_owned())
}

fn known(place: &Result<Upstream, String>) -> Result<Upstream> {
    place.clone().map_err(|why| Error::new(why).help("give an address: \"10.0.0.7:5432\", or (\"10.0.0.7\", 5432)"))
}

fn check_name(proxy: &Proxy) -> Result<()> {
    match proxy.upstream().has_name() {
        true => Ok(()),
        false => Err(Error::new(format!("{proxy} was given {}, which no DNS is asked for", proxy.upstream())).help(
            "give it a name: chaos.proxy(\"localhost:5432\"); or use proxy.dns_flip(…), which gives addresses itself",
        )),
    }
}

fn check_scope(scope: &Scope) -> Result<()> {
    match scope.server_name {
        None => Ok(()),
        Some(_) => Err(Error::new("a server name is known only when the connection is open, after the resolution")
            .help("leave out sni(…); share(…) is possible")),
    }
}

impl Harm for DnsNxdomain {
    fn describe(&self) -> String {
        "DNS: no such name".into()
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, proxy: &Proxy, scope: &Scope) -> Result<()> {
        check_name(proxy)?;
        check_scope(scope)
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Dns(Answers::None)
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_resolutions("failed")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        LACKED.into()
    }
}

impl Harm for DnsSlow {
    fn describe(&self) -> String {
        format!("DNS: answers {:?} late", self.delay)
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, proxy: &Proxy, scope: &Scope) -> Result<()> {
        if self.delay.is_zero() {
            return Err(Error::new("an answer that is late by nothing is not late")
                .help("give it a duration: proxy.dns_slow(secs(2))"));
        }
        check_name(proxy)?;
        check_scope(scope)
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::SlowConnect { delay: self.delay }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_resolutions("answered late")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        LACKED.into()
    }
}

impl Harm for DnsStale {
    fn describe(&self) -> String {
        match &self.answer {
            Some(Ok(answer)) => format!("DNS: the old answer {answer}"),
            _ => "DNS: the old answer".into(),
        }
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, proxy: &Proxy, scope: &Scope) -> Result<()> {
        match &self.answer {
            Some(answer) => known(answer).map(drop)?,
            None => check_name(proxy)?,
        }
        check_scope(scope)
    }

    /// Remembers what the name means now.
    async fn ready(&mut self, proxy: &Proxy) -> Result<()> {
        if self.answer.is_some() {
            return Ok(());
        }
        let upstream = proxy.upstream();
        match upstream.addresses().await {
            Ok(addrs) if !addrs.is_empty() => {
                self.answer = Some(Ok(Upstream::at_all(addrs)));
                Ok(())
            }
            Ok(_) => Err(Error::new(format!("{upstream} has no address that could be kept"))
                .help("give one: proxy.dns_stale().at(\"10.0.0.7:5432\")")),
            Err(error) => Err(Error::new(format!("{upstream} can't be resolved, so there is no answer to keep"))
                .caused_by(error)
                .help("give one: proxy.dns_stale().at(\"10.0.0.7:5432\")")),
        }
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        match &self.answer {
            Some(Ok(answer)) => Effect::Dns(Answers::Fixed(answer.clone())),
            // Refused by `check`, or filled by `ready`.
            _ => Effect::Dns(Answers::None),
        }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_resolutions("answered as before")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        LACKED.into()
    }
}

impl Harm for DnsFlip {
    fn describe(&self) -> String {
        let shown = |place: &Result<Upstream, String>| place.as_ref().map_or("?".into(), ToString::to_string);
        let [first, second] = &self.answers;
        let every = self.every.map_or(String::new(), |every| format!(", every {every:?}"));
        format!("DNS: {} and {} in turn{every}", shown(first), shown(second))
    }

    fn direction(&self, _scope: &Scope) -> String {
        String::new()
    }

    fn check(&self, _proxy: &Proxy, scope: &Scope) -> Result<()> {
        let [first, second] = &self.answers;
        if known(first)? == known(second)? {
            return Err(Error::new("the same address twice is no change").help("give two addresses"));
        }
        if self.every == Some(Duration::ZERO) {
            return Err(Error::new("an answer that holds for no time is never given")
                .help("leave out every(…), or give it a duration: every(secs(1))"));
        }
        check_scope(scope)
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        match &self.answers {
            [Ok(first), Ok(second)] => {
                Effect::Dns(Answers::Turns(Turns::new([first.clone(), second.clone()], self.every)))
            }
            // Refused by `check`.
            _ => Effect::Dns(Answers::None),
        }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence_of_resolutions("answered in turn")
    }

    fn lacked(&self, _scope: &Scope) -> String {
        LACKED.into()
    }
}

const LACKED: &str = "all of them were open already";

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
