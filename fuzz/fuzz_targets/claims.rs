//! Any text as claims: never a panic, and a claim's text means what the claim means.

#![no_main]

use claim::{Claim, Context, Place};
use diagnostic::Errors;
use libfuzzer_sys::fuzz_target;
use proc_macro2::{Span, TokenStream};

// A crate of procedural macros exports nothing else, so its grammar is taken in as source.
#[allow(dead_code, unused_imports)]
#[path = "../../chaos-macros/src/claim/mod.rs"]
mod claim;
#[allow(dead_code)]
#[path = "../../chaos-macros/src/diagnostic.rs"]
mod diagnostic;
#[allow(dead_code)]
#[path = "../../chaos-macros/src/tokens.rs"]
mod tokens;

const PLACES: [Place; 4] = [Place::SteadyState, Place::Hypothesis, Place::AbortIf, Place::Slo];

fuzz_target!(|text: &str| {
    // What is no Rust at all never comes to the macro.
    let Ok(stream) = text.parse::<TokenStream>() else { return };
    for place in PLACES {
        for control in [false, true] {
            let context = Context { place, control };
            let Some(claims) = read(stream.clone(), context) else { continue };
            for claim in claims {
                let again = claim.text.parse().expect("a claim's text consists of tokens");
                let again = read(again, context).unwrap_or_else(|| panic!("`{}` is not read again", claim.text));
                assert_eq!(again.len(), 1, "`{}`", claim.text);
                assert_same(&claim, &again[0]);
            }
        }
    }
});

/// The claims, or nothing when one of them is wrong: then each mistake has been put into words.
fn read(stream: TokenStream, context: Context) -> Option<Vec<Claim>> {
    let mut errors = Errors::default();
    let found = claim::claims(stream, Span::call_site(), context, &mut errors);
    if !errors.is_empty() {
        let _ = errors.into_compile_errors();
        return None;
    }
    for claim in &found {
        let _ = quote::quote!(#claim);
    }
    Some(found)
}

fn assert_same(claim: &Claim, again: &Claim) {
    let parts = |claim: &Claim| {
        let Claim { scope, subject, metric, cmp, limit, sustained, text, tokens: _ } = claim.clone();
        (scope, subject, metric, cmp, limit, sustained, text)
    };
    assert_eq!(parts(claim), parts(again));
}
