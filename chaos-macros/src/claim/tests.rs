//! The grammar, by example.

use super::*;
use crate::diagnostic::Errors;
use proc_macro2::Span;

fn parse(text: &str, place: Place, control: bool) -> Result<Vec<Claim>, Vec<String>> {
    let mut errors = Errors::default();
    let stream = text.parse().expect("the test's text consists of tokens");
    let found = claims(stream, Span::call_site(), Context { place, control }, &mut errors);
    if errors.is_empty() { Ok(found) } else { Err(errors.messages()) }
}

fn hypothesis(text: &str) -> Claim {
    let mut claims = parse(text, Place::Hypothesis, true).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    assert_eq!(claims.len(), 1, "{text}");
    claims.remove(0)
}

fn first_error(text: &str, place: Place) -> String {
    match parse(text, place, false) {
        Ok(_) => panic!("`{text}` is accepted"),
        Err(mut errors) => errors.remove(0),
    }
}

#[test]
fn every_metric_by_its_name() {
    for (text, metric) in [
        ("success_rate >= 99%", Metric::SuccessRate),
        ("error_rate <= 1%", Metric::ErrorRate),
        ("errors == 0", Metric::Errors),
        ("permanent_failures == 0", Metric::PermanentFailures),
        ("p50 < 1s", Metric::Quantile(500_000)),
        ("p99 < 1s", Metric::Quantile(990_000)),
        ("p99.9 < 1s", Metric::Quantile(999_000)),
        ("p99.9999 < 1s", Metric::Quantile(999_999)),
        ("p0.5 < 1s", Metric::Quantile(5_000)),
        ("max < 1s", Metric::Max),
        ("mean < 1s", Metric::Mean),
        ("throughput >= 200/s", Metric::Throughput),
        ("status(503) >= 95%", Metric::Status(503)),
        ("status(503) <= 3", Metric::Status(503)),
        ("error(timeout) <= 5%", Metric::Error("Timeout")),
        ("recovery <= 5s", Metric::Recovery),
        ("each_recovery <= 5s", Metric::EachRecovery),
        ("time_to_detect <= 5s", Metric::TimeToDetect),
        ("unavailability <= 5s", Metric::Unavailability),
        ("probe(\"lag\") < 1s", Metric::Probe("lag".to_owned())),
        ("probe(\"hosts\") >= 2", Metric::Probe("hosts".to_owned())),
        ("probe(\"ratio\") >= 1.5", Metric::Probe("ratio".to_owned())),
    ] {
        let claim = hypothesis(text);
        assert_eq!((claim.metric, claim.subject, claim.text.as_str()), (metric, None, text));
    }
}

#[test]
fn loads_and_ledgers_are_named_before_a_point() {
    let claim = hypothesis("orders.p99.9 < 1s");
    assert_eq!((claim.subject.as_deref(), claim.metric), (Some("orders"), Metric::Quantile(999_000)));
    let claim = hypothesis("orders.duplicated <= 0.1%");
    assert_eq!(claim.subject.as_deref(), Some("orders"));
    assert_eq!(
        (claim.metric, claim.limit),
        (Metric::Ledger(LedgerMetric::Duplicated), Limit::Value(Value::Percent(0.1)))
    );
    assert_eq!(hypothesis("r#type.p99 < 1s").subject.as_deref(), Some("type"));
}

#[test]
fn values_and_their_units() {
    for (text, nanos) in [
        ("50ns", 50),
        ("200us", 200_000),
        ("300ms", 300_000_000),
        ("1_500ms", 1_500_000_000),
        ("1.5s", 1_500_000_000),
        ("0.000_000_001s", 1),
        ("2m", 120_000_000_000),
        ("1h", 3_600_000_000_000),
    ] {
        assert_eq!(hypothesis(&format!("p99 < {text}")).limit, Limit::Value(Value::Duration(nanos)), "{text}");
    }
    for (text, per_second) in [("200/s", 200.0), ("12/m", 0.2), ("3_600/h", 1.0), ("0.5/s", 0.5)] {
        assert_eq!(hypothesis(&format!("throughput > {text}")).limit, Limit::Value(Value::Rate(per_second)), "{text}");
    }
    assert_eq!(hypothesis("errors <= 1_000").limit, Limit::Value(Value::Number(1000.0)));
    assert_eq!(hypothesis("success_rate >= 99.9%").limit, Limit::Value(Value::Percent(99.9)));
}

#[test]
fn limits_relative_to_baseline_and_control() {
    use Reference::{Baseline, Control};
    for (text, limit) in [
        ("p99 <= 110% of baseline", Limit::Relative { factor: 1.1, of: Baseline }),
        ("success_rate >= 99% of control", Limit::Relative { factor: 0.99, of: Control }),
        ("p99 <= baseline + 20ms", Limit::Plus { of: Baseline, plus: Value::Duration(20_000_000) }),
        ("success_rate >= baseline - 0.5%", Limit::Minus { of: Baseline, minus: Value::Percent(0.5) }),
        ("p99 <= control + 1ms", Limit::Plus { of: Control, plus: Value::Duration(1_000_000) }),
        ("probe(\"lag\") <= baseline + 3", Limit::Plus { of: Baseline, plus: Value::Number(3.0) }),
    ] {
        let claim = hypothesis(text);
        assert_eq!((claim.limit, claim.text.as_str()), (limit, text));
    }
}

#[test]
fn scopes_wrap_lists() {
    let claims =
        parse("during(p99 < 1s, max < 2s,), recovery <= 5s, after(p99 <= 110% of baseline)", Place::Hypothesis, false)
            .expect("valid");
    let scopes: Vec<_> = claims.iter().map(|claim| (claim.scope, claim.text.as_str())).collect();
    assert_eq!(
        scopes,
        [
            (Scope::During, "during(p99 < 1s)"),
            (Scope::During, "during(max < 2s)"),
            (Scope::Run, "recovery <= 5s"),
            (Scope::After, "after(p99 <= 110% of baseline)"),
        ]
    );
}

#[test]
fn equality_with_the_ends_of_a_share_is_a_bound() {
    assert_eq!(hypothesis("success_rate == 100%").cmp, Cmp::Ge);
    assert_eq!(hypothesis("error_rate == 0%").cmp, Cmp::Le);
    assert_eq!(hypothesis("orders.lost == 0").cmp, Cmp::Eq);
    assert_eq!(hypothesis("error_rate == 0%").text, "error_rate == 0%");
    for text in ["success_rate == 99%", "p99 == 1s", "throughput == 5/s", "p99 == 100% of baseline"] {
        assert!(first_error(text, Place::Hypothesis).starts_with("`==` compares counts"), "{text}");
    }
}

#[test]
fn guards_may_last_and_may_disagree() {
    let claims = parse("success_rate < 10% for 60s, p99 < 1ms, p99 > 1s", Place::AbortIf, false).expect("valid");
    assert_eq!(claims[0].sustained, Some(60_000_000_000));
    assert_eq!(claims[0].text, "success_rate < 10% for 60s");
    assert_eq!(claims[1].sustained, None);
}

#[test]
fn errors_are_permitted_by_saying_so() {
    assert_eq!(hypothesis("during(error_rate <= 100%)").metric, Metric::ErrorRate);
    assert!(first_error("error_rate <= 100%", Place::AbortIf).contains("always true"));
}

#[test]
fn contradictions_need_the_same_scope_subject_and_line() {
    let contradicts = |text| match parse(text, Place::Hypothesis, false) {
        Ok(_) => false,
        Err(errors) => {
            assert!(errors[0].contains("contradicts"), "{text}: {errors:?}");
            true
        }
    };
    for text in [
        "p99 < 100ms, p99 > 200ms",
        "p99 < 100ms, p99 >= 100ms",
        "errors == 0, errors >= 1",
        "errors == 1, errors == 2",
        "success_rate >= 99%, error_rate >= 1.5%",
        "p50 > 1s, p99 < 1s",
        "mean > 1s, max < 1s",
        "a.p99 < 100ms, a.p99 > 200ms",
        "during(p99 < 1ms), during(p99 > 1s)",
    ] {
        assert!(contradicts(text), "{text}");
    }
    for text in [
        "p99 > 100ms, p99 < 200ms",
        "p99 >= 100ms, p99 <= 100ms",
        "success_rate >= 98.5%, error_rate >= 1.5%",
        "p99 > 1s, p50 < 1s",
        "a.p99 < 100ms, b.p99 > 200ms",
        "during(p99 > 200ms), after(p99 < 100ms)",
        "status(503) >= 50%, status(500) <= 10%",
        "status(503) >= 50%, status(503) <= 10",
        "p99 < 1ms, p99 > 110% of baseline",
    ] {
        assert!(!contradicts(text), "{text}");
    }
}

#[test]
fn a_control_group_must_be_visible() {
    assert!(first_error("p99 <= 110% of control", Place::Hypothesis).contains("no control group"));
    assert!(parse("p99 <= 110% of control", Place::Hypothesis, true).is_ok());
}

#[test]
fn all_errors_of_a_list_are_reported() {
    let errors = parse("p99 < 3, during(latency < 1s, after(p50 < 1s)), max < 1s, max < 1s", Place::Hypothesis, false);
    assert_eq!(errors.expect_err("four errors").len(), 4);
}

#[test]
fn numbers_at_their_edges() {
    for (text, cause) in [
        ("p99 < 0.5ns", "finer than a nanosecond"),
        ("p99 < 0.0000000000000000000000000000000000000001s", "finer than a nanosecond"),
        ("p99 < 9_999_999h", "longer than 500 years"),
        ("p99 < 99999999999999999999s", "too many digits"),
        ("errors <= 1.5", "a count is a whole number"),
        ("p99 < 0b1s", "not decimal"),
        ("p99 < 1e9ms", "has an exponent"),
        ("p99 < 'a'", "expected a value"),
        ("p99 < 5ms%", "a value has one unit"),
        ("throughput > 5/week", "needs a unit of time"),
        ("p99 < 1.1 * baseline", "not a product"),
    ] {
        let error = first_error(text, Place::Hypothesis);
        assert!(error.contains(cause), "{text}: {error}");
    }
}
