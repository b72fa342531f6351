//! Claims as constants of `chaos-runtime`. The names are those of its `__private::spec`, which the
//! surrounding block imports: short paths keep the expansion of a test small.

use super::{Claim, Cmp, LedgerMetric, Limit, Metric, Reference, Scope, Value};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

impl ToTokens for Claim {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { text, scope, subject, metric, cmp, limit, sustained, .. } = self;
        let subject = option(subject.as_ref().map(|name| quote!(#name)));
        let sustained = option(sustained.map(|nanos| quote!(nanos(#nanos))));
        let limit = match limit {
            Limit::Value(value) => quote!(Value(#value)),
            Limit::Relative { factor, of } => quote!(Relative { factor: #factor, of: #of }),
            Limit::Plus { of, plus } => quote!(Plus { of: #of, plus: #plus }),
            Limit::Minus { of, minus } => quote!(Minus { of: #of, minus: #minus }),
        };
        tokens.extend(quote! {
            claim(#text, #scope, #subject, #metric, #cmp, Limit::#limit, #sustained)
        });
    }
}

/// `Some(…)` or `None`.
pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

fn variant(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

impl ToTokens for Scope {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = variant(match self {
            Self::Run => "Run",
            Self::During => "During",
            Self::After => "After",
        });
        tokens.extend(quote!(Scope::#name));
    }
}

impl ToTokens for Cmp {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = variant(match self {
            Self::Lt => "Lt",
            Self::Le => "Le",
            Self::Gt => "Gt",
            Self::Ge => "Ge",
            Self::Eq => "Eq",
        });
        tokens.extend(quote!(Cmp::#name));
    }
}

impl ToTokens for Reference {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = variant(match self {
            Self::Baseline => "Baseline",
            Self::Control => "Control",
        });
        tokens.extend(quote!(Reference::#name));
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Duration(nanos) => quote!(Value::Duration(nanos(#nanos))),
            Self::Percent(percent) => quote!(Value::Percent(#percent)),
            Self::Number(number) => quote!(Value::Number(#number)),
            Self::Rate(per_second) => quote!(Value::Rate(#per_second)),
        });
    }
}

impl ToTokens for Metric {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let metric = match self {
            Self::SuccessRate => quote!(SuccessRate),
            Self::ErrorRate => quote!(ErrorRate),
            Self::Errors => quote!(Errors),
            Self::PermanentFailures => quote!(PermanentFailures),
            Self::Quantile(ppm) => quote!(Quantile(Quantile::from_ppm(#ppm))),
            Self::Max => quote!(Max),
            Self::Mean => quote!(Mean),
            Self::Throughput => quote!(Throughput),
            Self::Status(code) => quote!(Status(#code)),
            Self::Error(class) => {
                let class = variant(class);
                quote!(Error(ErrorClass::#class))
            }
            Self::Recovery => quote!(Recovery),
            Self::EachRecovery => quote!(EachRecovery),
            Self::TimeToDetect => quote!(TimeToDetect),
            Self::Unavailability => quote!(Unavailability),
            Self::Ledger(metric) => quote!(Ledger(#metric)),
            Self::Probe(name) => quote!(Probe(#name)),
        };
        tokens.extend(quote!(Metric::#metric));
    }
}

impl ToTokens for LedgerMetric {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let name = variant(match self {
            Self::Lost => "Lost",
            Self::Duplicated => "Duplicated",
            Self::Unexpected => "Unexpected",
            Self::Resurrected => "Resurrected",
            Self::Recovered => "Recovered",
        });
        tokens.extend(quote!(LedgerMetric::#name));
    }
}
