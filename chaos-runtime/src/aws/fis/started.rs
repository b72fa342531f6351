//! What an experiment has made in the account, and its end.

use super::super::error::refused;
use super::super::guard::Permit;
use super::super::tags::Tags;
use super::super::undo::{delete_template, stop};
use super::super::{Session, undo_here};
use super::template::Template;
use crate::{Error, Result};
use aws_sdk_fis::types::{
    AccountTargeting, ActionsMode, CreateExperimentTemplateActionInput, CreateExperimentTemplateExperimentOptionsInput,
    CreateExperimentTemplateStopConditionInput, CreateExperimentTemplateTargetInput, EmptyTargetResolutionMode,
    ExperimentTemplateTargetInputFilter, StartExperimentExperimentOptionsInput,
};
use tokio::sync::Mutex;

/// What was made so far.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Calls were begun whose answer may not have come.
    begun: bool,
    /// Of ours, to be deleted.
    template: Option<String>,
    experiment: Option<String>,
}

impl Ids {
    /// Stops the experiment and deletes the template. May be called again.
    pub(super) async fn end(&mut self, session: &Session, fault: &str) -> Result<()> {
        if !self.begun {
            return Ok(());
        }
        if self.experiment.is_none() {
            // An answer did not come: what was made is found by its tags.
            undo_here(session, fault).await?;
        }
        if let Some(id) = &self.experiment {
            stop(&session.fis, id).await?;
        }
        if let Some(id) = &self.template {
            delete_template(&session.fis, id).await?;
        }
        *self = Self::default();
        Ok(())
    }
}

/// Makes the template, if one has to be made, and starts the experiment. The lock is held until the answers are there:
/// an undo waits for them.
pub(super) async fn start(
    session: &Session,
    permit: &Permit,
    ids: &Mutex<Ids>,
    fault: &str,
    plan: Option<Template>,
    template: Option<String>,
    mode: ActionsMode,
) -> Result<String> {
    let mut ids = ids.lock().await;
    ids.begun = true;
    let own = match plan {
        Some(plan) => {
            let id = create(session, fault, plan).await?;
            ids.template = Some(id.clone());
            Some(id)
        }
        None => None,
    };
    let template = own.or(template).ok_or_else(|| Error::new("there is no template to start"))?;
    permit.still_good()?;
    let options = StartExperimentExperimentOptionsInput::builder().actions_mode(mode).build();
    let call = session
        .fis
        .start_experiment()
        .experiment_template_id(&template)
        .client_token(Tags::draw())
        .experiment_options(options)
        .set_tags(Some(session.tags.of_fault(fault)));
    let answer =
        call.send().await.map_err(|error| refused(&format!("start the experiment of template {template}"), error))?;
    let id = answer.experiment.and_then(|experiment| experiment.id);
    let id = id.ok_or_else(|| Error::new("FIS started an experiment and did not say which"))?;
    ids.experiment = Some(id.clone());
    Ok(id)
}

async fn create(session: &Session, fault: &str, plan: Template) -> Result<String> {
    let wrong = |error: aws_sdk_fis::error::BuildError| Error::new(format!("the template is not whole: {error}"));
    let mut call = session
        .fis
        .create_experiment_template()
        .client_token(Tags::draw())
        .description(plan.description)
        .role_arn(plan.role_arn)
        .set_tags(Some(session.tags.of_fault(fault)));
    for stop in plan.stop_conditions {
        let stop = CreateExperimentTemplateStopConditionInput::builder().source(stop.source).set_value(stop.value);
        call = call.stop_conditions(stop.build().map_err(wrong)?);
    }
    for (name, target) in plan.targets {
        let filter = |filter: super::Filter| {
            ExperimentTemplateTargetInputFilter::builder().path(filter.path).set_values(Some(filter.values)).build()
        };
        let filters = target.filters.into_iter().map(filter).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        let some = |empty: bool| !empty;
        let input = CreateExperimentTemplateTargetInput::builder()
            .resource_type(target.resource_type)
            .set_resource_arns(some(target.resource_arns.is_empty()).then_some(target.resource_arns))
            .set_resource_tags(
                some(target.resource_tags.is_empty()).then(|| target.resource_tags.into_iter().collect()),
            )
            .set_filters(some(filters.is_empty()).then_some(filters))
            .set_parameters(some(target.parameters.is_empty()).then(|| target.parameters.into_iter().collect()))
            .selection_mode(target.selection_mode);
        call = call.targets(name, input.build().map_err(wrong)?);
    }
    for (name, action) in plan.actions {
        let input = CreateExperimentTemplateActionInput::builder()
            .action_id(action.action_id)
            .set_description(action.description)
            .set_parameters(Some(action.parameters.into_iter().collect()))
            .set_targets(Some(action.targets.into_iter().collect()))
            .set_start_after(Some(action.start_after));
        call = call.actions(name, input.build().map_err(wrong)?);
    }
    let options = CreateExperimentTemplateExperimentOptionsInput::builder()
        .account_targeting(AccountTargeting::from(&*plan.experiment_options.account_targeting))
        .empty_target_resolution_mode(EmptyTargetResolutionMode::from(
            &*plan.experiment_options.empty_target_resolution_mode,
        ));
    let answer = call.experiment_options(options.build()).send().await;
    let answer = answer.map_err(|error| refused("create the experiment template", error))?;
    let id = answer.experiment_template.and_then(|template| template.id);
    id.ok_or_else(|| Error::new("FIS created a template and did not say which"))
}
