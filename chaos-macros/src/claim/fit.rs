//! What is said where it means nothing: units, places and references that do not fit.

use super::compare::Cmp;
use super::limit::{Limit, Reference, Written};
use super::metric::{Metric, Subject};
use super::number::{Unit, Value};
use super::{Context, Place, Scope};
use crate::diagnostic::{at, over};
use proc_macro2::{Span, TokenStream};

/// The unit fits the metric, and the number the unit.
pub(super) fn unit(subject: &Subject, written: &Written, context: Context) -> syn::Result<()> {
    let Some(value) = written.limit.value() else { return Ok(()) };
    let (metric, units) = (&subject.text, subject.metric.units());
    let relative = written.limit.reference();
    // A share of answers stays a share; a count added to it would mix units.
    let fits = match (&subject.metric, relative) {
        (Metric::Status(_) | Metric::Error(_), Some(_)) => value.unit() == Unit::Percent,
        _ => units.is_empty() || units.contains(&value.unit()),
    };
    let text = &written.value_text;
    let mismatch = |what: &str, help: String| {
        let is = match value {
            Value::Duration(_) => "is a duration",
            Value::Percent(_) => "is a percentage",
            Value::Number(_) => "has no unit",
            Value::Rate(_) => "is a rate",
        };
        over(&written.value_tokens, format_args!("`{metric}` is {what}, and `{text}` {is}"), help)
    };
    if !fits {
        let what = match units.first() {
            Some(Unit::Duration) => "a duration",
            Some(Unit::Percent) => "a percentage",
            Some(Unit::Rate) => "a rate",
            _ if units.len() > 1 => "a count or a percentage",
            _ => "a count",
        };
        return Err(mismatch(what, fitting(&subject.metric, value, text, relative)));
    }
    match value {
        Value::Number(n) if n.fract() != 0.0 && !units.is_empty() => Err(not_whole(written, text)),
        Value::Percent(n) if n > 100.0 && !units.is_empty() => Err(over(
            &written.value_tokens,
            format_args!("`{text}` is more than 100 %"),
            match relative {
                None if context.place != Place::Hypothesis => "write a percentage up to `100%`".to_owned(),
                None => format!("write a percentage up to `100%`, or `{text} of baseline`"),
                Some(of) => format!("write percentage points up to `100%`, or `{text} of {}`", of.name()),
            },
        )),
        _ => Ok(()),
    }
}

fn not_whole(written: &Written, text: &str) -> syn::Error {
    over(
        &written.value_tokens,
        format_args!("a count is a whole number, and `{text}` is not"),
        "write for example `3`; a share ends in `%`",
    )
}

/// How a value that does not fit was probably meant.
fn fitting(metric: &Metric, value: Value, text: &str, relative: Option<Reference>) -> String {
    match (metric.units(), value) {
        (_, Value::Percent(n)) if relative.is_some() => {
            format!(
                "write `{}% of {}`, or an offset in the metric's own unit",
                100.0 + n,
                relative.map_or("", Reference::name)
            )
        }
        ([Unit::Duration], Value::Number(_)) => format!("write `{text}ms`"),
        ([Unit::Duration], _) => "write a duration, such as `300ms`".to_owned(),
        ([Unit::Percent], Value::Number(n)) if 0.0 < n && n < 1.0 => {
            format!("write `{}%`", (n * 1e8).round() / 1e6)
        }
        ([Unit::Percent], Value::Number(_)) => format!("write `{text}%`"),
        ([Unit::Percent], _) => "write a percentage, such as `99.9%`".to_owned(),
        ([Unit::Rate], Value::Number(_)) => format!("write `{text}/s`"),
        ([Unit::Rate], _) => "write a rate, such as `200/s`".to_owned(),
        (_, Value::Percent(_)) if *metric == Metric::Errors => {
            "write `error_rate` for their share, or a count such as `0`".to_owned()
        }
        _ if metric.units().len() > 1 => "write a count such as `0`, or a share such as `5%`".to_owned(),
        _ => "write a count, such as `0`".to_owned(),
    }
}

/// The metric means something in this list and phase.
pub(super) fn place(subject: &Subject, span: Span, scope: Scope, context: Context) -> syn::Result<()> {
    let Subject { metric, text, .. } = subject;
    let fault_only = metric.is_of_experiment() || *metric == Metric::Unavailability;
    match (context.place, scope) {
        (Place::SteadyState, _) if fault_only => Err(at(
            span,
            format_args!("`{text}` in the steady state, where there is no fault yet"),
            "move it to `hypothesis(…)`",
        )),
        (Place::SteadyState | Place::AbortIf, _) if matches!(metric, Metric::Ledger(_)) => Err(at(
            span,
            format_args!("`{text}` is known when the run is over, too late for `{}(…)`", context.place.name()),
            "move it to `hypothesis(…)`",
        )),
        (Place::AbortIf, _) if *metric == Metric::TimeToDetect => Err(at(
            span,
            format_args!("`{text}` is known when the fault is over, too late for `abort_if(…)`"),
            "move it to `hypothesis(…)`",
        )),
        (_, Scope::During | Scope::After) if metric.is_of_experiment() || matches!(metric, Metric::Ledger(_)) => {
            Err(at(
                span,
                format_args!("`{text}` belongs to the whole experiment, not to a phase"),
                format_args!("move it out of `{}(…)`", if scope == Scope::During { "during" } else { "after" }),
            ))
        }
        _ => Ok(()),
    }
}

/// The metric has a value in what it is compared with.
pub(super) fn reference(subject: &Subject, written: &Written, context: Context) -> syn::Result<()> {
    let (Some(of), Some(span)) = (written.limit.reference(), written.reference) else { return Ok(()) };
    let Subject { metric, text, .. } = subject;
    let example = metric.example();
    if context.place == Place::AbortIf {
        return Err(over(
            &written.tokens,
            format_args!("a guard has nothing to compare `{text}` with"),
            "write a value that a good run stays clear of, or move the claim to `hypothesis(…)`",
        ));
    }
    if context.place == Place::SteadyState && of == Reference::Control {
        return Err(at(
            span,
            "the steady state is judged without the control group",
            format_args!("write a value, such as `{text} {example}`, or move the claim to `hypothesis(…)`"),
        ));
    }
    if context.place == Place::SteadyState && of == Reference::Baseline {
        return Err(at(
            span,
            "the baseline would be judged against itself",
            format_args!("write a value, such as `{text} {example}`"),
        ));
    }
    let of_experiment = metric.is_of_experiment() || matches!(metric, Metric::Ledger(_));
    if of_experiment || (of == Reference::Baseline && *metric == Metric::Unavailability) {
        return Err(over(
            &written.tokens,
            format_args!("`{text}` has no value in the {}", of.name()),
            format_args!("write a value, such as `{text} {example}`"),
        ));
    }
    if of == Reference::Baseline && matches!(metric, Metric::Errors | Metric::PermanentFailures) {
        return Err(over(
            &written.tokens,
            format_args!("`{text}` is a count, and the baseline has another length"),
            "compare shares: `error_rate <= 110% of baseline`",
        ));
    }
    if of == Reference::Control && !context.control {
        return Err(at(
            span,
            "there is no control group",
            "give the load one, with `.against(…)`; where that happens outside this function, add `control` to the attribute",
        ));
    }
    Ok(())
}

/// `==` compares counts; for shares it means their ends.
pub(super) fn equality(subject: &Subject, cmp: Cmp, tokens: &TokenStream, limit: Limit) -> syn::Result<(Cmp, Limit)> {
    if cmp != Cmp::Eq {
        return Ok((cmp, limit));
    }
    match limit {
        Limit::Value(Value::Number(_)) => Ok((Cmp::Eq, limit)),
        Limit::Value(Value::Percent(0.0)) => Ok((Cmp::Le, limit)),
        Limit::Value(Value::Percent(100.0)) => Ok((Cmp::Ge, limit)),
        _ => Err(over(
            tokens,
            format_args!("`==` compares counts; `{}` is measured", subject.text),
            "write `<=` or `>=`",
        )),
    }
}
