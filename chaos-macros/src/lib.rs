//! The macros of `chaos-runtime`: `#[chaos_test(…)]` and the expression behind `slo!(…)`.
//!
//! Three steps, as in `args → model → expand`: tokens are read with their spans ([`args`], [`claim`]),
//! validated into a model that can no longer be wrong ([`model`], [`claim::Claim`]), and written out as
//! constants of `chaos-runtime` ([`expand`]). Depend on `chaos-runtime`, which re-exports everything.

mod args;
mod claim;
mod diagnostic;
mod expand;
mod function;
mod model;
mod tokens;
mod weakness;

use proc_macro::TokenStream;

/// Makes an async function a chaos test: an ordinary `#[test]` that runs one experiment.
///
/// Documented in `chaos-runtime`, which re-exports it.
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
