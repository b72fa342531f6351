//! A cursor over token trees that can always say where it stands.

use crate::diagnostic;
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// A cursor over token trees.
pub(crate) struct Tokens {
    trees: Vec<TokenTree>,
    at: usize,
    end: Span,
}

impl Tokens {
    /// Tokens whose end, for errors, is their last token, or `end` when there is none.
    pub(crate) fn new(trees: Vec<TokenTree>, end: Span) -> Self {
        let end = trees.last().map_or(end, TokenTree::span);
        Self { trees, at: 0, end }
    }

    pub(crate) fn peek(&self) -> Option<&TokenTree> {
        self.trees.get(self.at)
    }

    pub(crate) fn peek_second(&self) -> Option<&TokenTree> {
        self.trees.get(self.at + 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.peek().is_none()
    }

    /// The next token's span, at the end that of the last one.
    pub(crate) fn span(&self) -> Span {
        self.peek().map_or(self.end, TokenTree::span)
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// What was read since `from`.
    pub(crate) fn since(&self, from: usize) -> TokenStream {
        self.trees[from..self.at].iter().cloned().collect()
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> TokenStream {
        self.trees[self.at..].iter().cloned().collect()
    }

    /// All tokens.
    pub(crate) fn all(&self) -> TokenStream {
        self.trees.iter().cloned().collect()
    }

    pub(crate) fn ident(&mut self) -> Option<Ident> {
        let Some(TokenTree::Ident(ident)) = self.peek() else { return None };
        let ident = ident.clone();
        self.at += 1;
        Some(ident)
    }

    pub(crate) fn literal(&mut self) -> Option<Literal> {
        let Some(TokenTree::Literal(literal)) = self.peek() else { return None };
        let literal = literal.clone();
        self.at += 1;
        Some(literal)
    }

    pub(crate) fn parens(&mut self) -> Option<Group> {
        let Some(TokenTree::Group(group)) = self.peek() else { return None };
        if group.delimiter() != Delimiter::Parenthesis {
            return None;
        }
        let group = group.clone();
        self.at += 1;
        Some(group)
    }

    pub(crate) fn any_punct(&mut self) -> Option<Punct> {
        let Some(TokenTree::Punct(punct)) = self.peek() else { return None };
        let punct = punct.clone();
        self.at += 1;
        Some(punct)
    }

    pub(crate) fn is_punct(&self, c: char) -> bool {
        is_punct(self.peek(), c)
    }

    pub(crate) fn punct(&mut self, c: char) -> bool {
        let found = self.is_punct(c);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn is_ident(&self, name: &str) -> bool {
        matches!(self.peek(), Some(TokenTree::Ident(ident)) if ident == name)
    }

    /// Reads this identifier, or nothing.
    pub(crate) fn word(&mut self, name: &str) -> bool {
        let found = self.is_ident(name);
        self.at += usize::from(found);
        found
    }

    /// Reads a joint second character of an operator, such as the `=` of `>=`.
    pub(crate) fn joint(&mut self, first: &Punct, second: char) -> bool {
        first.spacing() == Spacing::Joint && self.punct(second)
    }

    /// Nothing may follow.
    pub(crate) fn finish(&self, after: &str) -> syn::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        Err(diagnostic::over(
            self.rest(),
            format_args!("unexpected tokens after {after}"),
            "separate claims and settings with commas",
        ))
    }
}

pub(crate) fn is_punct(tree: Option<&TokenTree>, c: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

/// The identifier without `r#`.
pub(crate) fn name(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Splits at top-level commas; a trailing comma is allowed, an empty part is an error on its comma.
pub(crate) fn split(stream: TokenStream, errors: &mut diagnostic::Errors) -> Vec<Tokens> {
    let (mut parts, mut part) = (Vec::new(), Vec::new());
    for tree in flatten(stream) {
        if is_punct(Some(&tree), ',') {
            if part.is_empty() {
                errors.push(diagnostic::at(tree.span(), "nothing stands before this comma", "remove the comma"));
            } else {
                parts.push(Tokens::new(std::mem::take(&mut part), tree.span()));
            }
        } else {
            part.push(tree);
        }
    }
    if !part.is_empty() {
        parts.push(Tokens::new(part, Span::call_site()));
    }
    parts
}

/// Opens the invisible groups in which `macro_rules!` hands on its `$x:literal` and the like.
fn flatten(stream: TokenStream) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    for tree in stream {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => flat.extend(flatten(group.stream())),
            tree => flat.push(tree),
        }
    }
    flat
}
