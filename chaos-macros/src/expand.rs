//! What the macros leave behind: an ordinary `#[test]`, a constant, and an entry of the catalogue.

use crate::args::args;
use crate::attributes::{of_the_body, of_the_test, text_of};
use crate::claim::{Context, Place, one_claim};
use crate::diagnostic::Errors;
use crate::function::Function;
use crate::model::Attribute;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;

/// `#[chaos_test(attribute)] item`
pub(crate) fn chaos_test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            errors.push(crate::diagnostic::at(
                Span::call_site(),
                "`#[chaos_test]` belongs on an async function",
                "write `async fn name(chaos: &mut Chaos) -> chaos::Result { … }` below it",
            ));
            let errors = errors.into_compile_errors();
            return quote!(#item #errors);
        }
    };
    function.check(&mut errors);
    let args = args(attribute, &mut errors);
    let attribute = Attribute::new(args, function.mentions("against"), &mut errors);
    if errors.is_empty() {
        return test(&function, &attribute);
    }
    let (function, errors) = (function.in_place(), errors.into_compile_errors());
    quote!(#function #errors)
}

/// The test, and a hidden function beside it that makes the experiment: of a `#[test]` nothing is left in a binary
/// with a main of its own, and that one needs the experiment too.
///
/// The author's function stands inside the hidden one, so that nothing of ours is in scope there but the function
/// itself; constants and imports are one block further in.
fn test(function: &Function, attribute: &Attribute) -> TokenStream {
    let Function { attributes, visibility, .. } = function;
    let name = function.name();
    let runtime = attribute.runtime.clone().unwrap_or_else(|| quote!(::chaos_runtime));
    let spec = spec(function, attribute);
    let (of_the_test, of_the_body) = (of_the_test(attributes), of_the_body(attributes));
    let (ignored, should_panic) = (text_of("ignore", attributes), text_of("should_panic", attributes));
    // Not the author's token, so no lint on names speaks of it.
    let hidden = Ident::new(&format!("__chaos_{}", name.unraw()), Span::call_site());
    // A wrong parameter or result is blamed where its type is written. `output.0` is an expression with a
    // first and a last token, which makes the compiler underline the whole type.
    let chaos = Ident::new("chaos", function.parameter_span());
    let (first, last) = function.output_spans();
    let (output, field) = (Ident::new("output", first), quote_spanned!(last=> 0));
    quote! {
        #of_the_test
        #[::core::prelude::v1::test]
        #visibility fn #name() {
            #runtime::__private::run(#hidden())
        }

        #of_the_body
        #[cfg(test)]
        fn #hidden() -> #runtime::__private::Experiment {
            #function
            #runtime::__private::experiment(
                {
                    use #runtime::__private::spec::*;
                    static SPEC: Spec = #spec;
                    #[linkme::distributed_slice(CATALOGUE)]
                    #[linkme(crate = #runtime::__private::spec::linkme)]
                    static ENTRY: Entry =
                        Entry { spec: &SPEC, experiment: #hidden, ignored: #ignored, should_panic: #should_panic };
                    &SPEC
                },
                |chaos| #runtime::__private::Box::pin(async move {
                    let output = (#name(#chaos).await,);
                    #runtime::BodyResult::into_result(#output.#field)
                }),
            )
        }
    }
}

fn spec(function: &Function, attribute: &Attribute) -> TokenStream {
    let (name, doc) = (function.name().to_string(), function.doc());
    // Spanned at the name: `line!()` means the function's line, not the attribute's.
    let place = quote_spanned! {function.name().span()=>
        ::core::module_path!(), ::core::env!("CARGO_PKG_NAME"), ::core::file!(), ::core::line!(), ::core::column!()
    };
    let Attribute { steady_state, hypothesis, abort_if, .. } = attribute;
    let mut fields = TokenStream::new();
    for (field, claims) in [("steady_state", steady_state), ("hypothesis", hypothesis), ("abort_if", abort_if)] {
        if !claims.is_empty() {
            let field = format_ident!("{field}");
            fields.extend(quote!(#field: &[#(#claims),*],));
        }
    }
    let calls = function.calls();
    if !calls.is_empty() {
        fields.extend(quote!(calls: &[#(#calls),*],));
    }
    let options = options(attribute);
    if !options.is_empty() {
        fields.extend(quote!(options: Options { #options ..Options::DEFAULT },));
    }
    // What cargo tells the compiler about the target that is built.
    let target = quote! {
        target(
            ::core::module_path!(),
            ::core::option_env!("CARGO_CRATE_NAME"),
            ::core::option_env!("CARGO_BIN_NAME"),
            ::core::option_env!("CARGO_TARGET_TMPDIR").is_some(),
        )
    };
    quote!(Spec { cargo_target: #target, #fields ..spec(#name, #place, #doc) })
}

/// The fields of `Options` that the attribute sets.
fn options(attribute: &Attribute) -> TokenStream {
    let Attribute {
        durations,
        confidence,
        seed,
        exclusive,
        profiles,
        requires,
        uses,
        known_weakness,
        worker_threads,
        ..
    } = attribute;
    let mut fields = TokenStream::new();
    for (field, nanoseconds) in durations {
        fields.extend(quote!(#field: Some(nanos(#nanoseconds)),));
    }
    if let Some(confidence) = confidence {
        fields.extend(quote!(confidence: Some(#confidence),));
    }
    if let Some(seed) = seed {
        fields.extend(quote!(seed: Some(#seed),));
    }
    if attribute.parallel {
        fields.extend(quote!(parallel: true,));
    }
    if !exclusive.is_empty() {
        fields.extend(quote!(exclusive: &[#(#exclusive),*],));
    }
    if !profiles.is_empty() {
        fields.extend(quote!(profiles: &[#(#profiles),*],));
    }
    if !requires.is_empty() {
        let requires = requires.iter().map(|variant| format_ident!("{variant}"));
        fields.extend(quote!(requires: &[#(Requirement::#requires),*],));
    }
    if !uses.is_empty() {
        fields.extend(quote!(uses: &[#(#uses),*],));
    }
    if let Some(weakness) = known_weakness {
        let (id, urgency, fix_by) = (&weakness.id, format_ident!("{}", weakness.urgency), &weakness.fix_by);
        let owner = crate::claim::option(weakness.owner.as_ref().map(|owner| quote!(#owner)));
        fields.extend(quote! {
            known_weakness: Some(KnownWeakness { id: #id, urgency: Urgency::#urgency, fix_by: #fix_by, owner: #owner }),
        });
    }
    if let Some(threads) = worker_threads {
        fields.extend(quote!(worker_threads: Some(#threads),));
    }
    fields
}

/// `slo_at!([path] claim)`, which `slo!` of `chaos-runtime` calls with its own path.
pub(crate) fn slo(input: TokenStream) -> TokenStream {
    let mut input = input.into_iter();
    let Some(TokenTree::Group(path)) = input.next() else {
        return quote!(::core::compile_error!("call `chaos_runtime::slo!`"));
    };
    let (runtime, mut errors) = (path.stream(), Errors::default());
    // Whether the load has a control group is not visible from here.
    let context = Context { place: Place::Slo, control: true };
    match one_claim(input.collect(), context, &mut errors) {
        Some(claim) => quote!({ use #runtime::__private::spec::*; #claim }),
        None => {
            let errors = errors.into_compile_errors();
            // A value of the right type behind the errors keeps them the only ones.
            quote!({ #errors #runtime::__private::spec::NO_CLAIM })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FUNCTION: &str = "pub async fn survives(chaos: &mut Chaos) -> chaos::Result { chaos. }";

    fn expand(attribute: &str, item: &str) -> String {
        let tokens = |text: &str| text.parse::<TokenStream>().unwrap_or_default();
        chaos_test(tokens(attribute), tokens(item)).to_string()
    }

    /// Half-written code is what an editor asks completions for.
    #[test]
    fn a_half_written_body_expands_as_it_stands() {
        let expanded = expand("hypothesis(recovery <= 5s)", FUNCTION);
        assert!(!expanded.contains("compile_error"), "{expanded}");
        assert!(expanded.contains("{ chaos . }"), "{expanded}");
    }

    #[test]
    fn an_error_leaves_the_function_without_a_test() {
        let item = format!("#[ignore] #[should_panic] #[tokio::test] #[doc = \"Kept.\"] {FUNCTION}");
        let expanded = expand("hypothesis(recovery <= 5)", &item);
        assert!(
            expanded.contains("pub async fn survives (chaos : & mut Chaos) -> chaos :: Result { chaos . }"),
            "{expanded}"
        );
        assert!(expanded.contains("Kept."), "{expanded}");
        for gone in ["ignore", "should_panic", "tokio", "prelude"] {
            assert!(!expanded.contains(&format!("# [{gone}")) && !expanded.contains(":: test"), "{gone}: {expanded}");
        }
    }

    fn word() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "steady_state",
            "hypothesis",
            "(recovery <= 5s)",
            "()",
            "timeout",
            "=",
            "5m",
            "5",
            ",",
            "parallel",
            "control",
            "exclusive",
            "(\"db\")",
            "(db, )",
            "profiles",
            "(local, \"x\")",
            "requires",
            "(docker)",
            "uses",
            "(\"aws:ec2:stop-instances\", \"x\")",
            "known_weakness",
            "(id = \"A\", urgency = high, fix_by = \"2027-01-31\")",
            "(id =)",
            "(fix_by = \"é027-01-3\")",
            "seed",
            "99999999999999999999",
            "confidence",
            "95%",
            "crate",
            "::a::b",
            "worker_threads",
            "0",
            "1u8",
            "-1",
            "'a'",
            "{}",
            "warm_up",
            "#",
            "r#crate",
            "_",
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        #[test]
        fn attribute_soup_never_panics_and_never_loses_the_function(words in proptest::collection::vec(word(), 0..12)) {
            let expanded = expand(&words.join(" "), FUNCTION);
            prop_assert!(expanded.contains("async fn survives"), "{expanded}");
        }
    }
}
