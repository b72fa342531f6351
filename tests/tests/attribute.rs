//! What `#[chaos_test]` accepts, and what it makes of it, in a crate that forbids unsafe code.
//!
//! The tests under the attribute are ignored: they need no system to harm, only to compile and to be found
//! in the catalogue with the right content. That they are ignored is itself an attribute passed through.

#![forbid(unsafe_code)]

use chaos_runtime::claim::{Cmp, LedgerMetric, Limit, Metric, Quantile, Reference, Scope, Value};
use chaos_runtime::experiment::{Requirement, Spec, Urgency};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use std::time::Duration;

fn spec(name: &str) -> &'static Spec {
    let mut found = chaos_runtime::catalogue().filter(|spec| spec.name == name);
    let spec = found.next().unwrap_or_else(|| panic!("{name} is in the catalogue"));
    assert!(found.next().is_none(), "{name} is in the catalogue once");
    spec
}

/// Runs one of this file's tests in a process of its own and gives what it printed.
fn run(arguments: &[&str]) -> String {
    let this = std::env::current_exe().expect("a test knows its executable");
    let output = std::process::Command::new(this).args(arguments).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Everything an attribute can say.
///
/// In two paragraphs.
#[chaos_test(
    steady_state(success_rate >= 99%, p99 < 300ms),
    hypothesis(during(orders.p99.9 <= 110% of control), recovery <= 1.5s, after(p99 <= baseline + 20ms)),
    abort_if(success_rate < 10% for 60s),
    warm_up = 2s,
    baseline = 10s,
    after = 11s,
    bin = 500ms,
    stability = 3s,
    recovery_limit = 60s,
    confirm = 5s,
    timeout = 20m,
    confidence = 95%,
    seed = 42,
    control,
    exclusive("payments-db", "cache"),
    profiles(local, "pre-prod"),
    requires(docker, aws, kafka),
    uses("aws:ec2:stop-instances", "EXT1a2b3c4d5e6f7"),
    known_weakness(id = "PAY-142", urgency = high, fix_by = "2027-01-31", owner = "payments"),
    worker_threads = 4,
)]
#[ignore = "only has to compile"]
async fn all_settings(chaos: &mut Chaos) -> chaos::Result {
    let _ = chaos;
    Ok(())
}
const ALL_SETTINGS_LINE: u32 = line!() - 4;

#[test]
fn a_spec_says_what_the_attribute_says() {
    let spec = spec("all_settings");
    assert_eq!(spec.doc, "Everything an attribute can say.\n\nIn two paragraphs.");
    assert_eq!((spec.module, spec.package), ("attribute", "chaos-tests"));
    assert!(spec.file.ends_with("attribute.rs"), "{}", spec.file);
    assert_eq!((spec.line, spec.column), (ALL_SETTINGS_LINE, 10));

    let [rate, p99] = spec.steady_state else { panic!("{:?}", spec.steady_state) };
    assert_eq!((rate.metric, rate.cmp, rate.limit), (Metric::SuccessRate, Cmp::Ge, Limit::Value(Value::Percent(99.0))));
    assert_eq!(p99.limit, Limit::Value(Value::Duration(millis(300))));
    assert_eq!((p99.text, p99.scope, p99.subject), ("p99 < 300ms", Scope::Run, None));

    let [during, recovery, after] = spec.hypothesis else { panic!("{:?}", spec.hypothesis) };
    assert_eq!((during.scope, during.subject), (Scope::During, Some("orders")));
    assert_eq!(during.metric, Metric::Quantile(Quantile::from_ppm(999_000)));
    assert_eq!(during.limit, Limit::Relative { factor: 1.1, of: Reference::Control });
    assert_eq!(recovery.limit, Limit::Value(Value::Duration(millis(1500))));
    assert_eq!(after.limit, Limit::Plus { of: Reference::Baseline, plus: Value::Duration(millis(20)) });
    assert_eq!(spec.abort_if[0].sustained, Some(secs(60)));

    let options = &spec.options;
    assert_eq!((options.warm_up, options.baseline, options.after), (Some(secs(2)), Some(secs(10)), Some(secs(11))));
    assert_eq!((options.bin, options.stability), (Some(millis(500)), Some(secs(3))));
    assert_eq!((options.recovery_limit, options.confirm), (Some(secs(60)), Some(secs(5))));
    assert_eq!(options.timeout, Some(minutes(20)));
    assert_eq!((options.confidence, options.seed, options.worker_threads), (Some(0.95), Some(42), Some(4)));
    assert_eq!((options.exclusive, options.parallel), (&["payments-db", "cache"][..], false));
    assert_eq!(options.profiles, ["local", "pre-prod"]);
    assert_eq!(options.requires, [Requirement::Docker, Requirement::Aws, Requirement::Kafka]);
    assert_eq!(options.uses, ["aws:ec2:stop-instances", "EXT1a2b3c4d5e6f7"]);
    let weakness = options.known_weakness.expect("it is set");
    assert_eq!((weakness.id, weakness.urgency, weakness.fix_by), ("PAY-142", Urgency::High, "2027-01-31"));
    assert_eq!(weakness.owner, Some("payments"));
}

#[chaos_test]
#[ignore = "only has to compile"]
async fn nothing_said(_: &mut Chaos) -> chaos::Result {
    Ok(())
}

#[chaos_test(parallel, crate = reexported::deep::runtime, hypothesis(errors == 0))]
#[ignore = "only has to compile"]
async fn through_a_re_export(_chaos: &mut reexported::deep::runtime::Chaos) -> reexported::deep::runtime::Result {
    Ok(())
}

mod reexported {
    pub(crate) mod deep {
        pub(crate) use chaos_runtime as runtime;
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    let spec = spec("nothing_said");
    assert!(spec.steady_state.is_empty() && spec.hypothesis.is_empty() && spec.abort_if.is_empty());
    assert_eq!((spec.doc, spec.options.timeout, spec.options.parallel), ("", None, false));
}

/// What a body calls stands in its spec: of macros too, each once, sorted.
#[chaos_test]
#[ignore = "only has to compile"]
async fn calls_something(chaos: &mut Chaos) -> chaos::Result {
    let proxy = chaos.proxy("127.0.0.1:1").await?;
    if std::mem::size_of::<u8>() > 1 {
        println!("{}", [proxy.url("/"), proxy.url("/x")].concat());
    }
    Ok(())
}

#[test]
fn a_spec_says_what_the_body_calls() {
    assert_eq!(spec("calls_something").calls, ["concat", "proxy", "size_of", "url"]);
    assert!(spec("nothing_said").calls.is_empty());
}

#[test]
fn a_re_exported_runtime_is_as_good() {
    let spec = spec("through_a_re_export");
    assert!(spec.options.parallel);
    assert_eq!(spec.hypothesis, [reexported::deep::runtime::slo!(errors == 0)]);
}

mod attributes_pass_through {
    use super::*;

    #[chaos_test]
    #[should_panic(expected = "out of order")]
    #[ignore = "run by the test below"]
    async fn a_panicking_body(_chaos: &mut Chaos) -> chaos::Result {
        panic!("out of order");
    }

    #[chaos_test]
    #[cfg(any())]
    async fn compiled_out(_chaos: &mut Chaos) -> NoSuchType {}

    #[chaos_test]
    #[cfg_attr(all(), ignore = "only has to compile")]
    #[allow(unused_variables)]
    async fn conditional(chaos: &mut Chaos) -> chaos::Result {
        Ok(())
    }

    /// A warning, were the expectation also put where nothing meets it.
    #[chaos_test]
    #[ignore = "only has to compile"]
    #[expect(unused_variables)]
    async fn expectations(chaos: &mut Chaos) -> chaos::Result {
        Ok(())
    }

    #[test]
    fn should_panic() {
        let name = "attributes_pass_through::a_panicking_body";
        let output = run(&["--include-ignored", "--exact", name]);
        assert!(output.contains("a_panicking_body - should panic"), "{output}");
    }

    #[test]
    fn ignore_and_cfg() {
        let ignored = run(&["--list", "--ignored"]);
        for name in ["conditional", "a_panicking_body"] {
            assert!(ignored.contains(&format!("attributes_pass_through::{name}: test")), "{ignored}");
        }
        assert!(!run(&["--list"]).contains("compiled_out"));
        assert!(chaos_runtime::catalogue().all(|spec| spec.name != "compiled_out"));
    }
}

mod error_types {
    use super::*;

    #[chaos_test]
    #[ignore = "only has to compile"]
    async fn anyhow(chaos: &mut Chaos) -> anyhow::Result<()> {
        chaos.proxy("127.0.0.1:9").await?;
        anyhow::bail!("no")
    }

    #[chaos_test]
    #[ignore = "only has to compile"]
    async fn io(_chaos: &mut Chaos) -> std::io::Result<()> {
        std::fs::read("/nowhere").map(drop)
    }

    #[chaos_test]
    #[ignore = "only has to compile"]
    async fn string(_chaos: &mut Chaos) -> Result<(), String> {
        Err("no".to_owned())
    }

    #[chaos_test]
    #[ignore = "only has to compile"]
    async fn boxed(_chaos: &mut Chaos) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        "x".parse::<u8>()?;
        Ok(())
    }
}

/// The author's names are the author's, whatever the expansion calls its own.
mod names_that_the_expansion_uses_too {
    use super::*;

    const SPEC: u8 = 1;
    const ENTRY: u8 = 2;
    const CATALOGUE: u8 = 3;
    struct Claim(u8);
    fn spec(Claim(n): Claim) -> u8 {
        n + SPEC + ENTRY + CATALOGUE
    }
    fn claim() -> Claim {
        Claim(4)
    }
    fn nanos() -> u8 {
        5
    }

    #[chaos_test(hypothesis(recovery <= 5s), timeout = 5m)]
    #[ignore = "only has to compile"]
    async fn shadows(chaos: &mut Chaos) -> chaos::Result {
        let _: (u8, u8, &mut Chaos) = (spec(claim()), nanos(), chaos);
        Ok(())
    }

    #[test]
    fn in_an_expression() {
        let claim = slo!(p99 < 1s);
        assert_eq!(claim.metric, Metric::Quantile(Quantile::from_ppm(990_000)));
    }
}

#[chaos_test(
    hypothesis(
        success_rate >= 99%, error_rate <= 5%, errors <= 10, permanent_failures == 0,
        p50 < 10ms, p99.9 < 1s, max < 5s, mean < 20ms, throughput >= 12/m,
        status(503) <= 5%, status(404) <= 3, error(timeout) <= 5%, error(dns) <= 1,
        recovery <= 5s, each_recovery <= 5s, time_to_detect <= 2s, unavailability <= 1s,
        orders.lost == 0, orders.duplicated <= 0.1%, orders.unexpected == 0, orders.resurrected == 0,
        orders.recovered <= 3, probe("replication lag") < 10s, probe("healthy hosts") >= 2, payments.p90 < 1s,
    ),
)]
#[ignore = "only has to compile"]
async fn every_metric(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

#[test]
fn every_metric_arrives() {
    let metrics: Vec<Metric> = spec("every_metric").hypothesis.iter().map(|claim| claim.metric).collect();
    let quantile = |ppm| Metric::Quantile(Quantile::from_ppm(ppm));
    assert_eq!(
        metrics,
        [
            Metric::SuccessRate,
            Metric::ErrorRate,
            Metric::Errors,
            Metric::PermanentFailures,
            quantile(500_000),
            quantile(999_000),
            Metric::Max,
            Metric::Mean,
            Metric::Throughput,
            Metric::Status(503),
            Metric::Status(404),
            Metric::Error(ErrorClass::Timeout),
            Metric::Error(ErrorClass::Dns),
            Metric::Recovery,
            Metric::EachRecovery,
            Metric::TimeToDetect,
            Metric::Unavailability,
            Metric::Ledger(LedgerMetric::Lost),
            Metric::Ledger(LedgerMetric::Duplicated),
            Metric::Ledger(LedgerMetric::Unexpected),
            Metric::Ledger(LedgerMetric::Resurrected),
            Metric::Ledger(LedgerMetric::Recovered),
            Metric::Probe("replication lag"),
            Metric::Probe("healthy hosts"),
            quantile(900_000),
        ]
    );
    assert_eq!(spec("every_metric").hypothesis[8].limit, Limit::Value(Value::Rate(0.2)));
}

/// A class that the runtime adds must be one that the grammar knows.
#[test]
fn every_class_of_errors_has_the_runtimes_name() {
    let claims = [
        slo!(error(refused) == 0),
        slo!(error(reset) == 0),
        slo!(error(closed) == 0),
        slo!(error(timeout) == 0),
        slo!(error(dns) == 0),
        slo!(error(tls) == 0),
        slo!(error(status) == 0),
        slo!(error(body) == 0),
        slo!(error(panicked) == 0),
        slo!(error(unfinished) == 0),
        slo!(error(other) == 0),
    ];
    assert_eq!(claims.map(|claim| claim.metric), ErrorClass::ALL.map(Metric::Error));
    for (claim, class) in claims.iter().zip(ErrorClass::ALL) {
        assert_eq!(claim.text, format!("error({class}) == 0"));
    }
}

/// Claims are constants, also when a macro of the author's hands on the numbers.
#[test]
fn slo_in_constants_and_in_macros() {
    const CLAIM: chaos_runtime::claim::Claim = slo!(during(orders.p99 <= 110% of control));
    assert_eq!((CLAIM.scope, CLAIM.subject, CLAIM.sustained), (Scope::During, Some("orders"), None));

    macro_rules! fast {
        ($limit:literal) => {
            slo!(p99 < $limit)
        };
    }
    assert_eq!(fast!(7ms).limit, Limit::Value(Value::Duration(Duration::from_millis(7))));
}
