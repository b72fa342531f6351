//! Compile errors: cause first, then the way out; all of them at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt::Display;

/// The errors found so far. Parsing goes on after an error, so that an author sees all of them.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Keeps the error, hands on the value.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// One `compile_error!` for each.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.map(syn::Error::into_compile_error).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        self.0.into_iter().flatten().map(|error| error.to_string()).collect()
    }
}

/// An error on one token.
pub(crate) fn at(span: Span, cause: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new(span, text(cause, help))
}

/// An error on a stretch of tokens.
pub(crate) fn over(tokens: impl ToTokens, cause: impl Display, help: impl Display) -> syn::Error {
    syn::Error::new_spanned(tokens, text(cause, help))
}

fn text(cause: impl Display, help: impl Display) -> String {
    format!("{cause}\nhelp: {help}")
}

/// A name that is not known: the nearest one, else all of them.
pub(crate) fn unknown(span: Span, what: &str, name: &str, known: &[&str]) -> syn::Error {
    match nearest(name, known) {
        Some(near) => syn::Error::new(span, format!("unknown {what} `{name}`; did you mean `{near}`?")),
        None => at(span, format_args!("unknown {what} `{name}`"), format_args!("expected one of: {}", listed(known))),
    }
}

/// The known name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).clamp(1, 3) && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `` `a`, `b`, `c` ``
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
