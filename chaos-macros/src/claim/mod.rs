//! The claim grammar: one parser for `steady_state(…)`, `hypothesis(…)`, `abort_if(…)` and `slo!(…)`.

mod check;
mod compare;
mod expand;
mod fit;
mod limit;
mod metric;
mod number;
mod parse;
mod percentile;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub(crate) use compare::Cmp;
pub(crate) use expand::option;
pub(crate) use limit::{Limit, Reference};
pub(crate) use metric::{LedgerMetric, Metric};
pub(crate) use number::{Value, duration, value};
pub(crate) use parse::{claims, one_claim};

use proc_macro2::TokenStream;

/// Where a claim stands; some things mean nothing in some places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    SteadyState,
    Hypothesis,
    AbortIf,
    Slo,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SteadyState => "steady_state",
            Self::Hypothesis => "hypothesis",
            Self::AbortIf => "abort_if",
            Self::Slo => "slo!",
        }
    }
}

/// What surrounds a claim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    pub(crate) place: Place,
    /// Whether there is, or may be, a control group.
    pub(crate) control: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Run,
    During,
    After,
}

/// A claim that is well-formed, fits its place and can both hold and fail.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) scope: Scope,
    pub(crate) subject: Option<String>,
    pub(crate) metric: Metric,
    pub(crate) cmp: Cmp,
    pub(crate) limit: Limit,
    /// Nanoseconds.
    pub(crate) sustained: Option<u64>,
    /// As written, with canonical blanks.
    pub(crate) text: String,
    /// For errors about the claim as a whole.
    pub(crate) tokens: TokenStream,
}
