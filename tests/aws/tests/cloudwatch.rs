//! CloudWatch as witness: metrics as probes, alarms as gate and guard.
//!
//! The experiments in here are ignored: the tests run them in processes of their own. A test publishes what its
//! experiment's service would: the fault is a file, and while that is there the values are those of a faulted service.

#![cfg(target_os = "linux")]

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDatum, StandardUnit, StateValue, Statistic};
use chaos_aws_tests::ministack::Ministack;
use chaos_aws_tests::world::World;
use chaos_runtime::aws::cloudwatch::{CloudWatch, Metric};
use chaos_runtime::fault::{ClosureFault, EndsByUndo};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{ClaimRole, Journal, Judgement, ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// While it is there, the service is faulted.
fn switch(tmp: &Path) -> PathBuf {
    tmp.join("faulted")
}

/// The harm, in an experiment's process.
fn harm() -> ClosureFault<EndsByUndo> {
    let file = switch(&std::env::temp_dir());
    let undo = Undo::remove(&file);
    let seen = file.clone();
    fault("slow database", move || std::fs::write(&file, "")).undo(undo).confirm(move || match seen.exists() {
        true => Evidence::seen("the file is there"),
        false => Evidence::none("there is no file"),
    })
}

async fn load(chaos: &Chaos) -> chaos::Result {
    chaos.load(op(|_| async { Ok::<(), chaos::Error>(()) }).rate(per_second(50))).await
}

fn latency(cloudwatch: &CloudWatch) -> Metric {
    let metric = cloudwatch.metric("Shop", "Latency").dimension("Service", "orders");
    metric.maximum().period(secs(1)).settles_within(secs(2))
}

#[chaos_test(
    steady_state(success_rate >= 99%, probe("latency") < 200ms),
    hypothesis(during(probe("latency") < 400ms), probe("orders") >= 1),
    profiles(staging),
    timeout = 110s,
)]
#[ignore = "run by the tests below"]
async fn the_database_may_be_slow(chaos: &mut Chaos) -> chaos::Result {
    let cloudwatch = chaos.aws().await?.cloudwatch();
    chaos.probe("latency", latency(&cloudwatch));
    chaos.probe("orders", latency(&cloudwatch).sample_count());
    load(chaos).await?;
    chaos.inject(harm()).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 99%, probe("latency") < 200ms),
    hypothesis(during(probe("latency") < 400ms)),
    profiles(staging),
)]
#[ignore = "run by the tests below"]
async fn the_metric_is_misspelt(chaos: &mut Chaos) -> chaos::Result {
    let cloudwatch = chaos.aws().await?.cloudwatch();
    let misspelt = cloudwatch.metric("Shop", "Latencie").dimension("Service", "orders");
    chaos.probe("latency", misspelt.maximum().period(secs(1)).settles_within(secs(2)));
    load(chaos).await?;
    chaos.inject(harm()).hold(secs(4)).await
}

#[chaos_test(
    steady_state(success_rate >= 99%),
    hypothesis(during(probe("latency") < 400ms)),
    profiles(staging),
)]
#[ignore = "run by the tests below"]
async fn the_metric_falls_silent(chaos: &mut Chaos) -> chaos::Result {
    let cloudwatch = chaos.aws().await?.cloudwatch();
    chaos.probe("latency", latency(&cloudwatch));
    load(chaos).await?;
    chaos.inject(harm()).hold(secs(4)).await
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 10s), profiles(staging))]
#[ignore = "run by the tests below"]
async fn the_alarm_must_be_ok(chaos: &mut Chaos) -> chaos::Result {
    let alarm = chaos.aws().await?.cloudwatch().alarm("orders-error-budget");
    chaos.require(alarm);
    load(chaos).await?;
    chaos.inject(harm()).hold(secs(1)).await
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 10s), profiles(staging))]
#[ignore = "run by the tests below"]
async fn the_alarm_guards(chaos: &mut Chaos) -> chaos::Result {
    let alarm = chaos.aws().await?.cloudwatch().alarm("orders-error-budget");
    chaos.abort_on(alarm);
    load(chaos).await?;
    // Far longer than the guard takes.
    chaos.inject(harm()).hold(secs(100)).await
}

#[chaos_test(steady_state(success_rate >= 99%), hypothesis(recovery <= 10s), profiles(staging))]
#[ignore = "run by the tests below"]
async fn silence_is_allowed(chaos: &mut Chaos) -> chaos::Result {
    let alarm = chaos.aws().await?.cloudwatch().alarm("orders-error-budget");
    chaos.require(alarm.insufficient_data_is_ok());
    load(chaos).await?;
    chaos.inject(harm()).hold(secs(1)).await
}

/// What is published while the service is well, and while it is not.
#[derive(Clone, Copy)]
struct Published {
    well: Option<f64>,
    faulted: Option<f64>,
}

const NOTHING: Published = Published { well: None, faulted: None };

/// An account, a home, and what is published.
struct Stage {
    world: World,
    home: Home,
    cloudwatch: Client,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let home = Home::new();
        let config = format!(
            "[profile.staging.aws]\naccounts = [\"{}\"]\nregion = \"eu-central-1\"\ntag = \"chaos-test=allowed\"\n\
             emulator = true\n",
            world.account()
        );
        std::fs::write(home.path().join("chaos.toml"), config).expect("the home is ours");
        let cloudwatch = Ministack::get().cloudwatch(world.account());
        Self { world, home, cloudwatch }
    }

    /// Milliseconds of `Shop Latency{Service=orders}`, ten times a second, the first of them at once. How many.
    async fn publish(&self, published: Published) -> Arc<AtomicU64> {
        let (client, switch, count) = (self.cloudwatch.clone(), switch(&self.home.tmp()), Arc::new(AtomicU64::new(0)));
        let counted = count.clone();
        let publishing = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(millis(100));
            loop {
                ticks.tick().await;
                let value = if switch.exists() { published.faulted } else { published.well };
                let Some(value) = value else { continue };
                let service = Dimension::builder().name("Service").value("orders").build();
                let datum = MetricDatum::builder().metric_name("Latency").dimensions(service).value(value);
                let datum = datum.unit(StandardUnit::Milliseconds).storage_resolution(1);
                let datum = datum.timestamp(DateTime::from(SystemTime::now())).build();
                client
                    .put_metric_data()
                    .namespace("Shop")
                    .metric_data(datum)
                    .send()
                    .await
                    .expect("it may be published");
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        while count.load(Ordering::Relaxed) == 0 {
            assert!(!publishing.is_finished(), "nothing can be published");
            tokio::time::sleep(millis(10)).await;
        }
        count
    }

    async fn alarm(&self, name: &str, state: StateValue) {
        let put = self.cloudwatch.put_metric_alarm().alarm_name(name).namespace("Shop").metric_name("Failures");
        let put = put.statistic(Statistic::Sum).period(10).evaluation_periods(1).threshold(1.0);
        put.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.expect("it is valid");
        self.set(name, state).await;
    }

    async fn set(&self, name: &str, state: StateValue) {
        let set = self.cloudwatch.set_alarm_state().alarm_name(name).state_value(state);
        set.state_reason("the test says so").send().await.expect("there is this alarm");
    }

    /// Runs one of the experiments above.
    async fn run(&self, test: &str) -> (Journal, Ended) {
        let mut child = self.home.test(test);
        self.world.settle(&mut child);
        child.env("AWS_ENDPOINT_URL_CLOUDWATCH", Ministack::get().url());
        child.env("CHAOS_CONFIG", self.home.path().join("chaos.toml")).env("CHAOS_PROFILE", "staging");
        let ended = tokio::task::spawn_blocking(move || run(child)).await.expect("it does not panic");
        (self.home.journal(test), ended)
    }

    /// The same, and again where it could not be decided: who stands still for a second publishes nothing in it.
    async fn decided(&self, test: &str) -> (Journal, Ended) {
        for _ in 0..2 {
            let ran = self.run(test).await;
            if ran.0.verdict != Verdict::Inconclusive {
                return ran;
            }
        }
        self.run(test).await
    }
}

fn assert_verdict(journal: &Journal, ended: &Ended, verdict: Verdict, says: &str) {
    let reasons: Vec<&str> = journal.reasons.iter().map(|reason| reason.message.as_str()).collect();
    assert_eq!(journal.verdict, verdict, "{reasons:?}\n{}", ended.output);
    assert!(says.is_empty() || reasons[0].contains(says), "`{says}` is not in {reasons:?}\n{}", ended.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_holds_passes() {
    let stage = Stage::new();
    let published = stage.publish(Published { well: Some(120.0), faulted: Some(300.0) }).await;
    let (journal, ended) = stage.decided("the_database_may_be_slow").await;
    assert_verdict(&journal, &ended, Verdict::Passed, "");
    assert!(published.load(Ordering::Relaxed) > 0);
    let of = |role: ClaimRole, text: &str| {
        let found = journal.claims.iter().find(|claim| claim.role == role && claim.text == text);
        found.unwrap_or_else(|| panic!("no claim `{text}`: {:#?}", journal.claims))
    };
    let during = of(ClaimRole::Hypothesis, "during(probe(\"latency\") < 400ms)");
    assert_eq!((during.judgement, during.value, during.unit.as_str()), (Judgement::Holds, Some(0.3), "s"));
    let before = of(ClaimRole::SteadyState, "probe(\"latency\") < 200ms");
    assert_eq!((before.judgement, before.value), (Judgement::Holds, Some(0.12)), "milliseconds are durations");
    let after = of(ClaimRole::SteadyStateAfter, "probe(\"latency\") < 200ms");
    assert_eq!((after.judgement, after.value), (Judgement::Holds, Some(0.12)), "{after:?}");
    let probe = journal.probes.iter().find(|probe| probe.name == "latency").expect("it was watched");
    assert_eq!((probe.unit.as_str(), probe.period_us), ("s", Some(1_000_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_breaks_during_the_fault_refutes() {
    let stage = Stage::new();
    stage.publish(Published { well: Some(120.0), faulted: Some(900.0) }).await;
    let (journal, ended) = stage.decided("the_database_may_be_slow").await;
    let says = "`during(probe(\"latency\") < 400ms)` is false: measured 900 ms";
    assert_verdict(&journal, &ended, Verdict::Refuted, says);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_metric_is_inconclusive_before_any_harm() {
    let stage = Stage::new();
    stage.publish(Published { well: Some(120.0), faulted: Some(300.0) }).await;
    let (journal, ended) = stage.run("the_metric_is_misspelt").await;
    let says =
        "no datapoint of Shop Latencie{Service=orders} in the last 3 h: is the name right? Did you mean `Latency`?";
    assert_verdict(&journal, &ended, Verdict::Inconclusive, says);
    assert!(journal.faults.is_empty() && journal.rollback.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_without_values_during_the_fault_is_inconclusive() {
    let stage = Stage::new();
    stage.publish(Published { well: Some(120.0), ..NOTHING }).await;
    // It must have been there before.
    tokio::time::sleep(secs(1)).await;
    let (journal, ended) = stage.run("the_metric_falls_silent").await;
    let says = "Shop Latency{Service=orders} (Maximum) has no value for";
    assert_verdict(&journal, &ended, Verdict::Inconclusive, says);
    assert_eq!(journal.faults.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_is_not_ok_keeps_the_gate_closed() {
    let stage = Stage::new();
    let (journal, ended) = stage.run("the_alarm_must_be_ok").await;
    assert_verdict(&journal, &ended, Verdict::Errored, "there is no alarm `orders-error-budget`");

    stage.alarm("orders-error-budget", StateValue::Alarm).await;
    let (journal, ended) = stage.run("the_alarm_must_be_ok").await;
    let says = "steady state not met: alarm `orders-error-budget`: it is in ALARM: the test says so";
    assert_verdict(&journal, &ended, Verdict::Unsteady, says);
    assert!(journal.faults.is_empty() && journal.rollback.is_empty());

    stage.set("orders-error-budget", StateValue::InsufficientData).await;
    let (journal, ended) = stage.run("the_alarm_must_be_ok").await;
    let says = "steady state not decidable: alarm `orders-error-budget`: it is in INSUFFICIENT_DATA";
    assert_verdict(&journal, &ended, Verdict::Inconclusive, says);
    assert!(journal.faults.is_empty());
    let (journal, ended) = stage.run("silence_is_allowed").await;
    assert_verdict(&journal, &ended, Verdict::Passed, "");

    stage.set("orders-error-budget", StateValue::Ok).await;
    let (journal, ended) = stage.run("the_alarm_must_be_ok").await;
    assert_verdict(&journal, &ended, Verdict::Passed, "");
}

/// A composite one: CloudWatch lists them only if it is asked for them.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_trips_while_there_is_harm_aborts() {
    let stage = Stage::new();
    stage.alarm("orders-failures", StateValue::Ok).await;
    let rule = "ALARM(\"orders-failures\")";
    let put = stage.cloudwatch.put_composite_alarm().alarm_name("orders-error-budget").alarm_rule(rule);
    put.send().await.expect("it is valid");
    let (file, cloudwatch) = (switch(&stage.home.tmp()), stage.cloudwatch.clone());
    let trips = tokio::spawn(async move {
        while !file.exists() {
            tokio::time::sleep(millis(50)).await;
        }
        let trip = cloudwatch.set_alarm_state().alarm_name("orders-failures").state_value(StateValue::Alarm);
        trip.state_reason("too many failures").send().await.expect("there is this alarm");
    });
    let (journal, ended) = stage.run("the_alarm_guards").await;
    assert!(trips.is_finished(), "there was harm:\n{}", ended.output);
    assert_verdict(&journal, &ended, Verdict::Aborted, "guard tripped: alarm `orders-error-budget`: it is in ALARM");
    assert_eq!(journal.reasons[0].kind, ReasonKind::Guard);
    assert_eq!(stage.home.left_behind(), [""; 0], "the harm was undone");
    let fault = &journal.faults[0];
    let lasted = fault.cleared_us.expect("it was cleared") - fault.injected_us;
    assert!(lasted < 90_000_000, "it was to last 100 s, and lasted {lasted} µs");
}
