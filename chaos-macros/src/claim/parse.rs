//! From tokens to claims: scopes and comparisons.

use super::compare::cmp;
use super::limit::limit;
use super::metric::{Subject, subject};
use super::number::duration;
use super::{Claim, Context, Place, Scope};
use super::{check, fit};
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

    fit::unit(&subject, &written, context)?;
    fit::place(&subject, subject_span, scope, context)?;
    fit::reference(&subject, &written, context)?;
    let (cmp, limit) = fit::equality(&subject, cmp, &cmp_tokens, written.limit)?;

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
