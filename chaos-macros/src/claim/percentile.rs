//! `p99`, `p99.9`.

use super::metric::Metric;
use crate::diagnostic::over;
use crate::tokens::{Tokens, is_punct, name};
use proc_macro2::{Ident, TokenTree};

/// Whether the word is `p` and a number, as far as one word can be.
pub(super) fn is_percentile(word: &str) -> bool {
    word.strip_prefix(['p', 'P']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads the rest of `p99` or `p99.9`: the part behind the point is a literal of its own.
pub(super) fn percentile(tokens: &mut Tokens, ident: &Ident) -> syn::Result<(Metric, String)> {
    let (from, mut text) = (tokens.position(), name(ident));
    if is_punct(tokens.peek(), '.') && matches!(tokens.peek_second(), Some(TokenTree::Literal(_))) {
        tokens.punct('.');
        let decimals = tokens.literal().map(|literal| literal.to_string()).unwrap_or_default();
        text = format!("{text}.{decimals}");
    }
    let read = tokens.since(from);
    let tokens = quote::quote!(#ident #read);
    let impossible =
        |help: String| over(&tokens, format_args!("impossible percentile `{text}`"), format_args!("{help}"));
    if text.starts_with('P') {
        return Err(impossible(format!("write `{}`", text.to_lowercase())));
    }
    let digits = &text[1..];
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if !whole.chars().chain(decimals.chars()).all(|c| c.is_ascii_digit()) {
        let meant = digits.replace('_', ".");
        let help = match meant.parse::<f64>() {
            Ok(n) if 0.0 < n && n < 100.0 => format!("write `p{meant}`"),
            _ => "a percentile is `p` and a number, as in `p50`, `p99` or `p99.9`".to_owned(),
        };
        return Err(impossible(help));
    }
    if decimals.len() > 4 {
        return Err(impossible("four decimals are enough, as in `p99.9999`".to_owned()));
    }
    let ppm = format!("{whole}{decimals:0<4}").parse::<u64>().unwrap_or(u64::MAX);
    match ppm {
        0 => Err(impossible("the fastest operation says nothing; write for example `p50`".to_owned())),
        1_000_000 => Err(impossible("the slowest operation is `max`".to_owned())),
        1..1_000_000 => Ok((Metric::Quantile(ppm as u32), text.clone())),
        _ if decimals.is_empty() && whole.len() > 2 && whole.starts_with("99") => {
            Err(impossible(format!("write `p99.{}`", &whole[2..])))
        }
        _ => Err(impossible(
            "percentiles lie between 0 and 100, as in `p99.9`; the slowest operation is `max`".to_owned(),
        )),
    }
}
