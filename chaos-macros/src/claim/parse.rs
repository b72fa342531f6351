//! From tokens to claims: scopes, comparisons, and what is said where it means nothing.

use super::check;
use super::compare::{Cmp, cmp};
use super::limit::{Limit, Reference, Written, limit};
use super::metric::{Metric, Subject, subject};
use super::number::{Unit, Value, duration};
use super::{Claim, Context, Place, Scope};
use crate::diagnostic::{Errors, at, over};
use crate::tokens::{Tokens, split};
use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};

/// Reads a list of claims, and judges each and all of them. `span` is blamed when there is none.
pub(crate) fn claims(stream: TokenStream, span: Span, context: Context, errors: &mut Errors) -> Vec<Claim> {
    let mut found = Vec::new();
    list(stream, span, Scope::Run, context, errors, &mut found);
    check::together(&found, context, errors);
    found
}

/// Reads exactly one claim.
pub(crate) fn one_claim(stream: TokenStream, context: Context, errors: &mut Errors) -> Option<Claim> {
    let mut found = claims(stream, Span::call_site(), context, errors);
    if let Some(second) = found.get(1) {
        errors.push(over(&second.tokens, "`slo!` makes one claim", "call `slo!` once for each claim"));
    }
    errors.is_empty().then(|| found.pop()).flatten()
}

fn list(stream: TokenStream, span: Span, scope: Scope, context: Context, errors: &mut Errors, found: &mut Vec<Claim>) {
    if stream.is_empty() {
        errors.push(at(span, "no claim is made here", "write for example `p99 < 300ms`, or remove it"));
        return;
    }
    for mut part in split(stream, errors) {
        match scope_of(&part) {
            Some((ident, inner, group)) => {
                part.ident();
                part.parens();
                if let Some(error) = misplaced_scope(&ident, scope, context) {
                    errors.push(error);
                    continue;
                }
                let scope = if ident == "during" { Scope::During } else { Scope::After };
                list(inner, group, scope, context, errors, found);
                errors.take(part.finish(&format!("`{ident}(…)`")));
            }
            None => found.extend(errors.take(comparison(&mut part, scope, context))),
        }
    }
}

/// `during(…)` or `after(…)`.
fn scope_of(part: &Tokens) -> Option<(Ident, TokenStream, Span)> {
    match (part.peek(), part.peek_second()) {
        (Some(TokenTree::Ident(ident)), Some(TokenTree::Group(group)))
            if (ident == "during" || ident == "after") && group.delimiter() == Delimiter::Parenthesis =>
        {
            Some((ident.clone(), group.stream(), group.span()))
        }
        _ => None,
    }
}

fn misplaced_scope(ident: &Ident, outer: Scope, context: Context) -> Option<syn::Error> {
    let cause = match (context.place, outer) {
        (Place::SteadyState | Place::AbortIf, _) => format!("`{ident}(…)` inside `{}(…)`", context.place.name()),
        (_, Scope::During) => format!("`{ident}(…)` inside `during(…)`"),
        (_, Scope::After) => format!("`{ident}(…)` inside `after(…)`"),
        (_, Scope::Run) => return None,
    };
    let help = match context.place {
        Place::SteadyState => {
            "the steady state holds when nothing is wrong, in no phase of a fault: write the claim bare"
        }
        Place::AbortIf => "a guard watches every phase: write the claim bare",
        _ => "put the two scopes side by side",
    };
    Some(at(ident.span(), cause, help))
}

fn comparison(part: &mut Tokens, scope: Scope, context: Context) -> syn::Result<Claim> {
    let subject_span = part.span();
    let subject = subject(part)?;
    let cmp_from = part.position();
    let cmp = cmp(part, &subject.text, subject.metric.example())?;
    let cmp_tokens = part.since(cmp_from);
    let written = limit(part)?;
    let sustained = sustained(part, context)?;
    part.finish("the claim")?;

    fits_unit(&subject, &written, context)?;
    fits_place(&subject, subject_span, scope, context)?;
    fits_reference(&subject, &written, context)?;
    let (cmp, limit) = equality(&subject, cmp, &cmp_tokens, written.limit)?;

    let claim = Claim {
        text: text(&subject, cmp_text(&cmp_tokens), &written.text, scope, sustained.as_ref()),
        scope,
        subject: subject.name,
        metric: subject.metric,
        cmp,
        limit,
        sustained: sustained.map(|(nanos, _)| nanos),
        tokens: part.all(),
    };
    check::alone(&claim, written.value_tokens, context)?;
    Ok(claim)
}

fn cmp_text(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

fn text(subject: &Subject, cmp: String, limit: &str, scope: Scope, sustained: Option<&(u64, String)>) -> String {
    let mut text = format!("{} {cmp} {limit}", subject.text);
    if let Some((_, duration)) = sustained {
        text.push_str(" for ");
        text.push_str(duration);
    }
    match scope {
        Scope::Run => text,
        Scope::During => format!("during({text})"),
        Scope::After => format!("after({text})"),
    }
}

/// `for 60s`
fn sustained(part: &mut Tokens, context: Context) -> syn::Result<Option<(u64, String)>> {
    let (from, span) = (part.position(), part.span());
    if !part.word("for") {
        return Ok(None);
    }
    if context.place != Place::AbortIf {
        return Err(at(
            span,
            format_args!("`for` outside `abort_if(…)`: a claim of `{}` holds over whole phases", context.place.name()),
            "remove it, or move the claim to `abort_if(…)`",
        ));
    }
    let (nanos, text) = duration(part, "`for`")?;
    if nanos == 0 {
        return Err(over(part.since(from), "a breach of no length", "remove `for`: a guard without it trips at once"));
    }
    Ok(Some((nanos, text)))
}

fn fits_unit(subject: &Subject, written: &Written, context: Context) -> syn::Result<()> {
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
        Value::Number(n) if n.fract() != 0.0 && !units.is_empty() => Err(mismatch_count(written, text)),
        Value::Percent(n) if n > 100.0 && !units.is_empty() => Err(over(
            &written.value_tokens,
            format_args!("`{text}` is more than 100 %"),
            match relative {
                None if context.place == Place::SteadyState => "write a percentage up to `100%`".to_owned(),
                None => format!("write a percentage up to `100%`, or `{text} of baseline`"),
                Some(of) => format!("write percentage points up to `100%`, or `{text} of {}`", of.name()),
            },
        )),
        _ => Ok(()),
    }
}

fn mismatch_count(written: &Written, text: &str) -> syn::Error {
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

fn fits_place(subject: &Subject, span: Span, scope: Scope, context: Context) -> syn::Result<()> {
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

fn fits_reference(subject: &Subject, written: &Written, context: Context) -> syn::Result<()> {
    let (Some(of), Some(span)) = (written.limit.reference(), written.reference) else { return Ok(()) };
    let Subject { metric, text, .. } = subject;
    let example = metric.example();
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
fn equality(subject: &Subject, cmp: Cmp, tokens: &TokenStream, limit: Limit) -> syn::Result<(Cmp, Limit)> {
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
