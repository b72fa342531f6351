//! The statistics behind a verdict: pure functions, each with the source of its formula.
//!
//! A threshold claim is turned into one primitive, violations among operations against a permitted
//! share ([`Proportion`]): `p99 < 300ms` is violated by an operation that took 300 ms or longer *or failed*,
//! and permits 1 % of them. Looking once needs an interval ([`Proportion::interval`]); looking again and again
//! needs one that stays valid ([`log_e_value`], [`confidence_sequence`]); operations that are not independent
//! count for fewer than they are ([`DesignEffect`]).

mod autocorrelation;
mod beta;
mod compare;
mod density;
mod fewest;
mod normal;
mod proportion;
mod quantile;
mod ranks;
mod sequential;

pub use autocorrelation::{Batch, DesignEffect};
pub use compare::{RatioInterval, difference_interval, fisher_greater, quantile_ratio_interval};
pub use fewest::{fewest_samples, more_samples};
pub(crate) use normal::quantile as normal_quantile;
pub use proportion::{Interval, Proportion, Support};
pub use quantile::{RankInterval, RankedQuantile, harrell_davis};
pub use ranks::{Alternative, MannWhitney, Shift};
pub use sequential::{Decision, Sprt, confidence_sequence, log_e_value};
