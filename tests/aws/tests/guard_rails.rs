//! Guard rails. In each test one of them is the only thing between an experiment and the harm: the same experiment in
//! the same account harms it where all of them say yes, which is shown first.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_fis::types::{ExperimentStatus, SafetyLeverStatusInput, UpdateSafetyLeverStateInput};
use chaos_aws_tests::experiments::{Template, start, status};
use chaos_aws_tests::staging::{ALARM, GROUP, Staging, TAG};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::Verdict;
use std::convert::Infallible;

/// Experiments that inject one fault of FIS.
macro_rules! experiments {
    ($($name:ident($aws:ident): $fault:expr;)*) => { $(
        #[chaos_test(
            steady_state(success_rate >= 90%),
            hypothesis(recovery <= 30s),
            profiles(staging, production),
            warm_up = 50ms, baseline = 300ms, after = 100ms, bin = 50ms, timeout = 100s,
        )]
        #[ignore = "run by the tests below"]
        async fn $name(chaos: &mut Chaos) -> chaos::Result {
            chaos.load(op(|_: OpId| async { Ok::<(), Infallible>(()) }).rate(per_second(50))).await?;
            let $aws = chaos.aws().await?;
            chaos.inject($fault).await?;
            Ok(())
        }
    )* };
}

experiments! {
    terminates(aws): aws.fis().terminate_instances().tagged(GROUP.0, GROUP.1).count(1);
    terminates_by_arn(aws): aws.fis().terminate_instances().arn(std::env::var("TARGET").expect("the test sets it"));
    stops_for_two_minutes(aws): aws.fis().stop_instances().tagged(GROUP.0, GROUP.1).count(1).start_again_after(secs(120));
    runs_a_template(aws): aws.fis().template(std::env::var("TEMPLATE").expect("the test sets it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_guard_rail_says_yes_the_harm_is_done() {
    let staging = Staging::new().await;
    staging.run("terminates", staging.child("terminates"), Verdict::Passed);
    assert_eq!(staging.states().await, ["running", "running", "terminated"]);

    let target = staging.world.instances().await.into_iter().find(|i| i.state == "running").unwrap();
    let mut child = staging.child("terminates_by_arn");
    child.env("TARGET", &target.arn);
    staging.run("terminates_by_arn", child, Verdict::Passed);
    assert_eq!(staging.states().await, ["running", "terminated", "terminated"]);

    // Six seconds: long enough to be seen.
    staging.world.set(serde_json::json!({"speed": 20})).await;
    staging.run("stops_for_two_minutes", staging.child("stops_for_two_minutes"), Verdict::Passed);
    let effects: Vec<String> = staging.world.effects().await.into_iter().map(|effect| effect.what).collect();
    assert_eq!(effects, ["terminated", "terminated", "stopped", "started"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_an_account_that_is_not_listed() {
    let mut staging = Staging::new().await;
    staging.rule("accounts", "[\"999999999999\"]");
    let words = [&*format!("credentials are of account {}", staging.world.account()), "allows 999999999999"];
    staging.refuses("terminates", staging.child("terminates"), &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_of_another_region() {
    let mut staging = Staging::new().await;
    staging.rule("region", "\"eu-west-1\"");
    staging.refuses("terminates", staging.child("terminates"), &["AWS_REGION is eu-central-1", "eu-west-1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_of_another_region_or_account() {
    let staging = Staging::new().await;
    let ours = staging.world.instances().await.remove(0).arn;
    let elsewhere = ours.replace("eu-central-1", "eu-west-1");
    let others = ours.replace(staging.world.account(), "999999999999");
    for (target, word) in [(elsewhere, "is in eu-west-1"), (others, "is of account 999999999999")] {
        let mut child = staging.child("terminates_by_arn");
        child.env("TARGET", target);
        staging.refuses("terminates_by_arn", child, &[word]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_without_the_tag() {
    let staging = Staging::new().await;
    let bare = staging.world.launch(1, &[GROUP]).await.remove(0);
    let other = staging.world.launch(1, &[GROUP, (TAG.0, "denied")]).await.remove(0);
    for (target, word) in [(bare, "has no tag `chaos-test`"), (other, "its tag `chaos-test` is `denied`")] {
        let mut child = staging.child("terminates_by_arn");
        child.env("TARGET", &target.arn);
        staging.refuses("terminates_by_arn", child, &["does not carry the tag chaos-test=allowed", word]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_of_the_group_without_the_tag_are_not_chosen() {
    let staging = Staging::new().await;
    let bare = staging.world.launch(20, &[GROUP]).await;
    staging.run("terminates", staging.child("terminates"), Verdict::Passed);
    let instances = staging.world.instances().await;
    let harmed: Vec<_> = instances.iter().filter(|instance| instance.state == "terminated").collect();
    assert_eq!(harmed.len(), 1);
    assert!(bare.iter().all(|instance| instance.id != harmed[0].id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_whose_targets_need_not_carry_the_tag() {
    let staging = Staging::new().await;
    let alarm = staging.alarm_arn();
    let action = "aws:ec2:terminate-instances";
    let loose = Template { action, target: Some(("Instances", "aws:ec2:instance", &[GROUP])), ..Template::default() };
    let tags = [GROUP, TAG];
    let strict = Template { target: Some(("Instances", "aws:ec2:instance", &tags)), ..loose.clone() };
    for (template, alarm, word) in [
        (&loose, Some(&*alarm), "need not carry the tag chaos-test=allowed"),
        (&strict, None, "no alarm stops the template"),
    ] {
        let id = Template { alarm, ..template.clone() }.create(&staging.world, word).await;
        let mut child = staging.child("runs_a_template");
        child.env("TEMPLATE", id);
        staging.refuses("runs_a_template", child, &[word]).await;
    }
    let id = Template { alarm: Some(&alarm), ..strict }.create(&staging.world, "good").await;
    let mut child = staging.child("runs_a_template");
    child.env("TEMPLATE", id);
    staging.run("runs_a_template", child, Verdict::Passed);
    assert_eq!(staging.states().await, ["running", "running", "terminated"]);
}

/// Should the guard rail fail, these calls would go to AWS itself: with credentials that are none, through a proxy that
/// is none.
fn without_a_way_out(mut child: Command) -> Command {
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        child.env(proxy, "http://127.0.0.1:9");
    }
    child.env_remove("AWS_ENDPOINT_URL");
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mixture_of_emulator_and_aws() {
    let staging = Staging::new().await;
    let mut child = without_a_way_out(staging.child("terminates"));
    for service in ["STS", "FIS", "RDS", "EC2"] {
        child.env(format!("AWS_ENDPOINT_URL_{service}"), staging.world.url());
    }
    staging
        .refuses(
            "terminates",
            child,
            &["a mixture of emulator and AWS", "Resource Groups Tagging API would be that of AWS"],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_where_aws_is_meant() {
    let mut staging = Staging::new().await;
    staging.without_rule("emulator");
    staging.refuses("terminates", staging.child("terminates"), &["is for AWS", "would go to an emulator"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_where_an_emulator_is_meant() {
    let staging = Staging::new().await;
    let mut child = without_a_way_out(staging.child("terminates"));
    child.env_remove("AWS_ENDPOINT_URL_CLOUDWATCH");
    staging.refuses("terminates", child, &["is for an emulator", "would go to AWS itself"]).await;
    assert_eq!(staging.world.calls().await, [], "nobody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_alarm_that_rings_has_no_data_or_is_not_there() {
    let mut staging = Staging::new().await;
    staging.alarm(StateValue::Alarm).await;
    staging.refuses("terminates", staging.child("terminates"), &["its stop alarm `orders-error-budget` is on"]).await;
    staging.alarm(StateValue::InsufficientData).await;
    staging.refuses("terminates", staging.child("terminates"), &[ALARM, "INSUFFICIENT_DATA"]).await;
    staging.alarm(StateValue::Ok).await;
    staging.rule("stop_alarms", "[\"no-such-alarm\"]");
    staging.refuses("terminates", staging.child("terminates"), &["there is no alarm `no-such-alarm`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stop_condition() {
    let mut staging = Staging::new().await;
    staging.without_rule("stop_alarms");
    staging.refuses("terminates", staging.child("terminates"), &["stop"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_experiment_that_is_active() {
    let staging = Staging::new().await;
    staging.world.set(serde_json::json!({"speed": 1})).await;
    let template = Template::waits(&[("duration", "PT1H")], &[]).create(&staging.world, "theirs").await;
    let id = start(&staging.world, &template, "theirs", &[]).await;
    let words = [&*format!("somebody else's experiment {id} is active")];
    staging.refuses("terminates", staging.child("terminates"), &words).await;
    assert!(matches!(status(&staging.world, &id).await, ExperimentStatus::Running | ExperimentStatus::Initiating));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_lasts_too_long() {
    let mut staging = Staging::new().await;
    staging.rule("max_duration", "\"119s\"");
    let name = "stops_for_two_minutes";
    staging.refuses(name, staging.child(name), &["it lasts 2 min", "max_duration"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kill_switch_as_a_file_or_a_variable() {
    let mut staging = Staging::new().await;
    staging.rule("kill_switch", "\"stop-all\"");
    let file = staging.home.path().join("stop-all");
    std::fs::write(&file, "").unwrap();
    staging.refuses("terminates", staging.child("terminates"), &["the kill switch is on", "stop-all exists"]).await;
    std::fs::remove_file(&file).unwrap();
    let mut child = staging.child("terminates");
    child.env("CHAOS_KILL_SWITCH", "1");
    staging.refuses("terminates", child, &["CHAOS_KILL_SWITCH is set"]).await;
    staging.run("terminates", staging.child("terminates"), Verdict::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_safety_lever_of_fis() {
    let staging = Staging::new().await;
    let engaged = UpdateSafetyLeverStateInput::builder().status(SafetyLeverStatusInput::Engaged).reason("an incident");
    let engage = staging.world.fis().update_safety_lever_state().id("default").state(engaged.build().unwrap());
    engage.send().await.unwrap();
    staging
        .refuses("terminates", staging.child("terminates"), &["the safety lever of FIS is engaged: an incident"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn production_without_the_second_switch() {
    let mut staging = Staging::new().await;
    staging.profile = "production";
    staging
        .refuses("terminates", staging.child("terminates"), &["is production", "CHAOS_ALLOW_PRODUCTION=production"])
        .await;
    let mut child = staging.child("terminates");
    child.env("CHAOS_ALLOW_PRODUCTION", "staging");
    staging.refuses("terminates", child, &["is production"]).await;
    let mut child = staging.child("terminates");
    child.env("CHAOS_ALLOW_PRODUCTION", "production");
    staging.run("terminates", child, Verdict::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_allows_no_account() {
    let staging = Staging::new().await;
    let config = "[profile.production]\n[profile.staging.http]\norders = \"http://127.0.0.1:9\"\n";
    let words = ["no AWS account may be harmed in profile `staging`"];
    staging.refuses("terminates", staging.child_with("terminates", config), &words).await;
    assert_eq!(staging.world.calls().await, [], "nobody was asked");
}
