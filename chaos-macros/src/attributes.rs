//! The author's other attributes: which of the two functions each belongs to, and what a harness must know of them.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

const LINTS: [&str; 5] = ["allow", "warn", "deny", "forbid", "expect"];

/// Those of the `#[test]`: all. What a lint attribute speaks about stands in the other function, so none of them
/// expects anything here.
pub(crate) fn of_the_test(attributes: &[Attribute]) -> TokenStream {
    mapped(attributes, &|meta| Some(if is(meta, "expect") { renamed(meta) } else { meta.to_token_stream() }))
}

/// Those of the hidden function, in which the author's one stands: whether it is there, and what may be in it.
pub(crate) fn of_the_body(attributes: &[Attribute]) -> TokenStream {
    let kept = |meta: &Meta| is(meta, "cfg") || LINTS.iter().any(|lint| is(meta, lint));
    mapped(attributes, &|meta| kept(meta).then(|| meta.to_token_stream()))
}

/// `#[ignore]` or `#[should_panic]` with its text, as an expression of the type `Option<&'static str>`. A condition
/// in `cfg_attr` is not known yet, so it becomes one of the expression.
pub(crate) fn text_of(name: &str, attributes: &[Attribute]) -> TokenStream {
    let mut found = Vec::new();
    for attribute in attributes {
        conditional(&attribute.meta, &mut Vec::new(), &mut |meta, conditions| {
            if is(meta, name) {
                found.push((conditions.to_vec(), text(meta)));
            }
        });
    }
    found.into_iter().rev().fold(quote!(::core::option::Option::None), |otherwise, (conditions, text)| {
        let some = quote!(::core::option::Option::Some(#text));
        if conditions.is_empty() {
            return some;
        }
        quote!(if ::core::cfg!(all(#(#conditions),*)) { #some } else { #otherwise })
    })
}

/// The attributes with each one, inside of `cfg_attr` too, put through `map`.
fn mapped(attributes: &[Attribute], map: &dyn Fn(&Meta) -> Option<TokenStream>) -> TokenStream {
    let metas = attributes.iter().filter_map(|attribute| mapped_meta(&attribute.meta, map));
    quote!(#(#[#metas])*)
}

fn mapped_meta(meta: &Meta, map: &dyn Fn(&Meta) -> Option<TokenStream>) -> Option<TokenStream> {
    let Some((condition, metas)) = cfg_attr(meta) else { return map(meta) };
    let metas: Vec<_> = metas.iter().filter_map(|meta| mapped_meta(meta, map)).collect();
    let name = meta.path();
    (!metas.is_empty()).then(|| quote!(#name(#condition, #(#metas),*)))
}

/// Calls `visit` with every attribute and the conditions under which it is there.
fn conditional(meta: &Meta, conditions: &mut Vec<TokenStream>, visit: &mut dyn FnMut(&Meta, &[TokenStream])) {
    let Some((condition, metas)) = cfg_attr(meta) else { return visit(meta, conditions) };
    conditions.push(condition);
    metas.iter().for_each(|meta| conditional(meta, conditions, visit));
    conditions.pop();
}

/// The condition and the attributes of a `cfg_attr`. A malformed one is for the compiler to blame.
fn cfg_attr(meta: &Meta) -> Option<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let Meta::List(list) = meta else { return None };
    if !is(meta, "cfg_attr") {
        return None;
    }
    let mut rest = list.tokens.clone().into_iter();
    let comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
    let condition = rest.by_ref().take_while(|tree| !comma(tree)).collect();
    Some((condition, Punctuated::parse_terminated.parse2(rest.collect()).ok()?))
}

fn is(meta: &Meta, name: &str) -> bool {
    meta.path().is_ident(name)
}

/// `expect(…)` as `allow(…)`.
fn renamed(meta: &Meta) -> TokenStream {
    let Meta::List(list) = meta else { return meta.to_token_stream() };
    let tokens = &list.tokens;
    quote!(allow(#tokens))
}

/// `name`, `name = "text"` or `name(expected = "text")`; without a text an empty one.
fn text(meta: &Meta) -> String {
    let value = |meta: &Meta| match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let inner = match meta {
        Meta::List(list) => syn::parse2::<Meta>(list.tokens.clone()).ok(),
        _ => None,
    };
    value(inner.as_ref().unwrap_or(meta)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(text: &str) -> Vec<Attribute> {
        Attribute::parse_outer.parse_str(text).expect("attributes")
    }

    fn plain(tokens: &TokenStream) -> String {
        tokens.to_string().replace(":: core :: option :: Option :: ", "").replace(":: core :: ", "")
    }

    #[test]
    fn texts() {
        let text = |name, source| plain(&text_of(name, &attributes(source)));
        assert_eq!(text("ignore", "#[doc = \"x\"]"), "None");
        assert_eq!(text("ignore", "#[ignore]"), "Some (\"\")");
        assert_eq!(text("ignore", "#[ignore = \"slow\"]"), "Some (\"slow\")");
        assert_eq!(text("should_panic", "#[should_panic(expected = \"no\")]"), "Some (\"no\")");
        assert_eq!(text("should_panic", "#[should_panic]"), "Some (\"\")");
    }

    #[test]
    fn conditions_stay_conditions() {
        let source = "#[cfg_attr(windows, allow(x), cfg_attr(not(miri), ignore = \"slow\"))] #[cfg_attr(true, ignore)]";
        let expected = "if cfg ! (all (windows , not (miri))) { Some (\"slow\") } \
                        else { if cfg ! (all (true)) { Some (\"\") } else { None } }";
        assert_eq!(plain(&text_of("ignore", &attributes(source))), expected);
    }

    #[test]
    fn each_goes_where_it_speaks_about() {
        let source = "#[doc = \"x\"] #[ignore] #[cfg(unix)] #[expect(unused)] #[cfg_attr(miri, ignore, deny(warnings))] \
                      #[serial]";
        let (test, body) = (of_the_test(&attributes(source)), of_the_body(&attributes(source)));
        assert_eq!(plain(&body), "# [cfg (unix)] # [expect (unused)] # [cfg_attr (miri , deny (warnings))]");
        assert_eq!(
            plain(&test),
            "# [doc = \"x\"] # [ignore] # [cfg (unix)] # [allow (unused)] \
             # [cfg_attr (miri , ignore , deny (warnings))] # [serial]"
        );
    }
}
