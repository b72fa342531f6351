//! FIS experiments as faults: that they bite, that they end, and what is said when AWS does not let them.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

use aws_sdk_fis::types::ExperimentStatus;
use chaos_aws_tests::experiments::{Template, all, templates};
use chaos_aws_tests::microburst::Microburst;
use chaos_aws_tests::staging::{GROUP, Staging, TAG};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, ReasonKind, Verdict};
use chaos_tests::home::Started;
use serde_json::json;
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// Experiments on a load that always succeeds.
macro_rules! experiments {
    ($($name:ident($chaos:ident, $aws:ident, $timeout:tt) $body:block)*) => { $(
        #[chaos_test(
            steady_state(success_rate >= 90%),
            hypothesis(recovery <= 30s),
            profiles(staging),
            warm_up = 50ms, baseline = 300ms, after = 100ms, bin = 50ms, timeout = $timeout,
        )]
        #[ignore = "run by the tests below"]
        async fn $name($chaos: &mut Chaos) -> chaos::Result {
            $chaos.load(op(|_: OpId| async { Ok::<(), Infallible>(()) }).rate(per_second(50))).await?;
            let $aws = $chaos.aws().await?;
            $body
            Ok(())
        }
    )* };
}

experiments! {
    terminates(chaos, aws, 100s) {
        chaos.inject(aws.fis().terminate_instances().tagged(GROUP.0, GROUP.1).count(1)).await?;
    }
    previews_and_terminates(chaos, aws, 100s) {
        let one = || aws.fis().terminate_instances().tagged(GROUP.0, GROUP.1).count(1);
        let text = chaos.preview(one()).await?;
        assert!(text.contains(":instance/i-"), "{text}");
        chaos.inject(one()).await?;
    }
    terminates_nobody(chaos, aws, 100s) {
        chaos.inject(aws.fis().terminate_instances().tagged("nobody", "carries it").count(1)).await?;
    }
    fails_over(chaos, aws, 100s) {
        chaos.inject(aws.fis().failover_db_cluster().tagged(TAG.0, TAG.1)).await?;
    }
    runs_a_template(chaos, aws, 100s) {
        chaos.inject(aws.fis().template(std::env::var("TEMPLATE").expect("the test sets it"))).await?;
    }
    runs_a_tagged_template(chaos, aws, 100s) {
        chaos.inject(aws.fis().template_tagged("team", "platform")).await?;
    }
    holds(chaos, aws, 100s) {
        chaos.inject(stop_for_ten_minutes(&aws)).hold(secs(1)).await?;
    }
    panics(chaos, aws, 100s) {
        let _held = chaos.inject(stop_for_ten_minutes(&aws)).start().await?;
        as_bodies_do();
    }
    waits_for_ever(chaos, aws, 100s) {
        let _held = chaos.inject(stop_for_ten_minutes(&aws)).start().await?;
        println!("it is held");
        std::future::pending::<()>().await;
    }
    runs_out_of_time(chaos, aws, 20s) {
        let _held = chaos.inject(stop_for_ten_minutes(&aws)).start().await?;
        std::future::pending::<()>().await;
    }
}

fn as_bodies_do() {
    panic!("as bodies do");
}

fn stop_for_ten_minutes(aws: &chaos_runtime::aws::Aws) -> chaos_runtime::aws::fis::FisAction {
    aws.fis().stop_instances().tagged(GROUP.0, GROUP.1).count(1).start_again_after(secs(600))
}

fn is_live(status: &ExperimentStatus) -> bool {
    use ExperimentStatus::{Cancelled, Completed, Failed, Stopped};
    !matches!(status, Completed | Stopped | Failed | Cancelled)
}

/// Nothing that a chaos test has made is left, and nothing runs.
async fn assert_nothing_left(staging: &Staging) {
    assert_eq!(templates(&staging.world).await, [""; 0]);
    let all = all(&staging.world).await;
    assert!(!all.values().any(is_live), "{all:?}");
    let instances = staging.world.instances().await;
    assert!(instances.iter().all(|instance| instance.state != "stopped"), "{instances:#?}");
}

fn events(journal: &Journal) -> String {
    journal.events.iter().map(|event| format!("{event}\n")).collect()
}

fn reason(journal: &Journal) -> String {
    let reason = &journal.reasons[0];
    format!("{}\n{}", reason.message, reason.help.as_deref().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_terminated_and_that_is_seen() {
    let staging = Staging::new().await;
    let (_, journal) = staging.run("terminates", staging.child("terminates"), Verdict::Passed);
    let gone =
        staging.world.instances().await.into_iter().find(|i| i.state == "terminated").expect("one was terminated");
    assert!(journal.faults[0].evidence.contains(&format!("{} is terminated", gone.id)), "{:#?}", journal.faults);
    let told = events(&journal);
    for part in [&*format!("FIS resolved its targets: {}", gone.arn), "FIS action", "completed"] {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
    assert_nothing_left(&staging).await;
    let made = staging.world.fis().list_experiments().send().await.unwrap();
    let tags = made.experiments()[0].tags().expect("it is tagged");
    for name in ["chaos-test.experiment", "chaos-test.run", "chaos-test.test", "chaos-test.owner", "chaos-test.expires"]
    {
        assert!(tags.contains_key(name), "{name} is not in {tags:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_fails_over_and_the_writer_moves() {
    let staging = Staging::new().await;
    let (_, journal) = staging.run("fails_over", staging.child("fails_over"), Verdict::Passed);
    let evidence = &journal.faults[0].evidence;
    assert!(evidence.contains("writer moved from payments-1 to payments-2"), "{evidence}");
    assert_eq!(staging.world.writer("payments").await, "payments-2");
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn completed_is_no_evidence() {
    let staging = Staging::new().await;
    staging.world.set(json!({"idle_actions": ["aws:ec2:terminate-instances"]})).await;
    let (_, journal) = staging.run("terminates", staging.child("terminates"), Verdict::Inconclusive);
    assert!(reason(&journal).contains("still run"), "{:#?}", journal.reasons);
    assert_eq!(staging.states().await, ["running"; 3]);
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_fails_is_told_with_its_reason() {
    let staging = Staging::new().await;
    staging.world.set(json!({"failing_actions": {"aws:ec2:terminate-instances": "the role may not do that"}})).await;
    let (ended, journal) = staging.run("terminates", staging.child("terminates"), Verdict::Inconclusive);
    assert!(reason(&journal).contains("the role may not do that"), "{}", ended.output);
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_by_id_and_by_tag_stays_as_it_is() {
    let staging = Staging::new().await;
    let alarm = staging.alarm_arn();
    let tags = [GROUP, TAG];
    let template = Template {
        action: "aws:ec2:terminate-instances",
        target: Some(("Instances", "aws:ec2:instance", &tags)),
        alarm: Some(&alarm),
        tags: &[("team", "platform")],
        ..Template::default()
    };
    let id = template.create(&staging.world, "owned").await;
    let mut child = staging.child("runs_a_template");
    child.env("TEMPLATE", &id);
    staging.run("runs_a_template", child, Verdict::Passed);
    staging.run("runs_a_tagged_template", staging.child("runs_a_tagged_template"), Verdict::Passed);
    assert_eq!(staging.states().await, ["running", "terminated", "terminated"]);
    assert_eq!(templates(&staging.world).await, [id]);

    let mut child = staging.child("runs_a_template");
    child.env("TEMPLATE", "EXTnosuch");
    let words = ["there is no FIS template EXTnosuch in account", "look at its id"];
    let (_, journal) = staging.run("runs_a_template", child, Verdict::Errored);
    assert!(words.iter().all(|word| reason(&journal).contains(word)), "{:#?}", journal.reasons);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_experiment_is_stopped_and_undoes_itself() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    staging.run("holds", staging.child("holds"), Verdict::Passed);
    let statuses: Vec<ExperimentStatus> = all(&staging.world).await.into_values().collect();
    assert_eq!(statuses, [ExperimentStatus::Stopped]);
    assert_eq!(staging.states().await, ["running"; 3]);
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_targets_and_harms_none() {
    let staging = Staging::new().await;
    let mut child = staging.child("terminates");
    child.env("CHAOS_DRY_RUN", "1");
    let (ended, journal) = staging.run("terminates", child, Verdict::Skipped);
    assert_eq!(journal.reasons[0].kind, ReasonKind::DryRun);
    let instances = staging.world.instances().await;
    assert!(instances.iter().any(|instance| ended.output.contains(&instance.arn)), "{}", ended.output);
    assert_eq!(staging.states().await, ["running"; 3]);
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_in_code_harms_none_and_the_harm_comes_after_it() {
    let staging = Staging::new().await;
    let (_, journal) =
        staging.run("previews_and_terminates", staging.child("previews_and_terminates"), Verdict::Passed);
    assert_eq!(events(&journal).matches("dry run: FIS aws:ec2:terminate-instances").count(), 1, "{journal:#?}");
    let harmed = staging.states().await.into_iter().filter(|state| state != "running").count();
    assert_eq!(harmed, 1, "by the injection alone");
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_without_targets_is_no_success() {
    let staging = Staging::new().await;
    let mut child = staging.child("terminates_nobody");
    child.env("CHAOS_DRY_RUN", "1");
    let (_, journal) = staging.run("terminates_nobody", child, Verdict::Errored);
    let told = reason(&journal);
    assert!(told.contains("Target resolution returned empty set") && told.contains("look at tags"), "{told}");
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_and_a_time_out_stop_the_experiment() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    for (test, kind) in [("panics", ReasonKind::Panic), ("runs_out_of_time", ReasonKind::Timeout)] {
        let (_, journal) = staging.run(test, staging.child(test), Verdict::Errored);
        assert_eq!(journal.reasons[0].kind, kind, "{:#?}", journal.reasons);
        assert_nothing_left(&staging).await;
    }
    assert_eq!(staging.world.effects().await.iter().filter(|effect| effect.what == "started").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_the_experiment() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let mut child = staging.child("waits_for_ever");
    child.process_group(0);
    let ended = block_in_place(|| {
        let mut child = Started::new(child);
        child.printed("it is held");
        child.signal_group(rustix::process::Signal::INT);
        child.wait()
    });
    assert!(!ended.status.success());
    let journal = staging.home.journal("waits_for_ever");
    assert_eq!(journal.verdict, Verdict::Aborted, "{}", ended.output);
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchdog_stops_the_experiment_of_a_killed_process() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    block_in_place(|| {
        let mut child = Started::new(staging.child("waits_for_ever"));
        child.printed("it is held");
        child.signal(rustix::process::Signal::KILL);
        child.wait();
    });
    let since = Instant::now();
    // The watchdog deletes the template first, so that nothing more is started of it.
    while !templates(&staging.world).await.is_empty() || all(&staging.world).await.values().any(is_live) {
        assert!(since.elapsed() < Duration::from_secs(60), "{}", staging.world.output());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_outlasts_throttling() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let microburst = Microburst::before(staging.world.url());
    // More than the SDK's own tries, for every call of the undo.
    let throttled = |operation: &str| {
        json!({"service": "fis", "operation": operation, "times": 9,
               "error": {"code": "ThrottlingException", "status": 429}})
    };
    microburst.rules(json!([throttled("StopExperiment"), throttled("DeleteExperimentTemplate")])).await;
    let mut child = staging.child("holds");
    child.env("AWS_ENDPOINT_URL", microburst.url());
    staging.run("holds", child, Verdict::Passed);
    let fired = microburst.fired().await;
    for operation in ["StopExperiment", "DeleteExperimentTemplate"] {
        let count = fired.iter().filter(|fired| fired.contains(operation)).count();
        assert_eq!(count, 9, "{operation}: {fired:?}");
    }
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_answers_and_lost_connections_change_nothing() {
    let staging = Staging::new().await;
    staging.world.set(json!({"speed": 1})).await;
    let microburst = Microburst::before(staging.world.url());
    let lost =
        |operation: &str, times: u32| json!({"service": "fis", "operation": operation, "times": times, "reset": true});
    let slow = json!({"service": "fis", "operation": "GetExperiment", "latency": {"min": 300, "max": 800}});
    let rules =
        json!([lost("CreateExperimentTemplate", 1), lost("StartExperiment", 2), lost("StopExperiment", 6), slow]);
    microburst.rules(rules).await;
    let mut child = staging.child("holds");
    child.env("AWS_ENDPOINT_URL", microburst.url());
    staging.run("holds", child, Verdict::Passed);
    let fired = microburst.fired().await;
    for (operation, times) in [("CreateExperimentTemplate", 1), ("StartExperiment", 2), ("StopExperiment", 6)] {
        let count = fired.iter().filter(|fired| fired.contains(operation)).count();
        assert_eq!(count, times, "{operation}: {fired:?}");
    }
    assert_nothing_left(&staging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_is_told_with_the_way_out() {
    let staging = Staging::new().await;
    let microburst = Microburst::before(staging.world.url());
    let denied = "User: arn:aws:iam::1:user/ci is not authorized to perform: fis:StartExperiment on resource: \
                  arn:aws:fis:eu-central-1:1:experiment/* because no identity-based policy allows it";
    let cases = [
        ("fis", "StartExperiment", "AccessDeniedException", 403, denied, "\"Action\":\"fis:StartExperiment\""),
        ("fis", "CreateExperimentTemplate", "ServiceUnavailableException", 503, "", "health.aws.amazon.com"),
        ("sts", "GetCallerIdentity", "ExpiredToken", 403, "it has expired", "aws sso login"),
    ];
    for (service, operation, code, status, said, word) in cases {
        let error = json!({"code": code, "status": status, "message": said});
        microburst.rules(json!([{"service": service, "operation": operation, "error": error}])).await;
        let mut child = staging.child("terminates");
        child.env("AWS_ENDPOINT_URL", microburst.url());
        let (_, journal) = staging.run("terminates", child, Verdict::Errored);
        let told = reason(&journal);
        assert!(told.contains(code) && told.contains(word), "{told}");
        assert_nothing_left(&staging).await;
        assert_eq!(staging.states().await, ["running"; 3]);
    }
}
