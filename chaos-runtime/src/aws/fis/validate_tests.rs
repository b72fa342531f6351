use super::catalogue::{self, Kind};
use super::{Action, Denied, Plan, Pods, Protocol, Traffic};
use crate::units::{millis, minutes, percent, secs};
use proptest::prelude::*;

const INSTANCE: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/i-0a1b2c";

/// What is wrong with this action, when a plan of it alone has an alarm.
fn wrong(action: Action) -> Vec<String> {
    problems(Plan::from(action).stop_on_alarm("budget"))
}

fn problems(plan: impl Into<Plan>) -> Vec<String> {
    plan.into().validate().err().map_or_else(Vec::new, |found| found.all().iter().map(ToString::to_string).collect())
}

#[track_caller]
fn says(found: &[String], words: &[&str]) {
    assert!(found.iter().any(|problem| words.iter().all(|word| problem.contains(word))), "{words:?}: {found:#?}");
}

fn tagged(action: Action) -> Action {
    action.tagged("service", "orders")
}

fn pods() -> Pods {
    Pods::labelled("app=orders").in_cluster("shop").namespace("default").service_account("fis")
}

#[test]
fn every_constructor_gives_what_its_action_needs() {
    let time = minutes(5);
    let by_arn = |action: Action| action.arn("arn:aws:iam::123456789012:role/launcher");
    let all = [
        tagged(Action::failover_db_cluster()),
        tagged(Action::reboot_db_instances().force_failover()),
        tagged(Action::terminate_instances()),
        tagged(Action::stop_instances().start_again_after(time)),
        tagged(Action::reboot_instances()),
        tagged(Action::send_spot_instance_interruptions(minutes(2))),
        tagged(Action::auto_scaling_without_capacity("eu-west-1a", time)),
        by_arn(Action::launches_without_capacity("eu-west-1a", time)),
        Action::stop_task().in_cluster("shop").of_service("orders"),
        tagged(Action::drain_container_instances(percent(50), time)),
        tagged(Action::task_network_latency(millis(200), time).sources(["S3", "10.0.0.0/8"]).ecs_endpoints()),
        tagged(Action::task_network_packet_loss(percent(7), time)),
        tagged(Action::task_network_black_hole(Traffic::Egress, Protocol::Tcp, 5432, time)),
        tagged(Action::task_cpu_stress(time)),
        tagged(Action::task_io_stress(time)),
        tagged(Action::task_kill_process("orders")),
        Action::pod_network_latency(pods(), millis(200), time),
        Action::pod_network_packet_loss(pods().container("app"), percent(7), time),
        Action::pod_network_black_hole(pods(), Traffic::Ingress, Protocol::Udp, 53, time),
        Action::pod_cpu_stress(pods(), time),
        Action::pod_io_stress(pods(), time),
        Action::pod_memory_stress(pods(), percent(80), time),
        Action::pod_delete(pods()).availability_zone("eu-west-1a"),
        tagged(Action::terminate_nodegroup_instances(percent(30))),
        Action::inject_kubernetes_custom_resource("chaos-mesh.org/v1alpha1", "PodChaos", "default", "{}", time)
            .arn("arn:aws:eks:eu-west-1:123456789012:cluster/shop"),
        tagged(Action::lambda_delay(millis(900), time)),
        tagged(Action::lambda_error(time)),
        tagged(Action::lambda_http_response(503, time)),
        tagged(Action::pause_volume_io(secs(5)).availability_zone("eu-west-1a")),
        tagged(Action::volume_io_latency(millis(100), time)),
        tagged(Action::disrupt_connectivity(Denied::S3, time)),
        tagged(Action::disrupt_vpc_endpoint(time)),
        tagged(Action::disrupt_cross_region_routes("eu-central-1", time)),
        tagged(Action::disrupt_cross_region_transit_gateways("eu-central-1", time)),
        tagged(Action::pause_global_table_replication(time)),
        tagged(Action::dsql_connection_failure(percent(10), time)),
        tagged(Action::elasticache_power_interruption(time).availability_zone("eu-west-1a")),
        tagged(Action::kinesis_throughput_exceeded(percent(10), time)),
        tagged(Action::kinesis_expired_iterator(percent(10), time)),
        tagged(Action::pause_memorydb_replication(time)),
        tagged(Action::pause_bucket_replication("eu-central-1", time)),
        by_arn(Action::api_internal_error("ec2", ["DescribeInstances"], percent(100), time)),
        by_arn(Action::api_throttle_error("ec2", ["DescribeInstances", "RunInstances"], percent(50), time)),
        by_arn(Action::api_unavailable_error("kinesis", ["PutRecord"], percent(1), time)),
        Action::wait(time),
        Action::assert_alarms_ok(["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:budget"]),
        tagged(Action::start_zonal_autoshift("eu-west-1a", time)),
        tagged(Action::disconnect_virtual_interfaces(minutes(10))),
        tagged(Action::run_document("restart-orders", time).document_parameter("Times", "2")),
        Action::start_automation("AWS-RestartEC2Instance", time),
        tagged(Action::instance_cpu_stress(time)),
        tagged(Action::instance_memory_stress(percent(80), time)),
        tagged(Action::instance_io_stress(time)),
        tagged(Action::instance_disk_fill(percent(90), time)),
        tagged(Action::instance_kill_process("orders")),
        tagged(Action::instance_network_latency(millis(200), ["ALL"], time)),
        tagged(Action::instance_network_packet_loss(percent(7), ["S3", "example.com"], time)),
        tagged(Action::instance_network_black_hole(Traffic::Egress, Protocol::Tcp, 5432, time)),
    ];
    assert_eq!(all.len(), super::constructors().count(), "one of each");
    for action in all {
        assert_eq!(wrong(action.clone()), Vec::<String>::new(), "{action:?}");
        assert!(!action.describe().contains("not known"), "{}", action.describe());
    }
}

#[test]
fn an_unknown_action_says_what_it_harms_or_was_meant_otherwise() {
    let found = wrong(tagged(Action::new("aws:ec2:terminate-instance")));
    says(&found, &["no action that is known", "did you mean `aws:ec2:terminate-instances`?", "target_type"]);
    assert_eq!(wrong(tagged(Action::new("aws:new:thing").target_type("Things", "aws:new:thing"))), [""; 0]);
    assert_eq!(wrong(Action::new("aws:new:thing").without_target().parameter("x", 1)), [""; 0]);
    let described = Action::new("aws:new:thing").without_target().describe();
    assert!(described.contains("not known here and were not checked"), "{described}");
    says(&wrong(tagged(Action::terminate_instances()).target_type("Instances", "x")), &["is known"]);
    says(&wrong(Action::new("terminate")), &["no id of a FIS action"]);
}

#[test]
fn parameters_are_checked_by_name_and_value() {
    let latency = || tagged(Action::task_network_latency(millis(200), minutes(5)));
    says(&wrong(latency().parameter("delayMillis", 3)), &["no parameter `delayMillis`", "`delayMilliseconds`"]);
    says(&wrong(latency().parameter("delayMilliseconds", "200ms")), &["is `200ms`", "a whole number"]);
    says(&wrong(tagged(Action::new("aws:ecs:task-network-latency"))), &["`duration` is missing"]);
    says(&wrong(tagged(Action::terminate_instances()).parameter("force", true)), &["has no parameters"]);
    says(&wrong(tagged(Action::disrupt_connectivity(Denied::All, secs(59)))), &["is `PT59S`", "from 60 s to 12 h"]);
    says(&wrong(tagged(Action::pause_volume_io(millis(1_500)))), &["is `PT1.5S`", "whole seconds"]);
    says(&wrong(tagged(Action::drain_container_instances(percent(0), minutes(1)))), &["is `0`", "from 1 to 100"]);
    says(&wrong(tagged(Action::lambda_http_response(1_000, minutes(1)))), &["is `1000`", "from 0 to 999"]);
    says(&wrong(tagged(Action::send_spot_instance_interruptions(minutes(1)))), &["from 2 min to 15 min"]);
    says(&wrong(tagged(Action::lambda_error(minutes(1))).parameter("preventExecution", "yes")), &["`true` or `false`"]);
    says(&wrong(Action::assert_alarms_ok(["budget"])), &["`alarmArns` is `budget`"]);
    says(
        &wrong(tagged(Action::task_kill_process("x")).parameter("signal", "SIGHUP")),
        &["one of `SIGTERM`, `SIGKILL`"],
    );
    says(&wrong(tagged(Action::task_kill_process("x".repeat(1_025)))), &["more than 1024 characters"]);
    let stop = tagged(Action::stop_instances()).parameter("completeIfInstancesTerminated", true);
    says(&wrong(stop), &["without `startInstancesAfterDuration`"]);
    let prefixes = tagged(Action::disrupt_connectivity(Denied::All, minutes(1))).parameter("scope", "prefix-list");
    says(&wrong(prefixes), &["none is named"]);
}

#[test]
fn documents_of_fis_are_checked_too() {
    let memory = tagged(Action::run_document("AWSFIS-Run-Memory-Stress", minutes(2)));
    let found = wrong(memory.document_parameter("DurationSecond", "60"));
    says(&found, &["needs `DurationSeconds`"]);
    says(&found, &["needs `Percent`"]);
    says(&found, &["no parameter `DurationSecond`", "did you mean `DurationSeconds`?"]);
    says(
        &wrong(tagged(Action::run_document("x", minutes(2))).parameter("documentParameters", "[]")),
        &["a JSON object"],
    );
}

#[test]
fn something_has_to_choose_what_is_harmed() {
    says(&wrong(Action::terminate_instances()), &["nothing says which EC2 instances"]);
    says(&wrong(Action::terminate_instances().filter("VpcId", ["vpc-1"])), &["nothing says which"]);
    says(&wrong(Action::terminate_instances().availability_zone("eu-west-1a")), &["nothing says which"]);
    says(&wrong(Action::wait(minutes(1)).tagged("a", "b")), &["it has no target"]);
    says(&wrong(tagged(Action::terminate_instances().count(0))), &["harms none"]);
    for share in [0.0, 0.5, 101.0, 33.3, f64::NAN] {
        says(&wrong(tagged(Action::terminate_instances().share(percent(share)))), &["no whole number of percents"]);
    }
}

#[test]
fn arns_stand_alone_and_fit() {
    let by_arn = || Action::terminate_instances().arn(INSTANCE);
    assert_eq!(wrong(by_arn()), [""; 0]);
    for both in
        [by_arn().tagged("a", "b"), by_arn().filter("VpcId", ["vpc-1"]), by_arn().availability_zone("eu-west-1a")]
    {
        says(&wrong(both), &["FIS allows neither tags nor filters", "keep `arn(…)`"]);
    }
    let writer = Action::failover_db_cluster().arn("arn:aws:rds:eu-west-1:123456789012:cluster:payments");
    assert_eq!(wrong(writer.availability_zone("eu-west-1a")), [""; 0], "a parameter goes with ARNs");
    says(&wrong(Action::terminate_instances().arn("i-0a1b2c")), &["`i-0a1b2c` is no ARN"]);
    says(&wrong(Action::failover_db_cluster().arn(INSTANCE)), &["no ARN of Aurora clusters", ":rds:"]);
    let instance = "arn:aws:rds:eu-west-1:123456789012:db:payments-1";
    says(&wrong(Action::failover_db_cluster().arn(instance)), &["no ARN of Aurora clusters", "cluster:"]);
    says(&wrong(Action::terminate_instances().arns([INSTANCE; 6])), &["6 ARNs", "allows 5"]);
}

#[test]
fn some_actions_are_told_what_to_harm_in_one_way_only() {
    says(&wrong(Action::pod_delete(pods()).tagged("a", "b")), &["by `Pods` only"]);
    says(&wrong(tagged(Action::launches_without_capacity("eu-west-1a", minutes(1)))), &["by ARN only"]);
    says(&wrong(Action::pause_bucket_replication("x", minutes(1)).arn("arn:aws:s3:::orders")), &["by tags only"]);
    says(&wrong(Action::pod_delete(Pods::named("orders"))), &["lacks `clusterIdentifier`", "Pods::in_cluster"]);
    says(&wrong(Action::pod_delete(Pods::named("orders"))), &["`kubernetesServiceAccount` is missing"]);
    says(&wrong(tagged(Action::elasticache_power_interruption(minutes(1)))), &["`availability_zone(…)`"]);
    says(&wrong(tagged(Action::disrupt_vpc_endpoint(minutes(1))).availability_zone("a")), &["cannot be chosen by"]);
    says(&wrong(Action::stop_task().target_parameter("clutser", "shop")), &["parameter `clutser`", "`cluster`"]);
}

#[test]
fn tags_and_filters_have_a_form() {
    says(&wrong(tagged(Action::stop_task()).tagged("service", "x")), &["asks twice for the tag `service`"]);
    says(&wrong(Action::stop_task().tagged("", "x")), &["is no tag"]);
    let filtered = |path: &str| wrong(tagged(Action::reboot_instances()).filter(path, ["x"]));
    says(&filtered("placement.availabilityZone"), &["no path of a filter", "Placement.AvailabilityZone"]);
    says(&filtered("State..Name"), &["no path of a filter"]);
    says(&wrong(tagged(Action::reboot_instances()).filter("VpcId", [""; 0])), &["has no value"]);
}

#[test]
fn stop_conditions_are_there_or_waived_in_words() {
    let plan = || Plan::from(Action::wait(minutes(1)));
    says(&problems(plan()), &["nothing stops it", "without_stop_condition"]);
    assert_eq!(problems(plan().without_stop_condition("it only waits")), [""; 0]);
    says(&problems(plan().without_stop_condition(" ")), &["does not say why"]);
    says(&problems(plan().without_stop_condition("x").stop_on_alarm("y")), &["says that nothing does"]);
    says(&problems(plan().stop_on_alarm("")), &["has no name"]);
    says(&problems(plan().stop_on_alarm(INSTANCE)), &["no ARN of an alarm"]);
    let many = (0..6).fold(plan(), |plan, number| plan.stop_on_alarm(format!("alarm-{number}")));
    says(&problems(many), &["6 alarms", "allows 5"]);
}

#[test]
fn the_order_makes_sense() {
    let wait = |name: &str| Action::wait(minutes(1)).named(name);
    let plan = |actions: Vec<Action>| problems(actions.into_iter().fold(Plan::new(), Plan::with).stop_on_alarm("x"));
    says(&plan(vec![]), &["it has no action"]);
    says(
        &plan(vec![wait("a").after("b"), wait("b").after("a"), wait("c").after("b")]),
        &["`a`, `b`, `c`", "never start"],
    );
    says(&plan(vec![wait("a").after("a")]), &["never start"]);
    says(&plan(vec![wait("first"), wait("b").after("frist")]), &["`frist`", "did you mean `first`?"]);
    says(&plan(vec![wait("a"), wait("a")]), &["another action has this name"]);
    says(&plan(vec![wait("a b")]), &["without blanks"]);
    says(&plan(vec![wait("")]), &["its name is none"]);
    says(&plan((0..21).map(|number| wait(&number.to_string())).collect()), &["21 actions", "allows 20"]);
    says(&plan(vec![wait("a").skip_if_empty(), wait("b")]), &["call `skip_if_empty()` on the plan"]);
}

#[test]
fn the_time_is_bounded() {
    let long = || Action::wait(minutes(7 * 60)).then(Action::wait(minutes(6 * 60))).stop_on_alarm("x");
    says(&problems(long()), &["more than 12 hours"]);
    let plan = Plan::from(Action::wait(minutes(3))).stop_on_alarm("x");
    assert_eq!(problems(plan.clone().at_most(minutes(3))), [""; 0]);
    says(&problems(plan.at_most(minutes(2))), &["takes 3 min", "allows 2 min"]);
    let unknown = Plan::from(Action::new("aws:new:thing").without_target()).stop_on_alarm("x");
    says(&problems(unknown.at_most(minutes(2))), &["not known", "`at_most`"]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let plan = Plan::from(Action::terminate_instances().count(0)).role("chaos-fis");
    let text = plan.validate().expect_err("much is wrong").to_string();
    assert!(text.starts_with("the FIS experiment cannot be run, for 4 reasons:\n- "), "{text}");
    assert_eq!(text.matches("help: ").count(), 4, "{text}");
}

#[test]
fn a_required_tag_is_added_where_tags_choose() {
    let mut plan = tagged(Action::terminate_instances())
        .and(Action::reboot_instances().arn(INSTANCE))
        .and(Action::pod_delete(pods()))
        .and(Action::stop_task().in_cluster("shop"))
        .and(Action::wait(minutes(1)));
    plan.require_tag("chaos-test", "allowed").expect("nothing contradicts it");
    plan.require_tag("chaos-test", "allowed").expect("twice is once");
    let tags: Vec<_> = plan.targets().map(|target| (target.action, target.tags.len(), target.takes_tags())).collect();
    assert_eq!(
        tags,
        [
            ("terminate-instances", 2, true),
            ("reboot-instances", 0, false),
            ("pod-delete", 0, false),
            ("stop-task", 1, true),
        ]
    );
    assert_eq!(plan.arns().collect::<Vec<_>>(), [INSTANCE]);
    let error = plan.require_tag("service", "payments").expect_err("it is another one").to_string();
    assert!(error.contains("`service=orders`") && error.contains("help:"), "{error}");
}

/// Texts near those that fit.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(vec![
            "",
            "PT2M",
            "PT0S",
            "50",
            "-1",
            "true",
            "True",
            "tcp",
            "ingress",
            "all",
            "OK",
            "{}",
            "{\"DurationSeconds\":\"1\"}",
            "arn:aws:ssm:eu-west-1::document/AWSFIS-Run-CPU-Stress",
            "arn:{partition}:ssm:{region}::document/x",
            "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:x",
            "eu-west-1a",
            "ec2",
            "EXT",
            "SIGKILL",
            "NaN",
            "1e400",
        ])
        .prop_map(str::to_owned),
        "[ -~é]{0,12}",
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let known: Vec<&'static catalogue::Entry> = catalogue::entries().collect();
    let id = (proptest::sample::select(known), any::<bool>());
    let parameters = proptest::collection::vec((any::<proptest::sample::Index>(), text()), 0..6);
    let chosen = proptest::collection::vec((0..7_u8, text(), text()), 0..4);
    (id, parameters, chosen).prop_map(|((entry, whole), parameters, chosen)| {
        let mut action = Action::new(entry.id);
        for known in entry.parameters.iter().filter(|known| whole && known.required) {
            action = action.parameter(known.name, fitting(known.kind));
        }
        for (which, value) in parameters {
            if !entry.parameters.is_empty() {
                action = action.parameter(entry.parameters[which.index(entry.parameters.len())].name, value);
            }
        }
        for (how, a, b) in chosen {
            action = match how {
                0 => action.tagged(a, b),
                1 => action.arn(a),
                2 => action.filter(a, [b]),
                3 => action.availability_zone(a),
                4 => action.target_parameter(a, b),
                5 => action.after(a),
                _ => action.named(a),
            };
        }
        action
    })
}

fn fitting(kind: Kind) -> String {
    match kind {
        Kind::Duration { least, .. } => format!("PT{}S", least.max(60)),
        Kind::Number { most, .. } => most.to_string(),
        Kind::Percent { .. } => "50".to_owned(),
        Kind::OneOf(words) | Kind::SomeOf(words) => words[0].to_owned(),
        Kind::Bool => "true".to_owned(),
        Kind::Json => "{}".to_owned(),
        Kind::Arn(service) | Kind::Arns(service, _) => format!("arn:aws:{service}:eu-west-1:123456789012:x"),
        _ => "x".to_owned(),
    }
}

proptest! {
    #[test]
    fn a_plan_that_passes_has_all_that_its_actions_need(actions in proptest::collection::vec(action(), 0..4)) {
        let plan = actions.into_iter().fold(Plan::new(), Plan::with).stop_on_alarm("budget");
        let _ = (plan.lasts(), plan.describe());
        let place = super::Place::new("123456789012", "eu-west-1");
        let template = plan.template(&place, "arn:aws:iam::123456789012:role/fis");
        if plan.validate().is_err() {
            return Ok(());
        }
        for (name, action) in plan.actions() {
            let entry = action.entry().expect("a known one");
            let written = &template.actions[name];
            for parameter in entry.parameters.iter().filter(|parameter| parameter.required) {
                prop_assert!(written.parameters.get(parameter.name).is_some_and(|value| !value.is_empty()));
            }
            prop_assert_eq!(written.targets.len(), usize::from(entry.target.is_some()));
            for target in written.targets.values() {
                let target = &template.targets[target];
                let chosen = target.resource_arns.len() + target.resource_tags.len() + target.parameters.len();
                prop_assert!(chosen > 0);
                prop_assert!(target.resource_arns.is_empty() || target.resource_tags.is_empty() && target.filters.is_empty());
            }
            prop_assert!(written.start_after.iter().all(|after| template.actions.contains_key(after)));
        }
        prop_assert!(plan.lasts().is_some());
    }
}
