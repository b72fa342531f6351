//! Claims that say nothing: true whatever happens, false whatever happens, twice, or against each other.

use super::compare::Cmp;
use super::limit::Limit;
use super::metric::Metric;
use super::number::{Unit, Value};
use super::{Claim, Context, Place};
use crate::diagnostic::{Errors, over};
use proc_macro2::TokenStream;

/// What is wrong with a claim by itself.
pub(crate) fn alone(claim: &Claim, value_tokens: TokenStream, context: Context) -> syn::Result<()> {
    let Limit::Value(value) = claim.limit else { return Ok(()) };
    if matches!(claim.metric, Metric::Probe(_)) {
        return Ok(()); // A probe may give any number.
    }
    let (text, guard) = (&claim.text, context.place == Place::AbortIf);
    if always(claim, value, guard) {
        return Err(if guard {
            over(
                value_tokens,
                format_args!("`{text}` is always true: the run would be aborted at once"),
                "write a limit that a good run stays clear of",
            )
        } else {
            over(
                value_tokens,
                format_args!("`{text}` can never fail"),
                format_args!("write a limit that a bad run breaks, such as `{}`", sensible(claim)),
            )
        });
    }
    if never(claim, value) {
        return Err(if guard {
            over(
                value_tokens,
                format_args!("`{text}` is never true: this guard cannot trip"),
                "write a limit that a bad run passes",
            )
        } else {
            over(
                value_tokens,
                format_args!("`{text}` can never hold"),
                format_args!("write a limit that a good run keeps, such as `{}`", sensible(claim)),
            )
        });
    }
    Ok(())
}

fn sensible(claim: &Claim) -> String {
    let subject = claim.text.trim_start_matches("during(").trim_start_matches("after(");
    let metric = subject.split([' ']).next().unwrap_or(subject);
    format!("{metric} {}", claim.metric.example())
}

fn always(claim: &Claim, value: Value, guard: bool) -> bool {
    let limit = value.magnitude();
    match claim.cmp {
        Cmp::Ge => limit == 0.0,
        // `error_rate <= 100%` is how one says that errors are permitted.
        Cmp::Le => is_whole_share(value) && (guard || claim.metric != Metric::ErrorRate),
        _ => false,
    }
}

fn never(claim: &Claim, value: Value) -> bool {
    let limit = value.magnitude();
    match claim.cmp {
        Cmp::Lt => limit == 0.0,
        Cmp::Le | Cmp::Eq => limit == 0.0 && claim.metric.is_latency(),
        Cmp::Gt => is_whole_share(value),
        Cmp::Ge => false,
    }
}

fn is_whole_share(value: Value) -> bool {
    matches!(value, Value::Percent(percent) if percent >= 100.0)
}

/// What is wrong with claims that stand side by side.
pub(crate) fn together(claims: &[Claim], context: Context, errors: &mut Errors) {
    for (index, claim) in claims.iter().enumerate() {
        for earlier in &claims[..index] {
            if is_same(earlier, claim) {
                errors.push(over(
                    &claim.tokens,
                    format_args!("`{}` is claimed twice", claim.text),
                    "remove one of the two",
                ));
                break;
            }
            // Guards are alternatives: any of them may trip, so they cannot contradict each other.
            if context.place != Place::AbortIf && contradict(earlier, claim) {
                errors.push(over(
                    &claim.tokens,
                    format_args!("`{}` contradicts `{}`", claim.text, earlier.text),
                    "both can never hold in the same phase; turn one of them round, or remove it",
                ));
                break;
            }
        }
    }
}

fn is_same(a: &Claim, b: &Claim) -> bool {
    (a.scope, &a.subject, &a.metric, a.cmp, a.limit, a.sustained)
        == (b.scope, &b.subject, &b.metric, b.cmp, b.limit, b.sustained)
}

fn contradict(a: &Claim, b: &Claim) -> bool {
    if a.scope != b.scope || a.subject != b.subject {
        return false;
    }
    let (Some(a), Some(b)) = (Bound::new(a), Bound::new(b)) else { return false };
    a.excludes(&b) || b.excludes(&a)
}

/// A claim as a bound on a number line.
struct Bound {
    line: Metric,
    unit: Unit,
    cmp: Cmp,
    limit: f64,
}

impl Bound {
    fn new(claim: &Claim) -> Option<Self> {
        let Limit::Value(value) = claim.limit else { return None };
        let (unit, limit) = (value.unit(), value.magnitude());
        Some(match claim.metric {
            // Successes and errors make up the whole.
            Metric::ErrorRate => {
                Self { line: Metric::SuccessRate, unit, cmp: claim.cmp.mirrored(), limit: 100.0 - limit }
            }
            ref metric => Self { line: metric.clone(), unit, cmp: claim.cmp, limit },
        })
    }

    /// Whether this lower bound lies above that upper bound.
    fn excludes(&self, upper: &Self) -> bool {
        const NOISE: f64 = 1e-9;
        let gap = self.limit - upper.limit;
        self.cmp.bounds_below()
            && upper.cmp.bounds_above()
            && self.unit == upper.unit
            && self.is_at_most(upper)
            && (gap > NOISE || (gap.abs() <= NOISE && (self.cmp.is_strict() || upper.cmp.is_strict())))
    }

    /// Whether the measured value is never above the other's: a metric and itself, p50 and p99, p99 and max.
    fn is_at_most(&self, other: &Self) -> bool {
        match (&self.line, &other.line) {
            (Metric::Quantile(low), Metric::Quantile(high)) => low <= high,
            (Metric::Quantile(_) | Metric::Mean, Metric::Max) => true,
            (a, b) => a == b,
        }
    }
}
