//! The grammar, on inputs that nobody thought of.

use super::*;
use crate::diagnostic::Errors;
use proc_macro2::{Span, TokenStream};
use proptest::prelude::*;

fn parse(text: &str, place: Place) -> Result<Vec<Claim>, Vec<String>> {
    let stream: TokenStream = text.parse().map_err(|error| vec![format!("{error}")])?;
    let mut errors = Errors::default();
    let found = claims(stream, Span::call_site(), Context { place, control: true }, &mut errors);
    if errors.is_empty() { Ok(found) } else { Err(errors.messages()) }
}

/// Tokens of the grammar and of its surroundings.
fn token() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "p99",
        "p99.9",
        "p100.5",
        "p0",
        "P99",
        "p9_9",
        "p99.9x",
        "success_rate",
        "errors",
        "status",
        "error",
        "probe",
        "(503)",
        "(timeout)",
        "(\"lag\")",
        "()",
        "orders",
        ".",
        "lost",
        "during",
        "after",
        "(p99 < 3ms)",
        "(after())",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "=",
        "!=",
        "=<",
        "%",
        "/",
        "s",
        "ms",
        "300ms",
        "1.5s",
        "0",
        "1e3",
        "0x1f",
        "99.9",
        "5_",
        "1.",
        "'c'",
        "b\"x\"",
        "\"x\"",
        "of",
        "baseline",
        "control",
        "+",
        "-",
        "for",
        "60s",
        ",",
        "[1]",
        "{ }",
        "r#type",
        "'life",
        "_",
        "99999999999999999999999",
        "340282366920938463463374607431768211456h",
        "1e",
        "#",
        "::",
        "recovery",
    ])
}

fn place() -> impl Strategy<Value = Place> {
    proptest::sample::select(vec![Place::SteadyState, Place::Hypothesis, Place::AbortIf, Place::Slo])
}

/// A metric, what it may be compared with, and whether it may stand in a phase.
fn metric() -> impl Strategy<Value = (String, String, bool)> {
    let duration = || {
        (1u64..100_000, proptest::sample::select(vec!["ns", "us", "ms", "s", "m"]))
            .prop_map(|(n, unit)| format!("{n}{unit}"))
    };
    let percent = || (1u32..9_999).prop_map(|n| format!("{}.{:02}%", n / 100, n % 100));
    let count = || (1u32..100_000).prop_map(|n| n.to_string());
    let rate =
        || (1u32..100_000, proptest::sample::select(vec!["s", "m", "h"])).prop_map(|(n, unit)| format!("{n}/{unit}"));
    let reference = || proptest::sample::select(vec!["baseline", "control"]);
    let relative = move || (1u32..500, reference()).prop_map(|(n, of)| format!("{n}% of {of}"));
    let offset = move |value: BoxedStrategy<String>| {
        (reference(), proptest::sample::select(vec!["+", "-"]), value)
            .prop_map(|(of, sign, value)| format!("{of} {sign} {value}"))
    };
    let quantile = (1u32..1_000_000).prop_map(|ppm| format!("p{}", f64::from(ppm) / 1e4));
    let latency = prop_oneof![quantile, Just("max".to_owned()), Just("mean".to_owned())];
    let name = |names: &'static [&'static str]| proptest::sample::select(names).prop_map(str::to_owned);
    let ledger =
        name(&["orders.lost", "orders.duplicated", "orders.unexpected", "orders.resurrected", "orders.recovered"]);
    prop_oneof![
        (latency, prop_oneof![duration(), relative(), offset(duration().boxed())], Just(true)),
        (
            name(&["success_rate", "a.error_rate"]),
            prop_oneof![percent(), relative(), offset(percent().boxed())],
            Just(true)
        ),
        (name(&["errors", "permanent_failures"]), count(), Just(true)),
        (name(&["throughput"]), prop_oneof![rate(), relative(), offset(rate().boxed())], Just(true)),
        (
            name(&["status(503)", "b.error(timeout)", "error(dns)"]),
            prop_oneof![percent(), count(), relative()],
            Just(true)
        ),
        (name(&["recovery", "each_recovery", "time_to_detect"]), duration(), Just(false)),
        (name(&["unavailability"]), duration(), Just(true)),
        (ledger, prop_oneof![percent(), count()], Just(false)),
        (name(&["probe(\"lag\")"]), prop_oneof![percent(), count(), duration(), rate(), relative()], Just(true)),
    ]
}

fn cmp() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["<", "<=", ">", ">="])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn token_soup_never_panics(tokens in proptest::collection::vec(token(), 0..14), place in place(), blanks: bool) {
        // Without blanks tokens run into each other, as `<=` and `-5` do.
        let _ = parse(&tokens.join(if blanks { " " } else { "" }), place);
    }

    #[test]
    fn a_soup_that_begins_well_never_panics(tokens in proptest::collection::vec(token(), 0..8), place in place()) {
        let _ = parse(&format!("p99 < {}", tokens.join(" ")), place);
        let _ = parse(&format!("during(orders.p99 {})", tokens.join(" ")), place);
    }

    #[test]
    fn every_valid_claim_is_read_as_written((metric, limit, phased) in metric(), cmp in cmp(), scope in 0..3) {
        let bare = format!("{metric} {cmp} {limit}");
        let text = match scope {
            1 if phased => format!("during({bare})"),
            2 if phased => format!("after({bare})"),
            _ => bare,
        };
        let claims = parse(&text, Place::Hypothesis);
        prop_assert!(claims.is_ok(), "{text}: {:?}", claims.err());
        let claims = claims.unwrap_or_default();
        prop_assert_eq!(claims.len(), 1);
        prop_assert_eq!(&claims[0].text, &text);
        // What is written in reports can be put back into an attribute.
        let again = parse(&claims[0].text, Place::Hypothesis).map_err(|errors| TestCaseError::fail(errors.join("; ")))?;
        prop_assert_eq!(again[0].limit, claims[0].limit);
        prop_assert_eq!(&again[0].metric, &claims[0].metric);
    }
}
