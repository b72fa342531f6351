//! The macros of `chaos-runtime`: `#[chaos_test(…)]` and the expression behind `slo!(…)`.
//!
//! Three steps: tokens are read with their spans (`args`, `claim`), validated into a model that can no longer
//! be wrong (`model`, `claim::Claim`), and written out as constants of `chaos-runtime` (`expand`). Depend on
//! `chaos-runtime`, which re-exports everything.

mod args;
mod attributes;
mod claim;
mod diagnostic;
mod expand;
mod function;
mod model;
mod tokens;
mod weakness;

use proc_macro::TokenStream;

/// Expands to an ordinary `#[test]` and an entry of the catalogue; every mistake is an error on the token
/// that has to change.
#[proc_macro_attribute]
pub fn chaos_test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::chaos_test(attribute.into(), item.into()).into()
}

/// `slo!` with the path of `chaos-runtime` in front: `slo_at!([path] claim)`.
#[doc(hidden)]
#[proc_macro]
pub fn slo_at(input: TokenStream) -> TokenStream {
    expand::slo(input.into()).into()
}
