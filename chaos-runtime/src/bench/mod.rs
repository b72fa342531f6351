//! What the suites in `benches/` measure: the ways that experiments take, without an experiment around them.

mod lane;
mod pacer;
mod recorder;

pub use lane::Arrivals;
pub use pacer::Pacer;
pub use recorder::{Recorder, Written};

use crate::clock::Clock;
use crate::experiment::meter::{LoadInfo, Measured, Meter};
use crate::experiment::net::Net;
use crate::load::{DriverCx, Load, Operation};
use crate::measure::{Event, Latencies, PhaseClock, PhaseMeasures};
use crate::proxy::{HttpProxy, Proxy, ToUpstream, UdpProxy};
use crate::report::journal::PhaseKind;
use crate::rollback::Undo;
use crate::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// How often a running experiment looks at its loads.
const LOOK: Duration = Duration::from_millis(100);

/// Loads that run as in an experiment, in one phase: driver threads, recorders, and a meter that looks at them ten
/// times a second and counts what two claims need.
pub struct Loads {
    cx: DriverCx,
    meter: Meter,
    started: u32,
}

impl Default for Loads {
    fn default() -> Self {
        Self::with_bin(Duration::from_secs(1))
    }
}

impl Loads {
    /// With bins of this width.
    pub fn with_bin(bin: Duration) -> Self {
        let clock = Clock::start();
        let phases = Arc::new(PhaseClock::default());
        phases.begin(PhaseKind::Baseline, 0);
        let (bin, events) = (crate::clock::nanos(bin), events());
        let cx = DriverCx { clock, phases, bin, virtual_time: false, events };
        Self { cx, meter: Meter::new(bin, std::iter::empty()), started: 0 }
    }

    /// Starts a load, as `Chaos::load` does.
    ///
    /// # Errors
    /// As `Chaos::load`.
    pub async fn start<O: Operation>(&mut self, load: Load<O>) -> Result<()> {
        let info = LoadInfo {
            name: format!("load_{}", self.started),
            what: load.describe(),
            closed_loop: load.expected_rate().is_none(),
            rate: load.expected_rate(),
            drain: load.drain_time(),
        };
        let driver = load.start(self.started, u64::from(self.started), self.cx.clone()).await?;
        self.started += 1;
        self.meter.add(info, driver, false).await;
        Ok(())
    }

    /// Lets them run for this long.
    pub async fn run(&self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < end {
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
            self.meter.look(|_| ()).await;
        }
    }

    /// Ends them, waits for what is in flight, and says what each has measured.
    pub async fn stop(self) -> Vec<Figures> {
        self.meter.stop(Duration::from_secs(30)).await.iter().map(Figures::of).collect()
    }
}

/// What claims such as `success_rate >= 99%` and `p99 < 1s` have counted.
fn events() -> Vec<Event> {
    vec![Event::Failed, Event::Slow { limit: 1_000_000_000, strict: true }]
}

/// What a load has measured.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Arrivals that were due.
    pub due: u64,
    /// Operations that ended, the censored included.
    pub operations: u64,
    /// Operations whose first attempt failed.
    pub failed: u64,
    /// Arrivals that were never sent.
    pub dropped: u64,
    /// Answers by status.
    pub statuses: Vec<(u16, u64)>,
    /// The first failure's message.
    pub failure: Option<String>,
    /// From due to end.
    pub response: Quantiles,
    /// From the worker's start to the end.
    pub service: Quantiles,
    /// From due to when the driver noticed.
    pub lag: Quantiles,
    /// From noticed to the worker's start.
    pub queue: Quantiles,
}

impl Figures {
    fn of(measured: &Measured) -> Self {
        let mut all = PhaseMeasures::empty(PhaseKind::Baseline);
        measured.recorder.phases.iter().for_each(|phase| all.add(phase));
        Self {
            due: all.tally.due,
            operations: all.tally.operations,
            failed: all.tally.failed,
            dropped: all.tally.dropped,
            statuses: all.tally.statuses.sorted().into_iter().collect(),
            failure: measured.recorder.failures.first().map(|sample| sample.message.clone()),
            response: Quantiles::of(&all.response),
            service: Quantiles::of(&all.service),
            lag: Quantiles::of(&all.lag),
            queue: Quantiles::of(&all.queue),
        }
    }
}

/// A distribution in a few numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quantiles {
    /// The median.
    pub p50: Duration,
    /// 95 %.
    pub p95: Duration,
    /// 99 %.
    pub p99: Duration,
    /// 99.9 %.
    pub p999: Duration,
    /// The largest.
    pub max: Duration,
}

impl Quantiles {
    fn of<const HALF: u32>(latencies: &Latencies<HALF>) -> Self {
        let n = u128::from(latencies.len());
        let at = |thousandths: u128| {
            let rank = (n * thousandths).div_ceil(1_000);
            let value = u64::try_from(rank).ok().and_then(|rank| latencies.at_rank(rank));
            Duration::from_nanos(value.unwrap_or_default())
        };
        Self { p50: at(500), p95: at(950), p99: at(990), p999: at(999), max: at(1_000) }
    }
}

/// The thread on which an experiment's proxies live.
#[derive(Debug, Default)]
pub struct Network(Net);

impl Network {
    /// Starts a proxy, as `Chaos::proxy` does. Its faults are injected through the public trait.
    ///
    /// # Errors
    /// As `Chaos::proxy`.
    pub async fn proxy(&self, upstream: impl ToUpstream) -> Result<Proxy> {
        Proxy::before(upstream.to_upstream()?, &self.0).await
    }

    /// Starts a UDP proxy, as `Chaos::udp_proxy` does.
    ///
    /// # Errors
    /// As `Chaos::udp_proxy`.
    pub async fn udp_proxy(&self, upstream: impl ToUpstream) -> Result<UdpProxy> {
        UdpProxy::on(upstream.to_upstream()?, &self.0).await
    }

    /// Starts a proxy that understands HTTP, as `Chaos::http_proxy` does.
    ///
    /// # Errors
    /// As `Chaos::http_proxy`.
    pub async fn http_proxy(&self, upstream: impl ToUpstream) -> Result<HttpProxy> {
        HttpProxy::before(upstream.to_upstream()?, &self.0).await
    }
}

/// Starts a proxy on the current runtime, so that one thread does all there is to do.
///
/// # Errors
/// As `Chaos::proxy`.
pub async fn proxy_here(upstream: impl ToUpstream) -> Result<Proxy> {
    Proxy::start(upstream.to_upstream()?, tokio::runtime::Handle::current()).await
}

/// Undoes a fault that lives in this process.
///
/// # Errors
/// When it lives elsewhere, or its undo fails.
pub async fn clear(undo: &Undo) -> Result<()> {
    match &undo.live {
        Some(live) => live().await.map(drop),
        None => Err(Error::new("this undo has no live half")),
    }
}
