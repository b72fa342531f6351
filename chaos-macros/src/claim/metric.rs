//! What a claim measures, and by which name.

use super::number::{Number, Unit};
use super::percentile::{is_percentile, percentile};
use crate::diagnostic::{at, listed, nearest, over, unknown};
use crate::tokens::{Tokens, is_punct, name};
use proc_macro2::{Ident, Span, TokenTree};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    SuccessRate,
    ErrorRate,
    Errors,
    PermanentFailures,
    /// Parts per million.
    Quantile(u32),
    Max,
    Mean,
    Throughput,
    Status(u16),
    /// The variant of `measure::ErrorClass`.
    Error(&'static str),
    Recovery,
    EachRecovery,
    TimeToDetect,
    Unavailability,
    Ledger(LedgerMetric),
    Probe(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerMetric {
    Lost,
    Duplicated,
    Unexpected,
    Resurrected,
    Recovered,
}

/// Metrics that are one word.
const WORDS: [(&str, Metric); 16] = [
    ("success_rate", Metric::SuccessRate),
    ("error_rate", Metric::ErrorRate),
    ("errors", Metric::Errors),
    ("permanent_failures", Metric::PermanentFailures),
    ("max", Metric::Max),
    ("mean", Metric::Mean),
    ("throughput", Metric::Throughput),
    ("recovery", Metric::Recovery),
    ("each_recovery", Metric::EachRecovery),
    ("time_to_detect", Metric::TimeToDetect),
    ("unavailability", Metric::Unavailability),
    ("lost", Metric::Ledger(LedgerMetric::Lost)),
    ("duplicated", Metric::Ledger(LedgerMetric::Duplicated)),
    ("unexpected", Metric::Ledger(LedgerMetric::Unexpected)),
    ("resurrected", Metric::Ledger(LedgerMetric::Resurrected)),
    ("recovered", Metric::Ledger(LedgerMetric::Recovered)),
];

/// Error classes by the names of `measure::ErrorClass`, with their variants.
pub(crate) const CLASSES: [(&str, &str); 11] = [
    ("refused", "Refused"),
    ("reset", "Reset"),
    ("closed", "Closed"),
    ("timeout", "Timeout"),
    ("dns", "Dns"),
    ("tls", "Tls"),
    ("status", "Status"),
    ("body", "Body"),
    ("panicked", "Panicked"),
    ("unfinished", "Unfinished"),
    ("other", "Other"),
];

/// What other tools call it.
const ELSEWHERE: [(&str, &str); 12] = [
    ("latency", "p99"),
    ("median", "p50"),
    ("average", "mean"),
    ("avg", "mean"),
    ("maximum", "max"),
    ("availability", "success_rate"),
    ("failure_rate", "error_rate"),
    ("failures", "errors"),
    ("rps", "throughput"),
    ("qps", "throughput"),
    ("downtime", "unavailability"),
    ("mttr", "recovery"),
];

impl Metric {
    /// The units in which it can be compared; empty: any.
    pub(crate) fn units(&self) -> &'static [Unit] {
        match self {
            Self::SuccessRate | Self::ErrorRate => &[Unit::Percent],
            Self::Errors | Self::PermanentFailures => &[Unit::Count],
            Self::Status(_) | Self::Error(_) | Self::Ledger(_) => &[Unit::Count, Unit::Percent],
            Self::Throughput => &[Unit::Rate],
            Self::Probe(_) => &[],
            Self::Quantile(_)
            | Self::Max
            | Self::Mean
            | Self::Recovery
            | Self::EachRecovery
            | Self::TimeToDetect
            | Self::Unavailability => &[Unit::Duration],
        }
    }

    /// A right-hand side that fits, for messages.
    pub(crate) fn example(&self) -> &'static str {
        match self {
            Self::SuccessRate => ">= 99%",
            Self::ErrorRate => "<= 1%",
            Self::Errors | Self::PermanentFailures | Self::Ledger(_) => "== 0",
            Self::Status(_) | Self::Error(_) => "<= 5%",
            Self::Throughput => ">= 200/s",
            Self::Probe(_) => "< 10",
            Self::Recovery | Self::EachRecovery | Self::TimeToDetect | Self::Unavailability => "<= 5s",
            Self::Quantile(_) | Self::Max | Self::Mean => "< 300ms",
        }
    }

    /// Whether it is one figure of the whole experiment, not one of each phase.
    pub(crate) fn is_of_experiment(&self) -> bool {
        matches!(self, Self::Recovery | Self::EachRecovery | Self::TimeToDetect)
    }

    /// Whether it is the latency of operations, which always takes some time.
    pub(crate) fn is_latency(&self) -> bool {
        matches!(self, Self::Quantile(_) | Self::Max | Self::Mean)
    }
}

/// A metric with its load or ledger, as in `orders.p99`.
pub(crate) struct Subject {
    pub(crate) name: Option<String>,
    pub(crate) metric: Metric,
    /// As written.
    pub(crate) text: String,
}

/// Reads `metric` or `name.metric`.
pub(crate) fn subject(tokens: &mut Tokens) -> syn::Result<Subject> {
    let (from, first) = (tokens.position(), word(tokens)?);
    let named = is_punct(tokens.peek(), '.') && matches!(tokens.peek_second(), Some(TokenTree::Ident(_)));
    if !named {
        let (metric, text) = metric(tokens, &first)?;
        if let Metric::Ledger(_) = metric {
            return Err(at(
                first.span(),
                format_args!("`{first}` needs the name of a ledger"),
                format_args!("write `orders.{first}` for `chaos.ledger(\"orders\", …)`"),
            ));
        }
        return Ok(Subject { name: None, metric, text });
    }
    tokens.punct('.');
    let second = word(tokens)?;
    let (metric, text) = metric(tokens, &second)?;
    if let Metric::Probe(_) = metric {
        return Err(over(tokens.since(from), "a probe belongs to no load", format_args!("write `{text}`")));
    }
    let name = name(&first);
    let text = format!("{name}.{text}");
    Ok(Subject { name: Some(name), metric, text })
}

fn word(tokens: &mut Tokens) -> syn::Result<Ident> {
    let span = tokens.span();
    tokens.ident().ok_or_else(|| {
        at(
            span,
            "expected a metric",
            "a claim begins with what is measured, as in `p99 < 300ms` or `success_rate >= 99%`",
        )
    })
}

/// Reads the rest of the metric that begins with `ident`.
fn metric(tokens: &mut Tokens, ident: &Ident) -> syn::Result<(Metric, String)> {
    let word = name(ident);
    if let Some((_, metric)) = WORDS.iter().find(|(name, _)| *name == word) {
        return Ok((metric.clone(), word));
    }
    match word.as_str() {
        "status" => status(tokens, ident),
        "error" => class(tokens, ident),
        "probe" => probe(tokens, ident),
        _ if is_percentile(&word) => percentile(tokens, ident),
        _ => Err(unknown_metric(ident, &word)),
    }
}

fn status(tokens: &mut Tokens, ident: &Ident) -> syn::Result<(Metric, String)> {
    const HELP: &str = "write one HTTP status, as in `status(503)`";
    let (mut inner, span) = parenthesized(tokens, ident, "status", HELP)?;
    let code = match inner.literal() {
        Some(literal) => Number::new(&literal)?,
        None => return Err(at(span, "`status` needs an HTTP status", HELP)),
    };
    if !inner.is_empty() {
        return Err(over(inner.all(), "`status` takes one HTTP status", HELP));
    }
    if !code.is_whole() || code.has_unit() || !(100.0..600.0).contains(&code.as_f64()) {
        return Err(at(code.span, format_args!("`{}` is no HTTP status", code.text), "they run from 100 to 599"));
    }
    let code = code.as_f64() as u16;
    Ok((Metric::Status(code), format!("status({code})")))
}

fn class(tokens: &mut Tokens, ident: &Ident) -> syn::Result<(Metric, String)> {
    const HELP: &str =
        "write `error(timeout)` for one class of errors, `errors` for their number, `error_rate` for their share";
    let (mut inner, span) = parenthesized(tokens, ident, "error", HELP)?;
    let Some(class) = inner.ident() else {
        return Err(at(
            span,
            "`error` needs a class of errors",
            format_args!("expected one of: {}", listed(&CLASSES.map(|(name, _)| name))),
        ));
    };
    if !inner.is_empty() {
        return Err(over(inner.all(), "`error` takes one class", "write one claim for each class"));
    }
    let word = name(&class);
    match CLASSES.iter().find(|(name, _)| *name == word) {
        Some((_, variant)) => Ok((Metric::Error(variant), format!("error({word})"))),
        None => Err(unknown(class.span(), "class of errors", &word, &CLASSES.map(|(name, _)| name))),
    }
}

fn probe(tokens: &mut Tokens, ident: &Ident) -> syn::Result<(Metric, String)> {
    const HELP: &str = "write the probe's name as a string, as in `probe(\"replication lag\")`";
    let (mut inner, span) = parenthesized(tokens, ident, "probe", HELP)?;
    let literal = inner.literal().map(syn::Lit::new);
    match literal {
        Some(syn::Lit::Str(name)) if !name.value().trim().is_empty() && inner.is_empty() => {
            let name = name.value();
            let text = format!("probe({name:?})");
            Ok((Metric::Probe(name), text))
        }
        _ => Err(at(span, "`probe` needs a name", HELP)),
    }
}

/// The parentheses behind a metric, and where their content is to be blamed.
fn parenthesized(tokens: &mut Tokens, ident: &Ident, metric: &str, help: &str) -> syn::Result<(Tokens, Span)> {
    let Some(group) = tokens.parens() else {
        return Err(at(ident.span(), format_args!("`{metric}` is not complete"), help));
    };
    let inner = Tokens::new(group.stream().into_iter().collect(), group.span());
    let span = inner.span();
    Ok((inner, span))
}

fn unknown_metric(ident: &Ident, word: &str) -> syn::Error {
    if matches!(word, "during" | "after") {
        return at(
            ident.span(),
            format_args!("`{word}` is not followed by claims"),
            format_args!("put them in parentheses: `{word}(p99 < 300ms)`"),
        );
    }
    if let Some((_, ours)) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == word) {
        return syn::Error::new(ident.span(), format!("unknown metric `{word}`; did you mean `{ours}`?"));
    }
    let mut known: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
    known.extend(["status", "error", "probe"]);
    if nearest(word, &known).is_some() {
        return unknown(ident.span(), "metric", word, &known);
    }
    at(
        ident.span(),
        format_args!("unknown metric `{word}`"),
        "expected one of: `success_rate`, `error_rate`, `errors`, `permanent_failures`, `p50` … `p99.9`, `max`, `mean`, \
         `throughput`, `status(503)`, `error(timeout)`, `recovery`, `each_recovery`, `time_to_detect`, `unavailability`, \
         `probe(\"…\")`, and of a ledger `orders.lost`, `.duplicated`, `.unexpected`, `.resurrected`, `.recovered`",
    )
}
