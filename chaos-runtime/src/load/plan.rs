//! What the user says about a load.

use super::driver::{Driver, DriverCx};
use super::http::HttpRequest;
use super::lane::LaneSettings;
use super::{OpId, Operation, Retry, Schedule};
use crate::{Error, Result};
use std::time::Duration;

/// An operation, and when and how it is run. Made by [`OperationExt::rate`] or [`OperationExt::closed_loop`];
/// started by [`Chaos::load`](crate::Chaos::load).
#[derive(Debug, Clone)]
#[must_use = "a load does nothing until `chaos.load(…).await?`"]
pub struct Load<O> {
    operation: O,
    control: Option<O>,
    schedule: Option<Schedule>,
    name: Option<String>,
    workers: usize,
    timeout: Duration,
    retry: Retry,
}

/// How every operation becomes a load.
pub trait OperationExt: Operation + Sized {
    /// Open loop: operations start when they are due, whether or not earlier ones have ended. A stall
    /// is charged to every operation that was due in it.
    ///
    /// Takes a [`Rate`](crate::Rate), [`ramp`](super::ramp), [`stages`](super::stages) or [`poisson`](super::poisson).
    fn rate(self, schedule: impl Into<Schedule>) -> Load<Self> {
        Load::new(self, Some(schedule.into()), 512)
    }

    /// Closed loop, for saturation: `workers` operations are in flight at any time, the next one starts
    /// when the last one ended. Its latencies hide stalls (coordinated omission), and reports say so.
    fn closed_loop(self, workers: usize) -> Load<Self> {
        Load::new(self, None, workers)
    }
}

impl<O: Operation> OperationExt for O {}

impl<O: Operation> Load<O> {
    fn new(operation: O, schedule: Option<Schedule>, workers: usize) -> Self {
        Self {
            operation,
            control: None,
            schedule,
            name: None,
            workers,
            timeout: Duration::from_secs(10),
            retry: Retry::none(),
        }
    }

    /// The name by which claims can tell this load from others: `checkout.p99 < 300ms`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How long one attempt may take. Default 10 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether and when failed attempts are tried again. `success_rate`, `errors`, `status(…)` and
    /// `error(…)` speak about first attempts, `permanent_failures` and latencies about the end.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How many operations may be in flight; more wait, which is charged to them. Default 512.
    pub fn max_in_flight(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// A control group: the same operation elsewhere, at the same moments, unharmed. Claims then may
    /// say `of control`.
    pub fn against(mut self, control: impl Counterpart<O>) -> Self {
        self.control = Some(control.counterpart(&self.operation));
        self
    }

    pub(crate) fn describe(&self) -> String {
        let how = match &self.schedule {
            Some(schedule) => format!("at {}", schedule.describe()),
            None => format!("in a closed loop of {}", self.workers),
        };
        format!("{} {how}", self.operation.describe())
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Expected operations per second; `None` for a closed loop.
    pub(crate) fn expected_rate(&self) -> Option<f64> {
        self.schedule.as_ref().map(Schedule::rate_at_end)
    }

    pub(crate) fn has_control(&self) -> bool {
        self.control.is_some()
    }

    /// How long operations in flight may take to end after the last arrival.
    pub(crate) fn drain_time(&self) -> Duration {
        self.timeout.saturating_add(self.retry.longest(self.timeout)).min(Duration::from_secs(30))
    }

    pub(crate) async fn start(self, load: u32, seed: u64, cx: DriverCx) -> Result<Driver> {
        if let Some(problem) = self.schedule.as_ref().and_then(Schedule::problem) {
            return Err(Error::new(format!("a load can't run at this rate: {problem}"))
                .help("write a rate above zero, such as `.rate(per_second(200))`"));
        }
        if self.workers == 0 {
            return Err(
                Error::new("a load without workers sends nothing").help("allow at least one operation in flight")
            );
        }
        let settings = LaneSettings {
            // In virtual time the same seed must give the same journal.
            run: if cx.virtual_time { seed } else { OpId::draw_run() },
            load,
            workers: self.workers,
            closed_loop: self.schedule.is_none(),
            timeout: self.timeout,
            retry: self.retry,
            seed,
        };
        let operations = std::iter::once(self.operation).chain(self.control).collect();
        Driver::start(operations, self.schedule, settings, cx).await
    }
}

/// What can stand for the control group of a load of `O`.
pub trait Counterpart<O> {
    /// The control group's operation.
    fn counterpart(self, of: &O) -> O;
}

impl<O: Operation> Counterpart<O> for O {
    fn counterpart(self, _of: &O) -> O {
        self
    }
}

/// The same request elsewhere.
impl Counterpart<HttpRequest> for String {
    fn counterpart(self, of: &HttpRequest) -> HttpRequest {
        of.clone().at(self)
    }
}

/// The same request elsewhere.
impl Counterpart<HttpRequest> for &str {
    fn counterpart(self, of: &HttpRequest) -> HttpRequest {
        of.clone().at(self)
    }
}
