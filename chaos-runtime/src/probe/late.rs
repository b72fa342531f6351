//! A running probe whose values stand for periods and come late.

use super::grid::{Grid, Moment, Period, moment};
use super::periods::Aggregate;
use super::source::{Datapoint, LateSource};
use crate::clock::{Clock, Nanos, nanos};
use crate::error::panic_text;
use crate::report::journal::ProbeSample;
use crate::{Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the source may take to answer.
const ANSWER: Duration = Duration::from_secs(30);

/// What the check before any harm said: message and way out, if it refused.
type Checked = Option<std::result::Result<(), Refusal>>;

/// Why a source is of no use. `Error` can't be given to several.
#[derive(Debug, Clone)]
struct Refusal {
    kind: ErrorKind,
    message: String,
    help: Option<String>,
}

/// What is known of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    /// Nothing will change any more; `None` = there is no value.
    Settled(Option<f64>),
    /// A value that may still change.
    Provisional(f64),
    /// It may still come.
    Awaited,
}

#[derive(Debug, Default)]
struct Values {
    unit: Option<&'static str>,
    values: BTreeMap<Moment, f64>,
    /// When the source was last asked with success.
    read: Option<Moment>,
    /// What the first failed reading said, and the last one unless others succeeded since.
    first_error: Option<String>,
    last_error: Option<String>,
}

/// A running probe whose values stand for periods and come late.
#[derive(Debug)]
pub(crate) struct Late {
    what: String,
    grid: Grid,
    period: Duration,
    settles: Duration,
    poll: Duration,
    aggregate: Aggregate,
    /// The first period that is asked for.
    first: Moment,
    values: Arc<Mutex<Values>>,
    checked: watch::Receiver<Checked>,
    task: JoinHandle<()>,
}

impl Late {
    /// Starts it on the current runtime. `origin` = the wall's time at the experiment's start.
    pub(super) fn start(source: Box<dyn LateSource>, clock: Clock, origin: SystemTime) -> Self {
        let (period, settles) = (source.period().max(Duration::from_millis(1)), source.settles_within());
        let grid = Grid::new(period, origin);
        let poll = (period / 4).clamp(Duration::from_secs(1), Duration::from_secs(15));
        let first = grid.at(moment(clock.now())).start;
        let (check, checked) = watch::channel(None);
        let values = Arc::new(Mutex::new(Values::default()));
        let (what, aggregate) = (source.describe(), source.aggregate());
        let reader = Reader { source, clock, grid, settles, first, values: values.clone() };
        let task = tokio::spawn(reader.run(poll, check));
        Self { what, grid, period, settles, poll, aggregate, first, values, checked, task }
    }

    fn values(&self) -> MutexGuard<'_, Values> {
        lock(&self.values)
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }

    /// Waits until the source has said whether it is of any use.
    pub(crate) async fn checked(&self) -> Result<()> {
        let mut checked = self.checked.clone();
        let Ok(checked) = checked.wait_for(Option::is_some).await else {
            return Err(Error::new(format!("the check of {} broke off", self.what)));
        };
        match checked.as_ref() {
            Some(Err(Refusal { kind, message, help })) => {
                let error = Error::of(*kind, message.clone());
                Err(match help {
                    Some(help) => error.help(help.clone()),
                    None => error,
                })
            }
            _ => Ok(()),
        }
    }

    /// What it looks at.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What its values say of their periods.
    pub(crate) fn aggregate(&self) -> Aggregate {
        self.aggregate
    }

    /// The length of a period.
    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// How long after its end a period is settled.
    pub(crate) fn settles(&self) -> Duration {
        self.settles
    }

    /// For how long a settled period is waited for at most, from the moment at which it should be known here.
    pub(crate) fn patience(&self) -> Duration {
        self.poll * 2 + ANSWER
    }

    /// The periods that share time with `from..to`, as far as they are asked for; oldest first.
    pub(crate) fn overlapping(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = Period> {
        let first = self.first;
        self.grid.overlapping(from, to).filter(move |period| period.start >= first)
    }

    /// The periods that lie in `from..to`, oldest first.
    pub(crate) fn inside(&self, from: Nanos, to: Nanos) -> impl Iterator<Item = Period> {
        self.overlapping(from, to).filter(move |period| period.lies_in(from, to))
    }

    /// What is known of a period.
    pub(crate) fn state(&self, period: Period) -> State {
        let values = self.values();
        let settled = values.read.is_some_and(|read| read >= period.end + moment(nanos(self.settles)));
        match values.values.get(&period.start).copied() {
            value if settled => State::Settled(value),
            Some(value) => State::Provisional(value),
            None => State::Awaited,
        }
    }

    /// The unit of its values, as far as it is known.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        self.values().unit
    }

    /// What the last reading said, if it failed.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.values().last_error.clone()
    }

    /// The values that have come of periods in `from..to`.
    pub(crate) fn arrived(&self, from: Nanos, to: Nanos) -> Vec<f64> {
        let known = |period| match self.state(period) {
            State::Settled(value) => value,
            State::Provisional(value) => Some(value),
            State::Awaited => None,
        };
        self.inside(from, to).filter_map(known).collect()
    }

    /// For the journal: the periods until `end`, the first error, and the unit.
    pub(super) fn record(&self, end: Nanos) -> (Vec<ProbeSample>, Option<String>, &'static str) {
        let sample = |period: Period| {
            let at_us = u64::try_from(period.start).ok()? / 1_000;
            match self.state(period) {
                State::Settled(value) => Some(ProbeSample { at_us, value }),
                State::Provisional(value) => Some(ProbeSample { at_us, value: Some(value) }),
                State::Awaited => None,
            }
        };
        let samples = self.overlapping(0, end).filter_map(sample).collect();
        let values = self.values();
        (samples, values.first_error.clone(), values.unit.unwrap_or_default())
    }
}

fn lock(values: &Mutex<Values>) -> MutexGuard<'_, Values> {
    values.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks the source again and again.
struct Reader {
    source: Box<dyn LateSource>,
    clock: Clock,
    grid: Grid,
    settles: Duration,
    first: Moment,
    values: Arc<Mutex<Values>>,
}

impl Reader {
    async fn run(mut self, poll: Duration, check: watch::Sender<Checked>) {
        let checked = within(async { self.source.check().await }, ANSWER * 2).await;
        let checked = checked.map(|unit| lock(&self.values).unit = unit).map_err(|error| Refusal {
            kind: error.kind(),
            message: error.to_string().split("\nhelp: ").next().unwrap_or_default().to_owned(),
            help: error.help_text().map(Into::into),
        });
        let refused = checked.is_err();
        check.send_replace(Some(checked));
        if refused {
            return;
        }
        loop {
            self.read().await;
            // At multiples of the interval, so that probes of one interval ask together.
            let poll = nanos(poll);
            self.clock.sleep_until((self.clock.now() / poll + 1) * poll).await;
        }
    }

    async fn read(&mut self) {
        let now = moment(self.clock.now());
        let open = lock(&self.values).read.map_or(self.first, |read| read - moment(nanos(self.settles)));
        // What has settled is not asked for again.
        let from = self.grid.at(open.max(self.first)).start;
        let (from, to) = (self.grid.wall(from), self.grid.wall(now));
        let answer = within(async { self.source.read(from, to).await }, ANSWER).await;
        let mut values = lock(&self.values);
        match answer {
            Ok(datapoints) => {
                for Datapoint { start, value, unit } in datapoints {
                    let period = self.grid.at(self.grid.moment(start));
                    // What has not ended yet is not the period's value.
                    if period.end <= now && value.is_finite() {
                        values.unit = Some(unit);
                        values.values.insert(period.start, value);
                    }
                }
                values.read = Some(now);
                values.last_error = None;
            }
            Err(error) => {
                let error = error.to_string().split("\nhelp: ").next().unwrap_or_default().to_owned();
                values.first_error.get_or_insert_with(|| error.clone());
                values.last_error = Some(error);
            }
        }
    }
}

/// An answer that neither hangs nor panics.
async fn within<T>(asking: impl Future<Output = Result<T>>, limit: Duration) -> Result<T> {
    match AssertUnwindSafe(tokio::time::timeout(limit, asking)).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Error::new(format!("no answer within {limit:?}"))),
        Err(panic) => Err(Error::new(format!("panicked: {}", panic_text(&*panic)))),
    }
}
