//! Claims: what must be true of the steady state and of the faulted system.
//!
//! The grammar is parsed at compile time by `chaos-macros`; what arrives here are its values.
//! [`Claim`]s are made by `#[chaos_test(…)]` and by [`slo!`](crate::slo).

mod criterion;
pub(crate) mod display;
pub(crate) mod judge;
pub(crate) mod own;
pub(crate) mod relative;
pub(crate) mod sample;
mod value;

pub(crate) use criterion::Criterion;
pub use value::{Cmp, LedgerMetric, Limit, Metric, Quantile, Reference, Scope, Value};

use std::time::Duration;

/// One comparison that must hold, such as `during(p99 < 800ms)`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a claim is judged by `chaos.expect(…)`"]
pub struct Claim {
    /// The claim as its author wrote it, for reports: `during(p99 < 800ms)`.
    pub text: &'static str,
    /// Which phases it speaks about.
    pub scope: Scope,
    /// The load, ledger or control it speaks about: the `orders` of `orders.p99`. `None` = every load.
    pub subject: Option<&'static str>,
    /// What is measured.
    pub metric: Metric,
    /// How the measured value is compared with the limit.
    pub cmp: Cmp,
    /// The right-hand side.
    pub limit: Limit,
    /// `… for 60s`: a guard trips only when the breach lasted this long.
    pub sustained: Option<Duration>,
}
