//! The golden tests of the staging example, unchanged, against emulators.

#![cfg(target_os = "linux")]

#[path = "../../../examples/staging/tests/staging.rs"]
mod golden;

use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricDatum, StandardUnit, StateValue, Statistic};
use axum::Router;
use axum::routing::get;
use chaos_aws_tests::ministack::Ministack;
use chaos_aws_tests::world::World;
use chaos_runtime::report::journal::{Journal, Judgement, ReasonKind, Verdict};
use chaos_tests::home::{Ended, Home, run};
use serde_json::json;
use std::time::Duration;

/// An account with what the golden tests speak of, and the service that is loaded.
struct Stage {
    world: World,
    home: Home,
    orders: String,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new();
        world.launch(3, &[("aws:autoscaling:groupName", "orders"), ("chaos-test", "allowed")]).await;
        world.launch(1, &[("aws:autoscaling:groupName", "orders")]).await;
        world.set(json!({ "speed": 60, "terminate_takes": 6.0, "cloudwatch": Ministack::get().url() })).await;
        let stage = Self { world, home: Home::new(), orders: serve().await };
        stage.alarm("orders-error-budget").await;
        stage
    }

    /// An alarm that is OK.
    async fn alarm(&self, name: &str) {
        let cloudwatch = Ministack::get().cloudwatch(self.world.account());
        let put = cloudwatch.put_metric_alarm().alarm_name(name).namespace("Shop").metric_name("Failures");
        let put = put.statistic(Statistic::Sum).period(60).evaluation_periods(1).threshold(1.0);
        put.comparison_operator(ComparisonOperator::GreaterThanThreshold).send().await.expect("it is valid");
        let set = cloudwatch.set_alarm_state().alarm_name(name).state_value(StateValue::Ok).state_reason("all is well");
        set.send().await.expect("there is this alarm");
    }

    /// Experiments that go on and templates.
    async fn left(&self) -> Vec<String> {
        let fis = self.world.fis();
        let experiments = fis.list_experiments().send().await.expect("they can be listed");
        let live = experiments.experiments().iter().filter(|experiment| {
            let status = experiment.state().and_then(|state| state.status()).map_or("", |status| status.as_str());
            !["completed", "stopped", "failed", "cancelled"].contains(&status)
        });
        let live = live.filter_map(|experiment| experiment.id());
        let templates = fis.list_experiment_templates().send().await.expect("they can be listed");
        let templates = templates.experiment_templates().iter().filter_map(|template| template.id());
        live.chain(templates).map(str::to_owned).collect()
    }

    async fn running(&self) -> usize {
        self.world.instances().await.iter().filter(|instance| instance.state == "running").count()
    }

    async fn run(&self, test: &str, env: &[(&str, &str)]) -> (Journal, Ended) {
        let config = format!(
            "[profile.staging.aws]\naccounts = [\"{account}\"]\nregion = \"eu-central-1\"\ntag = \"chaos-test=allowed\"\n\
             role = \"arn:aws:iam::{account}:role/chaos-fis\"\nemulator = true\n\
             [profile.staging.http]\norders = \"{orders}\"\n",
            account = self.world.account(),
            orders = self.orders,
        );
        let file = self.home.path().join("chaos.toml");
        std::fs::write(&file, config).expect("the home is ours");
        // They are no ignored tests: without the profile they skip themselves.
        let mut child = self.home.command(&["--exact", &format!("golden::{test}"), "--nocapture"]);
        self.world.settle(&mut child);
        child.env("AWS_ENDPOINT_URL_CLOUDWATCH", Ministack::get().url());
        child.env("CHAOS_CONFIG", file).env("CHAOS_PROFILE", "staging").envs(env.iter().copied());
        let ended = tokio::task::spawn_blocking(move || run(child)).await.expect("it does not panic");
        (self.home.journal(&format!("golden::{test}")), ended)
    }
}

/// Orders that take 50 ms, so that a tenth of it is more than a machine's jitter. Gives the base URL.
async fn serve() -> String {
    let answer = || async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        "an order"
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    let app = Router::new().route("/orders/42", get(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// A minute's datapoints of the load balancer, as it publishes them, for as long as the test runs.
fn publish_healthy_hosts(stage: &Stage, hosts: f64) {
    let cloudwatch = Ministack::get().cloudwatch(stage.world.account());
    tokio::spawn(async move {
        loop {
            let datum = MetricDatum::builder().metric_name("HealthyHostCount").value(hosts).unit(StandardUnit::Count);
            let put = cloudwatch.put_metric_data().namespace("AWS/ApplicationELB").metric_data(datum.build());
            put.send().await.expect("it may be published");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_lost_and_nobody_notices() {
    let stage = Stage::new().await;
    publish_healthy_hosts(&stage, 2.0);
    let (journal, ended) = match stage.run("orders_survive_losing_an_instance", &[]).await {
        // Not well before anything was injected: a moment's stall is enough for that.
        (journal, _) if journal.faults.is_empty() => stage.run("orders_survive_losing_an_instance", &[]).await,
        ran => ran,
    };
    // On a busy machine its own jitter may leave the comparison of latencies open, and nothing else.
    let open: Vec<&str> = journal.reasons.iter().map(|reason| reason.message.as_str()).collect();
    match journal.verdict {
        Verdict::Passed => {}
        Verdict::Inconclusive if open.iter().all(|open| open.contains("p99 <= 110% of baseline")) => {}
        verdict => panic!("{verdict:?}\n{}", ended.output),
    }
    let held = |text: &str| journal.claims.iter().any(|c| c.text.contains(text) && c.judgement == Judgement::Holds);
    assert!(held("errors == 0") && held("healthy hosts"), "{:#?}", journal.claims);
    let fault = &journal.faults[0];
    assert!(fault.evidence.contains("is terminated") || fault.evidence.contains("is shutting-down"), "{fault:#?}");
    let down = stage.world.instances().await.into_iter().find(|instance| instance.state != "running");
    assert_eq!(down.expect("one was lost").tags.get("chaos-test").map(String::as_str), Some("allowed"));
    assert_eq!(stage.running().await, 3);
    assert_eq!(stage.left().await, [""; 0], "no template and no experiment is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_targets_and_harms_none() {
    let stage = Stage::new().await;
    publish_healthy_hosts(&stage, 2.0);
    let (journal, ended) = stage.run("orders_survive_losing_an_instance", &[("CHAOS_DRY_RUN", "1")]).await;
    assert_eq!(journal.verdict, Verdict::Skipped, "{}", ended.output);
    let reason = &journal.reasons[0];
    assert_eq!(reason.kind, ReasonKind::DryRun);
    assert!(reason.message.contains("instance/i-"), "{reason:?}");
    assert_eq!(stage.running().await, 4);
    assert_eq!(stage.left().await, [""; 0]);
}
