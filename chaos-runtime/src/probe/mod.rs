//! Probes: values sampled through all phases, for claims such as `probe("replication lag") < 10s`.
//!
//! | a value that | is a |
//! |---|---|
//! | can be asked for at any moment | [`every`] |
//! | a monitoring system gives for periods, some time after they have ended | [`periods`], `cloudwatch::Metric` (feature `aws`) |
//!
//! # Values that come late
//!
//! CloudWatch gives one value for each minute, and gives it minutes later. An experiment deals with such values as
//! follows:
//!
//! - **A value belongs to a phase only if its whole period lies in it.** Only such values can break a claim. A bare
//!   claim speaks of everything from the first injection to the end, so there the period may hold fault and recovery.
//! - **A period that mixes fault and no-fault time** can't refute a claim about the fault: who made it bad can't be
//!   told. If its value is beyond the limit the claim is *inconclusive*; if it is within, that says something only
//!   where the mixture can't hurt it. A [`Maximum`](Aggregate::Maximum) of the whole below a limit bounds each part,
//!   and so do a [`Minimum`](Aggregate::Minimum) above one, and a [`Total`](Aggregate::Total) of what is never negative
//!   below one. Means and quantiles bound nothing: they need a fault that is held for a whole period, two of them to
//!   be sure.
//! - **Baseline and after phase go on** until they hold a whole period, if a claim speaks of one. A value counts from
//!   the moment at which it is *settled*: it may change until then, and one that is not there by then is missing. A
//!   missing one makes the claim inconclusive.
//! - **After the end of the load and the rollback** the experiment waits until the periods that claims speak of are
//!   settled.
//! - **Recovery is never measured by them**: a period of a minute can't show thirty seconds. Claims of the steady
//!   state on them are judged by the gate and after the recovery.
//! - **Guards** look at what has come of periods since the first injection, settled or not.
//! - A probe of which nothing is known when the baseline is to begin is refused; nothing is injected then.

mod every;
mod grid;
mod late;
mod periods;
mod polled;
mod probes;
mod source;
mod value;

pub use every::{Async, Immediate, Probe, SampleFn, every};
pub(crate) use grid::Period;
pub(crate) use late::{Late, State};
pub use periods::{Aggregate, OfPeriods, Periods, periods};
pub(crate) use probes::{Probes, other_unit};
pub use source::IntoProbe;
#[cfg(feature = "aws")]
pub(crate) use source::{Datapoint, LateSource, Source};
pub use value::{IntoProbeValue, ProbeValue};
