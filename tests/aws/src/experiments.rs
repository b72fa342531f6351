//! FIS templates and experiments that no chaos test has made, or that look as if one had.

use crate::world::World;
use aws_sdk_fis::types::{
    CreateExperimentTemplateActionInput, CreateExperimentTemplateStopConditionInput,
    CreateExperimentTemplateTargetInput, Experiment, ExperimentStatus,
};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Tags, or parameters.
type Pairs<'t> = &'t [(&'t str, &'t str)];

/// A template with one action.
#[derive(Debug, Clone, Default)]
pub struct Template<'t> {
    /// The action's id.
    pub action: &'t str,
    /// The action's name for its target, the target's type, and the tags that it must carry.
    pub target: Option<(&'t str, &'t str, Pairs<'t>)>,
    /// The action's.
    pub parameters: &'t [(&'t str, &'t str)],
    /// The ARN of the alarm that stops it; nothing does, if there is none.
    pub alarm: Option<&'t str>,
    /// Its own.
    pub tags: &'t [(&'t str, &'t str)],
}

impl<'t> Template<'t> {
    /// One that waits: `PT10M`.
    pub fn waits(parameters: &'t [(&'t str, &'t str)], tags: &'t [(&'t str, &'t str)]) -> Self {
        Self { action: "aws:fis:wait", parameters, tags, ..Self::default() }
    }

    /// Makes it; its id.
    pub async fn create(&self, world: &World, token: &str) -> String {
        let owned = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let action = CreateExperimentTemplateActionInput::builder().action_id(self.action);
        let mut action = action.set_parameters(Some(owned(self.parameters)));
        let stop = match self.alarm {
            Some(alarm) => {
                CreateExperimentTemplateStopConditionInput::builder().source("aws:cloudwatch:alarm").value(alarm)
            }
            None => CreateExperimentTemplateStopConditionInput::builder().source("none"),
        };
        let create = world.fis().create_experiment_template().client_token(token).description("somebody's");
        let create = create.role_arn(world.role()).set_tags(Some(owned(self.tags)));
        let mut create = create.stop_conditions(stop.build().expect("it is whole"));
        if let Some((key, kind, tags)) = self.target {
            let target = CreateExperimentTemplateTargetInput::builder().resource_type(kind).selection_mode("COUNT(1)");
            let target = target.set_resource_tags(Some(owned(tags))).build().expect("it is whole");
            create = create.targets("chosen", target);
            action = action.targets(key, "chosen");
        }
        let created = create.actions("harm", action.build().expect("it is whole")).send().await.expect("it is valid");
        created.experiment_template().and_then(|template| template.id()).expect("it has an id").to_owned()
    }
}

/// Starts an experiment; its id.
pub async fn start(world: &World, template: &str, token: &str, tags: &[(&str, &str)]) -> String {
    let mut call = world.fis().start_experiment().experiment_template_id(template).client_token(token);
    for (key, value) in tags {
        call = call.tags(*key, *value);
    }
    let started = call.send().await.expect("it may start");
    started.experiment().and_then(|experiment| experiment.id()).expect("it has an id").to_owned()
}

/// An experiment as it is now.
pub async fn look(world: &World, id: &str) -> Experiment {
    let got = world.fis().get_experiment().id(id).send().await.expect("it exists");
    got.experiment().expect("it is in the answer").clone()
}

/// Its status as it is now.
pub async fn status(world: &World, id: &str) -> ExperimentStatus {
    look(world, id).await.state().and_then(|state| state.status()).expect("it has one").clone()
}

/// Looks until it is in one of these states.
///
/// # Panics
/// If it never is.
pub async fn until(world: &World, id: &str, states: &[ExperimentStatus]) -> Experiment {
    let since = Instant::now();
    loop {
        let experiment = look(world, id).await;
        let state = experiment.state().and_then(|state| state.status()).expect("it has one");
        if states.contains(state) {
            return experiment;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "never {states:?}: {experiment:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The ids and statuses of all experiments, whatever page they are on.
pub async fn all(world: &World) -> HashMap<String, ExperimentStatus> {
    let mut pages = world.fis().list_experiments().into_paginator().send();
    let mut found = HashMap::new();
    while let Some(page) = pages.next().await {
        for experiment in page.expect("FIS answers").experiments() {
            let status = experiment.state().and_then(|state| state.status()).expect("it has one");
            found.insert(experiment.id().expect("it has one").to_owned(), status.clone());
        }
    }
    found
}

/// The ids of all templates, whatever page they are on.
pub async fn templates(world: &World) -> Vec<String> {
    let mut pages = world.fis().list_experiment_templates().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("FIS answers");
        found.extend(page.experiment_templates().iter().filter_map(|template| template.id().map(str::to_owned)));
    }
    found
}
