//! Parameters of network faults that can be moved while the fault is on.

use super::on::{Harm, OnProxy};
use super::{Bandwidth, Latency};
use crate::Result;
use crate::fault::compose::Adjustable;
use crate::fault::{Evidence, Fault, Held, InjectCx};
use crate::proxy::Share;
use crate::rollback::Undo;
use crate::units::{ByteRate, Percent};
use std::time::Duration;

/// The delay; of a distribution that which was given first. Chunks that are under way keep theirs.
impl Adjustable for OnProxy<Latency> {
    type Value = Duration;

    async fn set(&mut self, value: Duration) -> Result<()> {
        // Zero is a good beginning of a ramp, though not a fault by itself.
        self.alter(|latency, _| latency.delay.typical = value).await
    }
}

/// The rate of each connection.
impl Adjustable for OnProxy<Bandwidth> {
    type Value = ByteRate;

    async fn set(&mut self, value: ByteRate) -> Result<()> {
        refuse_nothing(value)?;
        self.alter(|bandwidth, _| bandwidth.rate = value).await
    }
}

fn refuse_nothing(rate: ByteRate) -> Result<()> {
    match rate.as_bytes_per_second() {
        0 => Err(crate::Error::new("a bandwidth of zero lets nothing pass, so a ramp can't come to it")
            .help("begin or end with a low rate: bytes_per_second(1_000)")),
        _ => Ok(()),
    }
}

impl<H> OnProxy<H>
where
    Self: Held,
{
    /// The same fault, whose parameter for a [ramp](crate::fault::compose::FaultExt::ramp) is its share of connections:
    /// `proxy.black_hole().by_share().ramp(percent(0)..=percent(100), secs(30))`.
    ///
    /// Which connections are hit is decided by seed and number, so that a rising share only adds to them.
    pub fn by_share(self) -> ByShare<H> {
        ByShare(self)
    }
}

/// See [`OnProxy::by_share`].
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct ByShare<H>(OnProxy<H>);

impl<H: Harm> Fault for ByShare<H>
where
    OnProxy<H>: Held,
{
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn target(&self) -> String {
        self.0.target()
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.0.prepare(cx).await
    }

    fn undo(&self) -> Undo {
        self.0.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.0.inject(cx).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        self.0.evidence().await
    }
}

impl<H: Harm> Held for ByShare<H> where OnProxy<H>: Held {}

impl<H: Harm> Adjustable for ByShare<H>
where
    OnProxy<H>: Held,
{
    type Value = Percent;

    async fn set(&mut self, value: Percent) -> Result<()> {
        self.0.alter(|_, scope| scope.share = Share::Connections(value)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::compose::FaultExt;
    use crate::proxy::testbed::{Testbed, clear, hold, pattern, round_trip, told, trips_below};
    use crate::units::{bytes_per_second, kilobytes_per_second, millis, percent, secs};
    use tokio::time::{Instant, sleep};

    #[tokio::test]
    async fn latency_rises_and_stays_until_it_is_cleared() {
        let bed = Testbed::echo().await;
        let mut client = bed.connect().await;
        let mut tries = 0;
        let (mut fault, undo) = loop {
            let mut fault = bed.proxy.latency(secs(1)).ramp(secs(0)..=millis(600), secs(3));
            assert_eq!(fault.describe(), "latency 1s towards the client, moved from 0 s to 600 ms within 3 s");
            let start = Instant::now();
            let undo = hold(&mut fault).await.unwrap();
            let mut late = Vec::new();
            while start.elapsed() < secs(3) {
                // What it says is set already, and is never ahead of the clock.
                let at = milliseconds(fault.evidence().await.unwrap().text());
                let sent = start.elapsed();
                assert!(at <= sent.as_secs_f64() * 200.0 + 1.0, "{at} ms after {sent:?}");
                let took = round_trip(&mut client, b"x").await;
                late.push((sent, at, took));
                assert!(took.as_secs_f64() * 1_000.0 >= at - 1.0, "{late:?}");
                sleep(millis(50)).await;
            }
            let early = |(sent, _, took): &&(Duration, f64, Duration)| *sent < secs(1) && *took < millis(300);
            if late.iter().filter(early).count() > 1 {
                break (fault, undo);
            }
            // The machine let nothing run in its first second, or it does not begin at nothing.
            tries += 1;
            assert!(tries < 5, "{late:?}");
            clear(&undo).await;
        };
        told(&mut fault, |evidence| evidence.text().ends_with("; at 600 ms")).await;
        assert!(round_trip(&mut client, b"x").await >= millis(600));
        let evidence = fault.evidence().await.unwrap();
        assert!(evidence.is_seen() && evidence.text().ends_with("on 1 connection; at 600 ms"), "{}", evidence.text());
        clear(&undo).await;
        trips_below(millis(600), &mut client, b"x").await;
        sleep(millis(200)).await;
        // Nothing sets it again.
        trips_below(millis(600), &mut client, b"x").await;
    }

    /// Of `…; at 12.4 ms`.
    fn milliseconds(text: &str) -> f64 {
        let (_, at) = text.rsplit_once("; at ").unwrap();
        let (number, unit) = at.split_once(' ').unwrap();
        let factor = match unit {
            "s" => 1_000.0,
            "ms" => 1.0,
            "µs" => 0.001,
            _ => panic!("{text}"),
        };
        number.parse::<f64>().unwrap() * factor
    }

    #[tokio::test]
    async fn a_falling_bandwidth_ends_low_and_never_at_nothing() {
        let bed = Testbed::echo().await;
        let (mut client, bytes) = (bed.connect().await, pattern(100_000));
        let fast = kilobytes_per_second(50_000);
        let mut tries = 0;
        let (mut fault, undo) = loop {
            let mut fault = bed.proxy.bandwidth(fast).ramp(fast..=kilobytes_per_second(100), secs(1));
            let undo = hold(&mut fault).await.unwrap();
            let took = round_trip(&mut client, &bytes).await;
            if took < secs(1) {
                break (fault, undo);
            }
            // The machine has paused for most of the ramp, or it does not begin high.
            tries += 1;
            assert!(tries < 5, "{took:?}");
            clear(&undo).await;
        };
        told(&mut fault, |evidence| evidence.text().ends_with("; at 100000 B/s")).await;
        let took = round_trip(&mut client, &bytes).await;
        assert!(took >= millis(900), "100,000 bytes at 100 KB/s took {took:?}");
        clear(&undo).await;
        for nothing in [bytes_per_second(0)..=fast, fast..=bytes_per_second(0)] {
            let error = hold(&mut bed.proxy.bandwidth(fast).ramp(nothing, secs(1))).await.unwrap_err();
            assert!(error.message().starts_with("a bandwidth of zero"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_rising_share_ends_with_every_connection() {
        let bed = Testbed::echo().await;
        let fault = bed.proxy.latency(millis(200)).by_share();
        let mut fault = fault.ramp(percent(0)..=percent(100), millis(500));
        let undo = hold(&mut fault).await.unwrap();
        told(&mut fault, |evidence| evidence.text().ends_with("; at 100 %")).await;
        for _ in 0..5 {
            assert!(round_trip(&mut bed.connect().await, b"x").await >= millis(200));
        }
        clear(&undo).await;
        assert!(fault.evidence().await.unwrap().text().ends_with("; at 100 %"));
        trips_below(millis(200), &mut bed.connect().await, b"x").await;
    }
}
