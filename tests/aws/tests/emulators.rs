//! The emulators themselves do what the other tests in here rely on.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, StandardUnit};
use aws_sdk_fis::error::ProvideErrorMetadata;
use aws_sdk_fis::types::{
    ActionsMode, Experiment, ExperimentStatus, SafetyLeverStatusInput, StartExperimentExperimentOptionsInput,
    UpdateSafetyLeverStateInput,
};
use chaos_aws_tests::experiments::{Template, all, look, start, templates, until};

use chaos_aws_tests::microburst::Microburst;
use chaos_aws_tests::ministack::Ministack;
use chaos_aws_tests::world::World;
use chaos_tests::home::{Home, Started, until as until_so};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

fn waits() -> Template<'static> {
    Template::waits(&[("duration", "PT10M")], &[])
}

fn reason(experiment: &Experiment) -> &str {
    experiment.state().and_then(|state| state.reason()).unwrap_or_default()
}

const ENDED: [ExperimentStatus; 4] =
    [ExperimentStatus::Completed, ExperimentStatus::Failed, ExperimentStatus::Stopped, ExperimentStatus::Cancelled];

#[tokio::test]
async fn sts_knows_the_account_and_accounts_are_apart() {
    let [one, other] = [World::new(), World::new()];
    let sts = aws_sdk_sts::Client::new(&one.sdk());
    let identity = sts.get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(one.account()));
    one.launch(1, &[]).await;
    assert_eq!(other.instances().await, []);
    assert!(other.calls().await.is_empty());
    let calls: Vec<String> = one.calls().await.into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["GetCallerIdentity"]);
}

#[tokio::test]
async fn fis_terminates_one_instance_of_those_with_the_tag() {
    let world = World::new();
    let group = [("aws:autoscaling:groupName", "orders")];
    let ours = world.launch(3, &group).await;
    world.launch(1, &[("aws:autoscaling:groupName", "others")]).await;
    let terminate = Template {
        action: "aws:ec2:terminate-instances",
        target: Some(("Instances", "aws:ec2:instance", &group)),
        ..Template::default()
    };
    let template = terminate.create(&world, "terminate").await;
    let options = StartExperimentExperimentOptionsInput::builder().actions_mode(ActionsMode::SkipAll).build();
    let dry = world.fis().start_experiment().experiment_template_id(&template).client_token("dry");
    let dry = dry.experiment_options(options).send().await.unwrap();
    let dry = until(&world, dry.experiment().unwrap().id().unwrap(), &ENDED).await;
    assert_eq!(dry.state().unwrap().status(), Some(&ExperimentStatus::Completed));
    assert_eq!(dry.actions().unwrap()["harm"].state().unwrap().status().unwrap().as_str(), "skipped");
    assert_eq!(world.effects().await, []);

    let id = start(&world, &template, "real", &[]).await;
    let ended = until(&world, &id, &ENDED).await;
    assert_eq!(ended.state().unwrap().status(), Some(&ExperimentStatus::Completed), "{ended:#?}");
    let resolved = world.fis().list_experiment_resolved_targets().experiment_id(&id).send().await.unwrap();
    let arns: Vec<&String> =
        resolved.resolved_targets().iter().map(|t| &t.target_information().unwrap()["arn"]).collect();
    let gone: Vec<_> = world.instances().await.into_iter().filter(|i| i.state == "terminated").collect();
    assert_eq!(gone.len(), 1);
    assert_eq!(arns, [&gone[0].arn]);
    assert!(ours.iter().any(|instance| instance.id == gone[0].id));
}

#[tokio::test]
async fn a_tag_that_nobody_carries_fails_the_experiment() {
    let world = World::new();
    let nobody = Template {
        action: "aws:ec2:terminate-instances",
        target: Some(("Instances", "aws:ec2:instance", &[("nobody", "carries it")])),
        ..Template::default()
    };
    let template = nobody.create(&world, "empty").await;
    let id = start(&world, &template, "empty", &[]).await;
    let ended = until(&world, &id, &ENDED).await;
    assert_eq!(ended.state().unwrap().status(), Some(&ExperimentStatus::Failed));
    assert_eq!(reason(&ended), "Target resolution returned empty set");
}

#[tokio::test]
async fn an_experiment_is_stopped_and_a_token_starts_no_second_one() {
    let world = World::new();
    let template = waits().create(&world, "wait").await;
    let id = start(&world, &template, "once", &[]).await;
    assert_eq!(start(&world, &template, "once", &[]).await, id);
    until(&world, &id, &[ExperimentStatus::Running]).await;
    world.fis().stop_experiment().id(&id).send().await.unwrap();
    let ended = until(&world, &id, &ENDED).await;
    assert_eq!(ended.state().unwrap().status(), Some(&ExperimentStatus::Stopped));
    assert_eq!(ended.actions().unwrap()["harm"].state().unwrap().status().unwrap().as_str(), "stopped");
}

#[tokio::test]
async fn templates_and_experiments_come_in_pages() {
    let world = World::new();
    world.set(json!({"active_experiments": 1000})).await;
    let mut made = BTreeSet::new();
    for number in 0..105 {
        let template = waits().create(&world, &format!("t{number}")).await;
        start(&world, &template, &format!("e{number}"), &[]).await;
        made.insert(template);
    }
    let first = world.fis().list_experiment_templates().send().await.unwrap();
    assert!(first.next_token().is_some() && first.experiment_templates().len() == 100);
    assert_eq!(all(&world).await.len(), 105);
    let seen = BTreeSet::from_iter(templates(&world).await);
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_quota_a_failing_action_an_alarm_and_the_safety_lever() {
    let world = World::new();
    let alarm = format!("arn:aws:cloudwatch:eu-central-1:{}:alarm:budget", world.account());
    world.set(json!({"active_experiments": 1, "alarms": {&alarm: "OK"}})).await;
    let watched = Template { alarm: Some(&alarm), ..waits() };
    let template = watched.create(&world, "alarm").await;

    let watched = start(&world, &template, "1", &[]).await;
    until(&world, &watched, &[ExperimentStatus::Running]).await;
    let second = world.fis().start_experiment().experiment_template_id(&template).client_token("2").send().await;
    assert_eq!(second.unwrap_err().code(), Some("ServiceQuotaExceededException"));
    world.set(json!({"alarms": {&alarm: "ALARM"}})).await;
    let ended = until(&world, &watched, &ENDED).await;
    assert_eq!(ended.state().unwrap().status(), Some(&ExperimentStatus::Stopped));
    assert!(reason(&ended).contains("stop condition"), "{ended:#?}");

    world.set(json!({"failing_actions": {"aws:fis:wait": "no permission"}})).await;
    let failed = until(&world, &start(&world, &template, "3", &[]).await, &ENDED).await;
    assert_eq!(failed.state().unwrap().status(), Some(&ExperimentStatus::Failed));
    assert!(reason(&failed).contains("no permission"), "{failed:#?}");

    let engaged = UpdateSafetyLeverStateInput::builder().status(SafetyLeverStatusInput::Engaged).reason("an incident");
    let engage = world.fis().update_safety_lever_state().id("default").state(engaged.build().unwrap());
    engage.send().await.unwrap();
    let cancelled = look(&world, &start(&world, &template, "4", &[]).await).await;
    assert_eq!(cancelled.state().unwrap().status(), Some(&ExperimentStatus::Cancelled));
}

#[tokio::test]
async fn rds_fails_over_takes_its_time_and_tells_it() {
    let world = World::new();
    world.set(json!({"failover_takes": 5.0})).await;
    world.aurora("payments", 2, &[("chaos-test", "allowed")]).await;
    let rds = world.rds();
    assert_eq!(world.writer("payments").await, "payments-1");
    let to_writer = rds.failover_db_cluster().db_cluster_identifier("payments");
    let refused = to_writer.clone().target_db_instance_identifier("payments-1").send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidDBInstanceState"));
    to_writer.target_db_instance_identifier("payments-3").send().await.unwrap();
    let status = || async {
        let clusters = rds.describe_db_clusters().db_cluster_identifier("payments").send().await.unwrap();
        clusters.db_clusters()[0].status().unwrap().to_owned()
    };
    assert_eq!(status().await, "failing-over");
    let since = Instant::now();
    while status().await != "available" {
        assert!(since.elapsed() < Duration::from_secs(60), "it never ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.writer("payments").await, "payments-3");
    let events =
        rds.describe_events().source_identifier("payments").source_type(aws_sdk_rds::types::SourceType::DbCluster);
    // It is told right after it is over.
    let since = Instant::now();
    loop {
        let events = events.clone().event_categories("failover").send().await.unwrap();
        let told: Vec<&str> = events.events().iter().filter_map(|event| event.message()).collect();
        if told
            == ["Started same AZ failover to DB instance: payments-3", "Completed failover to DB instance: payments-3"]
        {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{told:?}");
    }
}

#[tokio::test]
async fn the_tagging_api_answers_for_rds_and_ec2() {
    let world = World::new();
    world.aurora("payments", 1, &[("chaos-test", "allowed")]).await;
    let instance = &world.launch(1, &[("chaos-test", "allowed")]).await[0];
    world.launch(1, &[("other", "tag")]).await;
    let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key("chaos-test").values("allowed").build();
    let tagging = aws_sdk_resourcegroupstagging::Client::new(&world.sdk());
    let found = tagging.get_resources().tag_filters(filter).send().await.unwrap();
    let found: BTreeSet<_> = found.resource_tag_mapping_list().iter().filter_map(|r| r.resource_arn()).collect();
    assert_eq!(found, BTreeSet::from([&*world.cluster_arn("payments"), &*instance.arn]));
}

#[tokio::test]
async fn cloudwatch_gives_back_what_was_put() {
    let world = World::new();
    let cloudwatch = Ministack::get().cloudwatch(world.account());
    let dimension = Dimension::builder().name("Service").value("orders").build();
    let datum = MetricDatum::builder().metric_name("Healthy").dimensions(dimension.clone()).value(3.0);
    let datum = datum.unit(StandardUnit::Count).timestamp(DateTime::from(SystemTime::now())).build();
    cloudwatch.put_metric_data().namespace("Test").metric_data(datum).send().await.unwrap();
    let metric = Metric::builder().namespace("Test").metric_name("Healthy").dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Maximum").build();
    let query = MetricDataQuery::builder().id("m").metric_stat(stat).build();
    let now = SystemTime::now();
    let got = cloudwatch.get_metric_data().metric_data_queries(query);
    let got = got.start_time(DateTime::from(now - Duration::from_secs(600)));
    let got = got.end_time(DateTime::from(now + Duration::from_secs(60))).send().await.unwrap();
    assert_eq!(got.metric_data_results()[0].values(), [3.0]);
}

#[tokio::test]
async fn microburst_throttles_and_what_it_answers_never_arrives() {
    let world = World::new();
    let microburst = Microburst::before(world.url());
    let throttled = json!([{"service": "fis", "operation": "ListExperiments", "times": 2,
        "error": {"code": "ThrottlingException", "status": 429}}]);
    microburst.rules(throttled).await;
    let fis = aws_sdk_fis::Client::new(&world.sdk().into_builder().endpoint_url(microburst.url()).build());
    fis.list_experiments().send().await.expect("the SDK tries three times");
    assert_eq!(microburst.fired().await, ["fis ListExperiments error:ThrottlingException"; 2]);
    assert_eq!(world.calls().await.len(), 1);

    let denied = json!([{"service": "fis", "error": {"code": "AccessDeniedException", "status": 403}}]);
    microburst.rules(denied).await;
    let denied = fis.list_experiments().send().await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
}

#[test]
#[ignore = "run by the test below"]
fn starts_all_of_them_and_waits() {
    let _microburst = Microburst::before(World::new().url());
    let _ministack = Ministack::get();
    println!("all of them run");
    std::thread::park();
}

#[test]
fn nothing_is_left_of_them_after_a_sigkill() {
    let home = Home::new();
    let mut child = Started::new(home.test("starts_all_of_them_and_waits"));
    child.printed("all of them run");
    assert_eq!(home.processes().len(), 4, "the test and three emulators");
    child.signal(rustix::process::Signal::KILL);
    child.wait();
    until_so("they are gone", || home.processes().is_empty());
}
