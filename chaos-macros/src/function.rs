//! The function under the attribute. Its body stays a token tree: what is wrong in there is for the
//! compiler to say, and half-written code keeps its completion.

use crate::diagnostic::{Errors, at, over};
use crate::tokens::{is_punct, name};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::collections::BTreeSet;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, FnArg, Lit, Meta, ReturnType, Safety, Signature, Type, Visibility};

/// An async function as it stands in the source.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let body: Group = input.parse()?;
        if body.delimiter() != Delimiter::Brace {
            return Err(syn::Error::new(body.span(), "expected the function's body"));
        }
        Ok(Self { attributes, visibility, signature, body })
    }
}

impl Function {
    pub(crate) fn name(&self) -> &Ident {
        &self.signature.ident
    }

    /// Where the return type begins and ends, or where it should be.
    pub(crate) fn output_spans(&self) -> (Span, Span) {
        match &self.signature.output {
            ReturnType::Default => (self.name().span(), self.name().span()),
            ReturnType::Type(_, output) => ends(output),
        }
    }

    /// Where the parameter's type begins.
    pub(crate) fn parameter_span(&self) -> Span {
        match self.signature.inputs.first() {
            Some(FnArg::Typed(parameter)) => ends(&parameter.ty).0,
            _ => self.name().span(),
        }
    }

    /// The doc comment, trimmed.
    pub(crate) fn doc(&self) -> String {
        let mut lines = Vec::new();
        for attribute in &self.attributes {
            if let Meta::NameValue(meta) = &attribute.meta
                && meta.path.is_ident("doc")
                && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value
            {
                lines.extend(text.value().split('\n').map(|line| line.trim().to_owned()));
            }
        }
        lines.join("\n").trim().to_owned()
    }

    /// Whether this name occurs in the body.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        mentions(self.body.stream(), name)
    }

    /// The names of the methods and functions of types that the body calls, sorted, each once.
    pub(crate) fn calls(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        calls(self.body.stream(), &mut found);
        found
    }

    /// Everything about the signature that a chaos test cannot have.
    pub(crate) fn check(&self, errors: &mut Errors) {
        let foreign = self.attributes.iter().find(|attribute| is_test(attribute));
        if let Some(attribute) = foreign {
            errors.push(over(
                attribute,
                "a second test attribute: `#[chaos_test]` makes a test already",
                "remove this attribute",
            ));
            // Such an attribute rewrites the function; what it left says nothing about its author.
            return;
        }
        let signature = &self.signature;
        if signature.asyncness.is_none() {
            errors.push(at(signature.fn_token.span, "a chaos test is async", "write `async fn`"));
        }
        if let Some(token) = &signature.constness {
            errors.push(over(token, "a chaos test cannot be `const`", "remove `const`"));
        }
        if let Safety::Unsafe(token) = &signature.safety {
            errors.push(over(
                token,
                "a chaos test cannot be `unsafe`",
                "remove `unsafe`; an unsafe block inside does the same",
            ));
        }
        if let Some(abi) = &signature.abi {
            errors.push(over(abi, "a chaos test cannot be `extern`", "remove it"));
        }
        if !signature.generics.params.is_empty() {
            errors.push(over(
                &signature.generics,
                "a chaos test has no generic parameters",
                "remove them; lifetimes can be left out",
            ));
        }
        if let Some(clause) = &signature.generics.where_clause {
            errors.push(over(clause, "a chaos test has no `where` clause", "remove it"));
        }
        self.check_parameters(errors);
    }

    fn check_parameters(&self, errors: &mut Errors) {
        const HELP: &str = "write `chaos: &mut Chaos`";
        let signature = &self.signature;
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            None => errors.push(at(
                signature.paren_token.span.join(),
                "a chaos test takes the experiment as its parameter",
                HELP,
            )),
            Some(FnArg::Receiver(receiver)) => {
                errors.push(over(
                    receiver,
                    "a chaos test is no method",
                    "move it out of the `impl`, and write `chaos: &mut Chaos`",
                ));
                return;
            }
            Some(FnArg::Typed(parameter)) if !is_chaos(&parameter.ty) => {
                errors.push(over(&parameter.ty, "a chaos test's parameter is `&mut Chaos`", HELP));
            }
            Some(FnArg::Typed(_)) => {}
        }
        for second in inputs {
            errors.push(over(
                second,
                "a chaos test has one parameter",
                "remove this one; make what it stands for inside the test",
            ));
        }
        if let Some(variadic) = &signature.variadic {
            errors.push(over(variadic, "a chaos test has one parameter", "remove this one"));
        }
    }

    /// The function without being a test: what is left in place beside an error.
    pub(crate) fn in_place(&self) -> TokenStream {
        let Self { attributes, visibility, signature, body } = self;
        let of_a_test = |attribute: &&Attribute| {
            is_test(attribute) || ["ignore", "should_panic"].iter().any(|name| attribute.path().is_ident(name))
        };
        let attributes = attributes.iter().filter(|attribute| !of_a_test(attribute));
        quote!(#(#attributes)* #[allow(dead_code)] #visibility #signature #body)
    }
}

/// The spans of the first and the last token.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|tree| tree.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

fn is_test(attribute: &Attribute) -> bool {
    attribute
        .path()
        .segments
        .last()
        .is_some_and(|last| ["test", "chaos_test", "rstest"].iter().any(|name| last.ident == name))
}

/// `&mut …::Chaos`
fn is_chaos(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    reference.mutability.is_some() && path.path.segments.last().is_some_and(|last| last.ident == "Chaos")
}

fn mentions(stream: TokenStream, name: &str) -> bool {
    stream.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// Every `.name(…)` and `::name(…)`, with type arguments or without, in macros too.
fn calls(stream: TokenStream, found: &mut BTreeSet<String>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => calls(group.stream(), found),
            TokenTree::Ident(ident) => {
                let back = |by: usize| at.checked_sub(by).and_then(|before| trees.get(before));
                // Not that of a range, `1..last()`.
                let called = is_punct(back(1), ':') || (is_punct(back(1), '.') && !is_punct(back(2), '.'));
                if called && arguments_follow(&trees[at + 1..]) {
                    found.insert(name(ident));
                }
            }
            _ => {}
        }
    }
}

/// Whether arguments in parentheses come next, after type arguments or at once.
fn arguments_follow(trees: &[TokenTree]) -> bool {
    let is_arguments = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    let punct = |at: usize, c: char| is_punct(trees.get(at), c);
    if !(punct(0, ':') && punct(1, ':') && punct(2, '<')) {
        return is_arguments(trees.first());
    }
    let mut depth = 0_usize;
    for (at, tree) in trees.iter().enumerate().skip(2) {
        if is_punct(Some(tree), '<') {
            depth += 1;
        } else if is_punct(Some(tree), '>') && !is_punct(trees.get(at - 1), '-') {
            depth -= 1;
            if depth == 0 {
                return is_arguments(trees.get(at + 1));
            }
        }
    }
    false
}

impl ToTokens for Function {
    /// The function without its attributes and visibility.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn called(body: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        calls(body.parse().expect("tokens"), &mut found);
        found.into_iter().collect()
    }

    #[test]
    fn calls_of_methods_and_of_functions_of_types() {
        let body = "let aws = chaos.aws().await?; chaos.inject(aws.fis().r#run::<Vec<fn() -> u8>>(Action::stop_task())).await?;";
        assert_eq!(called(body), ["aws", "fis", "inject", "run", "stop_task"]);
    }

    #[test]
    fn calls_within_blocks_closures_and_macros() {
        let body = "if a { b.c(|| { d::e(f!(g.h(1))) }) } else { [i.j(); 2]; }";
        assert_eq!(called(body), ["c", "e", "h", "j"]);
    }

    #[test]
    fn neither_fields_nor_plain_functions_nor_macros() {
        assert_eq!(called("a.b; c(); d!(); e::f; g.h.i[0]; j.await; struct K(u8); 1..m()"), Vec::<String>::new());
        assert_eq!(called("a.b::<c; d::<"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in "[a-c.:<>()\\-,; ]{0,40}") {
            if let Ok(stream) = body.parse::<TokenStream>() {
                calls(stream, &mut BTreeSet::new());
            }
        }
    }
}
