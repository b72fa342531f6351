//! The comparison in the middle of a claim.

use crate::diagnostic::{at, over};
use crate::tokens::Tokens;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cmp {
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
}

impl Cmp {
    pub(crate) fn bounds_above(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Eq)
    }

    pub(crate) fn bounds_below(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Eq)
    }

    pub(crate) fn is_strict(self) -> bool {
        matches!(self, Self::Lt | Self::Gt)
    }

    /// The comparison of `100 % − x`.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            Self::Eq => Self::Eq,
        }
    }
}

/// Reads the comparison that follows `metric`.
pub(crate) fn cmp(tokens: &mut Tokens, metric: &str, example: &str) -> syn::Result<Cmp> {
    let (from, span) = (tokens.position(), tokens.span());
    if tokens.is_empty() {
        return Err(at(
            span,
            format_args!("`{metric}` is not compared with anything"),
            format_args!("write for example `{metric} {example}`"),
        ));
    }
    let expected = |tokens: &Tokens| {
        let (cause, help) = (
            format!("expected a comparison after `{metric}`"),
            format!("expected one of: `<`, `<=`, `>`, `>=`, `==`, as in `{metric} {example}`"),
        );
        if tokens.position() == from { at(span, cause, help) } else { over(tokens.since(from), cause, help) }
    };
    let Some(first) = tokens.any_punct() else { return Err(expected(tokens)) };
    let cmp = match first.as_char() {
        '<' if tokens.joint(&first, '=') => Cmp::Le,
        '<' => Cmp::Lt,
        '>' if tokens.joint(&first, '=') => Cmp::Ge,
        '>' => Cmp::Gt,
        '=' if tokens.joint(&first, '=') => Cmp::Eq,
        '=' if tokens.joint(&first, '<') => {
            return Err(over(tokens.since(from), "`=<` is no comparison", "write `<=`"));
        }
        '=' if tokens.joint(&first, '>') => {
            return Err(over(tokens.since(from), "`=>` is no comparison", "write `>=`"));
        }
        '=' => {
            return Err(over(
                tokens.since(from),
                "`=` is no comparison",
                if example.starts_with("==") { "write `==`" } else { "write `<=` or `>=`" },
            ));
        }
        '!' if tokens.joint(&first, '=') => {
            return Err(over(
                tokens.since(from),
                "`!=` is no claim: one value is excluded, everything else is allowed",
                "say what is good, with `<`, `<=`, `>`, `>=` or `==`",
            ));
        }
        _ => return Err(expected(tokens)),
    };
    Ok(cmp)
}
