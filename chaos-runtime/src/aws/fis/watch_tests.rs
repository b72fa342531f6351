//! States that no emulator comes to.

use super::*;
use crate::config::parse;
use crate::experiment::core::Core;
use aws_sdk_fis::operation::get_experiment::GetExperimentOutput;
use aws_sdk_fis::operation::get_safety_lever::GetSafetyLeverOutput;
use aws_sdk_fis::operation::list_experiment_resolved_targets::ListExperimentResolvedTargetsOutput;
use aws_sdk_fis::operation::list_experiments::ListExperimentsOutput;
use aws_sdk_fis::operation::start_experiment::StartExperimentError;
use aws_sdk_fis::types::error::{ConflictException, ServiceQuotaExceededException};
use aws_sdk_fis::types::{
    ExperimentAction, ExperimentActionState, ExperimentError, ExperimentState, ExperimentSummary, SafetyLever,
    SafetyLeverState, SafetyLeverStatus,
};
use aws_sdk_fis::{Client, error::ErrorMetadata};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

const RULES: &str = "[profile.staging.aws]\naccounts = [\"123456789012\"]\nregion = \"eu-west-1\"\ntag = \"chaos=yes\"";

fn aws(fis: Client) -> Aws {
    let rules = parse(RULES).unwrap().aws("staging").unwrap();
    Aws { core: Core::for_tests(), session: Arc::new(Session::for_tests(fis, rules)) }
}

fn experiment(status: &str, reason: &str, actions: &[&str]) -> Experiment {
    let state = ExperimentState::builder().status(ExperimentStatus::from(status)).reason(reason);
    let error = ExperimentError::builder().code("TargetResolutionError").location("targets/orders");
    let state = if status == "failed" { state.error(error.build()) } else { state };
    let mut experiment = Experiment::builder().id("EXP1").state(state.build());
    for (at, status) in actions.iter().enumerate() {
        let state = ExperimentActionState::builder().status(ExperimentActionStatus::from(*status));
        let action = ExperimentAction::builder().action_id("aws:ecs:stop-task").state(state.build());
        experiment = experiment.actions(format!("a{at}"), action.build());
    }
    experiment.build()
}

/// What `GetExperiment` and the list of targets say, again and again.
fn answers(experiment: Experiment, targets: &'static [&'static str]) -> [Rule; 2] {
    let get = mock!(Client::get_experiment)
        .then_output(move || GetExperimentOutput::builder().experiment(experiment.clone()).build());
    let resolved = mock!(Client::list_experiment_resolved_targets).then_output(move || {
        let targets = targets.iter().map(|arn| {
            let target = ResolvedTarget::builder().resource_type("aws:ecs:task").target_name("orders");
            target.target_information("arn", *arn).build()
        });
        ListExperimentResolvedTargetsOutput::builder().set_resolved_targets(Some(targets.collect())).build()
    });
    [get, resolved]
}

async fn watch(experiment: Experiment, targets: &'static [&'static str]) -> Watch {
    let [get, resolved] = answers(experiment, targets);
    let aws = aws(mock_client!(aws_sdk_fis, RuleMode::MatchAny, [&get, &resolved]));
    let mut watch = Watch::new(&aws, Before::default());
    watch.begin("EXP1".into());
    watch
}

const TASK: &[&str] = &["arn:aws:ecs:eu-west-1:123456789012:task/orders/1"];

#[tokio::test]
async fn an_experiment_that_fails_is_no_evidence_and_not_waited_for() {
    for (status, says) in [
        ("failed", "the experiment failed: no (TargetResolutionError at targets/orders)"),
        ("cancelled", "the experiment was cancelled: no"),
        ("stopped", "the experiment was stopped: no"),
        ("stopping", "the experiment is stopping"),
    ] {
        let evidence = watch(experiment(status, "no", &["running"]), TASK).await.evidence().await.unwrap();
        assert!(!evidence.is_seen() && evidence.is_hopeless(), "{status}");
        assert_eq!(evidence.text(), says);
    }
}

#[tokio::test]
async fn completed_alone_is_no_evidence() {
    let evidence = watch(experiment("completed", "", &["completed"]), &[]).await.evidence().await.unwrap();
    assert_eq!((evidence.is_seen(), evidence.is_hopeless()), (false, true));
    assert_eq!(evidence.text(), "FIS has resolved no target");
}

#[tokio::test]
async fn actions_that_were_skipped_are_no_evidence() {
    let evidence = watch(experiment("completed", "", &["skipped", "skipped"]), TASK).await.evidence().await.unwrap();
    assert!(!evidence.is_seen() && evidence.is_hopeless(), "{evidence:?}");
}

#[tokio::test]
async fn an_action_on_resolved_targets_is_evidence_by_the_word_of_fis() {
    let evidence = watch(experiment("running", "", &["pending", "running"]), TASK).await.evidence().await.unwrap();
    assert!(evidence.is_seen());
    assert_eq!(evidence.text(), "FIS acts on 1 target that it resolved, by its own word");
    let evidence = watch(experiment("running", "", &["pending"]), TASK).await.evidence().await.unwrap();
    assert!(!evidence.is_seen() && !evidence.is_hopeless(), "{evidence:?}");
}

#[tokio::test]
async fn one_that_an_alarm_stops_is_lost_evidence_and_no_completion() {
    let running = mock!(Client::get_experiment)
        .sequence()
        .output(|| GetExperimentOutput::builder().experiment(experiment("running", "", &["running"])).build())
        .output(|| {
            let stopped = experiment("stopped", "Experiment halted by stop condition.", &["stopped"]);
            GetExperimentOutput::builder().experiment(stopped).build()
        })
        .repeatedly()
        .build();
    let [_, resolved] = answers(experiment("running", "", &[]), TASK);
    let aws = aws(mock_client!(aws_sdk_fis, RuleMode::MatchAny, [&running, &resolved]));
    let mut watch = Watch::new(&aws, Before::default());
    watch.begin("EXP1".into());
    assert!(watch.evidence().await.unwrap().is_seen());
    let lost = watch.evidence().await.unwrap();
    assert_eq!(
        (lost.is_seen(), lost.text()),
        (false, "the experiment was stopped: Experiment halted by stop condition.")
    );
    let completion = watch.completion(Duration::ZERO).await.unwrap();
    assert!(!completion.is_seen() && completion.text().contains("stop condition"), "{completion:?}");
}

#[tokio::test]
async fn quotas_and_conflicts_say_what_to_do() {
    let quota = StartExperimentError::ServiceQuotaExceededException(
        ServiceQuotaExceededException::builder()
            .message("5 experiments")
            .meta(ErrorMetadata::builder().code("ServiceQuotaExceededException").message("5 experiments").build())
            .build(),
    );
    let conflict = StartExperimentError::ConflictException(
        ConflictException::builder()
            .meta(ErrorMetadata::builder().code("ConflictException").message("in use").build())
            .build(),
    );
    for (error, says) in
        [(quota, "a quota of the account is used up"), (conflict, "AWS refused it (ConflictException: in use)")]
    {
        let error = std::sync::Mutex::new(Some(error));
        let rule =
            mock!(Client::start_experiment).then_error(move || error.lock().unwrap().take().expect("asked once"));
        let client = mock_client!(aws_sdk_fis, [&rule]);
        let refused_call = client.start_experiment().client_token("x").experiment_template_id("EXT1").send().await;
        let error = refused("start the experiment", refused_call.unwrap_err()).to_string();
        assert!(error.starts_with("failed to start the experiment: ") && error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn an_engaged_safety_lever_and_foreign_experiments_allow_nothing() {
    let lever = |status: SafetyLeverStatus| {
        let state = SafetyLeverState::builder().status(status).reason("game day is over");
        let lever = SafetyLever::builder().id("default").state(state.build()).build();
        mock!(Client::get_safety_lever)
            .then_output(move || GetSafetyLeverOutput::builder().safety_lever(lever.clone()).build())
    };
    let listed = |status: &'static str| {
        mock!(Client::list_experiments).then_output(move || {
            let state = ExperimentState::builder().status(ExperimentStatus::from(status)).build();
            let summary = ExperimentSummary::builder().id("EXP9").state(state).build();
            ListExperimentsOutput::builder().experiments(summary).build()
        })
    };
    let permit = async |lever: Rule, listed: Rule| {
        let aws = aws(mock_client!(aws_sdk_fis, RuleMode::MatchAny, [&lever, &listed]));
        let harm = crate::aws::Harm { what: "a failover".into(), ..Default::default() };
        aws.session.permit(&harm).await
    };
    let free = || lever(SafetyLeverStatus::Disengaged);
    assert!(permit(free(), listed("completed")).await.is_ok());
    let error = permit(lever(SafetyLeverStatus::Engaged), listed("completed")).await.unwrap_err().to_string();
    assert!(
        error.starts_with("a failover is not allowed: the safety lever of FIS is engaged: game day is over"),
        "{error}"
    );
    let error = permit(lever(SafetyLeverStatus::Engaging), listed("completed")).await.unwrap_err().to_string();
    assert!(error.contains("is engaging"), "{error}");
    let error = permit(free(), listed("running")).await.unwrap_err().to_string();
    assert!(error.contains("somebody else's experiment EXP9 is active"), "{error}");
}
