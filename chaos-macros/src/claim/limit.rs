//! The right-hand side of a claim.

use super::number::{Value, value};
use crate::diagnostic::{at, over};
use crate::tokens::Tokens;
use proc_macro2::TokenStream;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    Baseline,
    Control,
}

impl Reference {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Control => "control",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    Value(Value),
    Relative { factor: f64, of: Reference },
    Plus { of: Reference, plus: Value },
    Minus { of: Reference, minus: Value },
}

impl Limit {
    pub(crate) fn reference(self) -> Option<Reference> {
        match self {
            Self::Value(_) => None,
            Self::Relative { of, .. } | Self::Plus { of, .. } | Self::Minus { of, .. } => Some(of),
        }
    }

    /// The value whose unit must fit the metric.
    pub(crate) fn value(self) -> Option<Value> {
        match self {
            Self::Value(value) | Self::Plus { plus: value, .. } | Self::Minus { minus: value, .. } => Some(value),
            Self::Relative { .. } => None,
        }
    }
}

/// A right-hand side with what errors about it need.
pub(crate) struct Written {
    pub(crate) limit: Limit,
    pub(crate) text: String,
    /// The value alone.
    pub(crate) value_text: String,
    pub(crate) value_tokens: TokenStream,
    /// The whole right-hand side.
    pub(crate) tokens: TokenStream,
    /// The `baseline` or `control`.
    pub(crate) reference: Option<proc_macro2::Span>,
}

/// Reads a right-hand side.
pub(crate) fn limit(tokens: &mut Tokens) -> syn::Result<Written> {
    let (from, span) = (tokens.position(), tokens.span());
    if let Some(of) = reference(tokens) {
        return offset(tokens, from, span, of);
    }
    let (value, value_text) = value(tokens)?;
    let value_tokens = tokens.since(from);
    if tokens.is_punct('*') {
        return Err(over(
            tokens.rest(),
            "a limit is not a product",
            format_args!("write a share such as `{}% of baseline`", (value.magnitude() * 100.0).round().max(100.0)),
        ));
    }
    if !tokens.word("of") {
        let text = value_text.clone();
        return Ok(Written {
            limit: Limit::Value(value),
            text,
            value_text,
            tokens: value_tokens.clone(),
            value_tokens,
            reference: None,
        });
    }
    let span = tokens.span();
    let Some(of) = reference(tokens) else {
        return Err(at(span, format_args!("`{value_text} of` what?"), "expected one of: `baseline`, `control`"));
    };
    let Value::Percent(percent) = value else {
        return Err(over(
            value_tokens,
            format_args!("`{value_text} of {}` is not a share", of.name()),
            format_args!("write a percentage, as in `110% of {}`", of.name()),
        ));
    };
    if percent == 0.0 {
        return Err(over(
            value_tokens,
            format_args!("`{value_text} of {}` is nothing", of.name()),
            format_args!("write for example `110% of {}`, or the value itself", of.name()),
        ));
    }
    Ok(Written {
        limit: Limit::Relative { factor: percent / 100.0, of },
        text: format!("{value_text} of {}", of.name()),
        value_text,
        value_tokens,
        tokens: tokens.since(from),
        reference: Some(span),
    })
}

fn offset(tokens: &mut Tokens, from: usize, span: proc_macro2::Span, of: Reference) -> syn::Result<Written> {
    let plus = tokens.is_punct('+');
    if !plus && !tokens.is_punct('-') {
        let name = of.name();
        return Err(at(
            span,
            format_args!("a bare `{name}` leaves no room for chance"),
            format_args!("write `110% of {name}` or `{name} + 20ms`"),
        ));
    }
    tokens.any_punct();
    let value_from = tokens.position();
    let (value, value_text) = value(tokens)?;
    let limit = if plus { Limit::Plus { of, plus: value } } else { Limit::Minus { of, minus: value } };
    Ok(Written {
        limit,
        text: format!("{} {} {value_text}", of.name(), if plus { '+' } else { '-' }),
        value_text,
        value_tokens: tokens.since(value_from),
        tokens: tokens.since(from),
        reference: Some(span),
    })
}

fn reference(tokens: &mut Tokens) -> Option<Reference> {
    if tokens.word("baseline") {
        Some(Reference::Baseline)
    } else if tokens.word("control") {
        Some(Reference::Control)
    } else {
        None
    }
}
