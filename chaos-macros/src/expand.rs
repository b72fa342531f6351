//! What the macros leave behind: an ordinary `#[test]`, a constant, and an entry of the catalogue.

use crate::args::args;
use crate::claim::{Context, Place, one_claim};
use crate::diagnostic::Errors;
use crate::function::Function;
use crate::model::Attribute;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};

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

/// The test. The author's function stands inside it, so that nothing of ours is in scope there but the
/// function itself; constants and imports are one block further in.
fn test(function: &Function, attribute: &Attribute) -> TokenStream {
    let Function { attributes, visibility, .. } = function;
    let name = function.name();
    let runtime = attribute.runtime.clone().unwrap_or_else(|| quote!(::chaos_runtime));
    let spec = spec(function, attribute);
    // A body of the wrong type is blamed where its type is written.
    let result = quote_spanned! {function.output_span()=>
        #runtime::BodyResult::into_result(#name(chaos).await)
    };
    quote! {
        #(#attributes)*
        #[::core::prelude::v1::test]
        #visibility fn #name() {
            #function
            #runtime::__private::run(
                {
                    use #runtime::__private::spec::*;
                    static SPEC: Spec = #spec;
                    #[linkme::distributed_slice(CATALOGUE)]
                    #[linkme(crate = #runtime::__private::spec::linkme)]
                    static ENTRY: &Spec = &SPEC;
                    &SPEC
                },
                |chaos| #runtime::__private::Box::pin(async move { #result }),
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
    let options = options(attribute);
    if !options.is_empty() {
        fields.extend(quote!(options: Options { #options ..Options::DEFAULT },));
    }
    quote!(Spec { #fields ..spec(#name, #place, #doc) })
}

/// The fields of `Options` that the attribute sets.
fn options(attribute: &Attribute) -> TokenStream {
    let Attribute {
        durations, confidence, seed, exclusive, profiles, requires, known_weakness, worker_threads, ..
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
