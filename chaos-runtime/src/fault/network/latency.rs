//! Latency: everything arrives later.

use super::on::{Chunked, Directed, Harm, OnProxy};
use crate::Result;
use crate::fault::Evidence;
use crate::proxy::{Delay, Directions, Effect, Hits, Proxy, Scope, Spread};
use std::time::Duration;

/// Everything that passes the proxy in one direction arrives later; towards the client unless said otherwise. Made by
/// [`Proxy::latency`].
///
/// Bytes stay in order, so a chunk is never earlier than the one before it, and throughput is not limited. Several
/// latencies at once add up. Not delayed is the opening of a connection; see [`Proxy::slow_connect`] for that.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    pub(crate) delay: Delay,
}

impl Proxy {
    /// A fault: answers arrive `delay` later. See [`Latency`] for what is not delayed, [`OnProxy`] for jitter, other
    /// distributions, direction and share.
    pub fn latency(&self, delay: Duration) -> OnProxy<Latency> {
        let delay = Delay { typical: delay, spread: Spread::Constant };
        OnProxy::new(self, Directions::Downstream, Latency { delay })
    }
}

impl OnProxy<Latency> {
    /// Each chunk's delay is drawn from `delay - jitter ..= delay + jitter`, uniformly and by the run's seed.
    pub fn jitter(self, jitter: Duration) -> Self {
        let spread = if jitter.is_zero() { Spread::Constant } else { Spread::Uniform(jitter) };
        self.with(|latency| latency.delay.spread = spread)
    }

    /// Each chunk's delay is drawn from the normal distribution around the delay with this standard deviation; what
    /// would be early is on time.
    pub fn normal(self, deviation: Duration) -> Self {
        self.with(|latency| latency.delay.spread = Spread::Normal(deviation))
    }

    /// Each chunk's delay is drawn from the Pareto distribution whose least value is the delay: rarely very long, as
    /// queues are. `P(D > d) = (delay / d)^index`; the mean is `delay · index / (index - 1)`. Usual are indices from 1.5
    /// (heavy tail) to 4. Draws beyond the 99.999th percentile are cut off.
    pub fn pareto(self, index: f64) -> Self {
        self.with(|latency| latency.delay.spread = Spread::Pareto(index))
    }
}

impl Harm for Latency {
    fn describe(&self) -> String {
        self.delay.to_string()
    }

    fn check(&self, _proxy: &Proxy, _scope: &Scope) -> Result<()> {
        self.delay.check()
    }

    fn effect(&self, _scope: &Scope) -> Effect {
        Effect::Latency { delay: self.delay }
    }

    fn evidence(&self, hits: &Hits) -> Evidence {
        hits.evidence("chunk", "delayed")
    }
}

impl Directed for Latency {}
impl Chunked for Latency {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use crate::proxy::testbed::{Testbed, clear, hold, pattern, round_trip, told, trips_below};
    use crate::units::{millis, secs};

    #[tokio::test]
    async fn echoes_arrive_late_and_unchanged_until_it_is_cleared() {
        let bed = Testbed::echo().await;
        let (mut client, bytes) = (bed.connect().await, pattern(32 * 1024));
        for (delay, jitter) in [(100, 0), (100, 100), (1_000, 100)] {
            let mut fault = bed.proxy.latency(millis(delay)).jitter(millis(jitter));
            let undo = hold(&mut fault).await.unwrap();
            let trips = trips_below(millis(delay + jitter) + secs(1), &mut client, &bytes).await;
            assert!(trips.iter().all(|took| *took >= millis(delay - jitter)), "{} took {trips:?}", fault.describe());
            assert!(fault.evidence().await.unwrap().is_seen());
            clear(&undo).await;
        }
        trips_below(millis(100), &mut client, &bytes).await;
    }

    #[tokio::test]
    async fn two_latencies_add_and_one_can_go() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        let (mut a, mut b) = (bed.proxy.latency(millis(500)).upstream(), bed.proxy.latency(millis(500)).upstream());
        let (undo_a, undo_b) = (hold(&mut a).await.unwrap(), hold(&mut b).await.unwrap());
        let both = trips_below(secs(3), &mut client, b"x").await;
        assert!(both.iter().all(|took| *took >= millis(1_000)), "both: {both:?}");
        clear(&undo_a).await;
        let one = trips_below(millis(1_000), &mut client, b"x").await;
        assert!(one.iter().all(|took| *took >= millis(500)), "one: {one:?}");
        clear(&undo_b).await;
        trips_below(millis(500), &mut client, b"x").await;
        assert_eq!(a.evidence().await.unwrap().hits(), Some(both.len() as u64));
        assert_eq!(b.evidence().await.unwrap().hits(), Some((both.len() + one.len()) as u64));
    }

    #[tokio::test]
    async fn both_ways_costs_twice() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        let _undo = hold(&mut bed.proxy.latency(millis(100)).both_ways()).await.unwrap();
        assert!(round_trip(&mut client, b"x").await >= millis(200));
    }

    #[tokio::test]
    async fn the_end_of_a_connection_is_late_too() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        round_trip(&mut client, b"x").await;
        let _undo = hold(&mut bed.proxy.latency(millis(150)).both_ways()).await.unwrap();
        let started = tokio::time::Instant::now();
        tokio::io::AsyncWriteExt::shutdown(&mut client).await.unwrap();
        assert_eq!(crate::proxy::testbed::next(&mut client).await.unwrap(), 0);
        assert!(started.elapsed() >= millis(300));
    }

    #[tokio::test]
    async fn it_does_not_limit_throughput() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        let _undo = hold(&mut bed.proxy.latency(millis(50)).both_ways()).await.unwrap();
        // Sleeping chunk after chunk of 64 KiB would take 50 s, or half of it if both ways did so at once.
        let took = round_trip(&mut client, &pattern(32 * 1024 * 1024)).await;
        assert!(took < secs(20), "took {took:?}");
    }

    #[tokio::test]
    async fn what_does_nothing_or_cannot_be_is_an_error() {
        let bed = Testbed::echo().await;
        let error = hold(&mut bed.proxy.latency(Duration::ZERO)).await.unwrap_err();
        assert!(error.message().contains("does nothing"), "{error}");
        let error = hold(&mut bed.proxy.latency(millis(10)).jitter(millis(11))).await.unwrap_err();
        assert!(error.message().contains("a jitter of 11ms is more than the latency of 10ms"), "{error}");
        assert!(error.help_text().is_some_and(|help| help.contains("10ms")), "{error}");
    }

    #[tokio::test]
    async fn its_evidence_says_why_there_is_none() {
        let bed = Testbed::echo().await;
        let mut fault = bed.proxy.latency(millis(20));
        let _undo = hold(&mut fault).await.unwrap();
        let none = fault.evidence().await.unwrap();
        assert_eq!((none.is_seen(), none.hits()), (false, Some(0)));
        assert!(none.text().starts_with("no connection came through the proxy 127.0.0.1:"), "{}", none.text());

        let mut client = bed.connect().await;
        let none = told(&mut fault, |none| none.text().starts_with("1 connection came through the proxy")).await;
        assert!(none.text().ends_with("but none carried data towards the client"), "{}", none.text());

        round_trip(&mut client, b"x").await;
        let seen = fault.evidence().await.unwrap();
        assert!(seen.is_seen());
        assert_eq!(seen.text(), "1 chunk delayed on 1 connection");
        assert_eq!(fault.describe(), "latency 20ms towards the client");
    }
}
