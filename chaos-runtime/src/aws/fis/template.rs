//! A plan as `CreateExperimentTemplate` takes it: for the call, the journal and previews.

use super::selection::Filter;
use super::stop::StopOn;
use super::{Action, Place, Plan, targets};
use serde::Serialize;
use std::collections::BTreeMap;

/// The body of `CreateExperimentTemplate`, but for tags and client token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Template {
    /// At most 512 characters.
    pub description: String,
    /// The ARN of the role by which FIS carries it out.
    pub role_arn: String,
    /// By name.
    pub actions: BTreeMap<String, TemplateAction>,
    /// By name, which is that of the action.
    pub targets: BTreeMap<String, Target>,
    /// At least one, which may be none in so many words.
    pub stop_conditions: Vec<StopCondition>,
    /// What holds for the whole experiment.
    pub experiment_options: ExperimentOptions,
}

/// An action of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TemplateAction {
    /// `aws:ec2:terminate-instances`
    pub action_id: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// From the action's key (`Instances`) to the target's name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
    /// The actions that must have completed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub start_after: Vec<String>,
}

/// A target of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Target {
    /// `aws:ec2:instance`
    pub resource_type: String,
    /// At most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_arns: Vec<String>,
    /// All of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_tags: BTreeMap<String, String>,
    /// All of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
    /// By name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// `ALL`, `COUNT(1)`, `PERCENT(50)`
    pub selection_mode: String,
}

/// A stop condition of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StopCondition {
    /// `aws:cloudwatch:alarm` or `none`
    pub source: String,
    /// The alarm's ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What holds for a whole experiment of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExperimentOptions {
    /// `single-account`
    pub account_targeting: String,
    /// `fail` or `skip`
    pub empty_target_resolution_mode: String,
}

impl Plan {
    /// The template at this place, carried out by the plan's own role or by `role`. Its
    /// [`check`](Plan::validate) comes first.
    pub fn template(&self, place: &Place, role: &str) -> Template {
        let skips = !self.steps.is_empty() && self.steps.iter().all(|step| step.action.skip_if_empty);
        let (mut actions, mut targets) = (BTreeMap::new(), BTreeMap::new());
        for step in &self.steps {
            let mut uses = BTreeMap::new();
            if let Some((key, resource_type)) = step.action.target() {
                uses.insert(key.to_owned(), step.name.clone());
                targets.insert(step.name.clone(), target(&step.action, resource_type, place));
            }
            actions.insert(step.name.clone(), action(&step.action, uses, place));
        }
        Template {
            description: self.description.clone().unwrap_or_else(|| self.in_words()),
            role_arn: place.fill(self.role.as_deref().unwrap_or(role)),
            actions,
            targets,
            stop_conditions: self.stop_on.iter().map(|condition| stop(condition, place)).collect(),
            experiment_options: ExperimentOptions {
                account_targeting: "single-account".to_owned(),
                empty_target_resolution_mode: if skips { "skip" } else { "fail" }.to_owned(),
            },
        }
    }

    /// The actions with what they do, in at most 512 characters.
    fn in_words(&self) -> String {
        const MOST: usize = 512;
        let words = self.steps.iter().map(|step| step.action.entry().map_or(&*step.action.id, |entry| entry.does));
        let text = words.collect::<Vec<_>>().join("; ");
        match text.char_indices().nth(MOST) {
            Some(_) => text.chars().take(MOST - 1).chain(['…']).collect(),
            None => text,
        }
    }
}

fn action(action: &Action, targets: BTreeMap<String, String>, place: &Place) -> TemplateAction {
    // Only ARNs have places to fill in: in JSON a `{region}` means something else.
    let value = |text: &String| if text.starts_with("arn:") { place.fill(text) } else { text.clone() };
    TemplateAction {
        action_id: action.id.clone(),
        description: action.description.clone(),
        parameters: action.parameters.iter().map(|(name, text)| (name.clone(), value(text))).collect(),
        targets,
        start_after: action.after.clone(),
    }
}

fn target(action: &Action, resource_type: &str, place: &Place) -> Target {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let selection = &action.selection;
    Target {
        resource_type: resource_type.to_owned(),
        resource_arns: selection.arns.iter().map(|arn| place.fill(arn)).collect(),
        resource_tags: selection.tags.iter().cloned().collect(),
        filters: targets::filters(action, resource_type),
        parameters: targets::parameters(action, resource_type).map(owned).collect(),
        selection_mode: selection.scope.to_string(),
    }
}

fn stop(condition: &StopOn, place: &Place) -> StopCondition {
    match condition {
        StopOn::Alarm(alarm) => {
            StopCondition { source: "aws:cloudwatch:alarm".to_owned(), value: Some(place.alarm(alarm)) }
        }
        StopOn::Nothing { .. } => StopCondition { source: "none".to_owned(), value: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{minutes, percent};
    use serde_json::json;

    const ROLE: &str = "arn:aws:iam::{account}:role/chaos-fis";

    fn template(plan: impl Into<Plan>) -> serde_json::Value {
        let template = plan.into().template(&Place::new("123456789012", "eu-west-1"), ROLE);
        serde_json::to_value(template).expect("a template is JSON")
    }

    #[test]
    fn the_golden_example() {
        let action = Action::terminate_instances()
            .tagged("aws:autoscaling:groupName", "orders")
            .count(1)
            .stop_on_alarm("orders-error-budget");
        let expected = json!({
            "description": "terminates EC2 instances",
            "roleArn": "arn:aws:iam::123456789012:role/chaos-fis",
            "actions": {
                "terminate-instances": {
                    "actionId": "aws:ec2:terminate-instances",
                    "targets": { "Instances": "terminate-instances" },
                },
            },
            "targets": {
                "terminate-instances": {
                    "resourceType": "aws:ec2:instance",
                    "resourceTags": { "aws:autoscaling:groupName": "orders" },
                    "filters": [{ "path": "State.Name", "values": ["running"] }],
                    "selectionMode": "COUNT(1)",
                },
            },
            "stopConditions": [{
                "source": "aws:cloudwatch:alarm",
                "value": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders-error-budget",
            }],
            "experimentOptions": { "accountTargeting": "single-account", "emptyTargetResolutionMode": "fail" },
        });
        assert_eq!(template(action), expected);
    }

    #[test]
    fn zones_go_where_each_type_has_them() {
        let zoned = |action: Action| template(action.availability_zone("eu-west-1a"))["targets"].clone();
        let instances = zoned(Action::stop_instances().tagged("a", "b"));
        assert_eq!(
            instances["stop-instances"]["filters"],
            json!([
                { "path": "Placement.AvailabilityZone", "values": ["eu-west-1a"] },
                { "path": "State.Name", "values": ["running"] },
            ])
        );
        let clusters = zoned(Action::failover_db_cluster().tagged("a", "b"));
        assert_eq!(
            clusters["failover-db-cluster"]["parameters"],
            json!({ "writerAvailabilityZoneIdentifiers": "eu-west-1a" })
        );
        let volumes = zoned(Action::pause_volume_io(minutes(1)).tagged("a", "b"));
        assert_eq!(volumes["pause-volume-io"]["parameters"], json!({ "availabilityZoneIdentifier": "eu-west-1a" }));
    }

    #[test]
    fn a_filter_on_the_state_takes_the_place_of_ours() {
        let action = Action::terminate_instances().tagged("a", "b").filter("State.Name", ["stopped"]);
        let filters = template(action)["targets"]["terminate-instances"]["filters"].clone();
        assert_eq!(filters, json!([{ "path": "State.Name", "values": ["stopped"] }]));
        let by_arn = Action::terminate_instances().arn("arn:{partition}:ec2:{region}:{account}:instance/i-1");
        let target = template(by_arn)["targets"]["terminate-instances"].clone();
        assert_eq!(
            target,
            json!({
                "resourceType": "aws:ec2:instance",
                "resourceArns": ["arn:aws:ec2:eu-west-1:123456789012:instance/i-1"],
                "selectionMode": "ALL",
            })
        );
    }

    #[test]
    fn documents_of_aws_and_their_parameters() {
        let action = Action::instance_cpu_stress(minutes(2)).tagged("service", "orders").share(percent(50));
        let value = template(action);
        assert_eq!(
            value["actions"]["send-command"]["parameters"],
            json!({
                "documentArn": "arn:aws:ssm:eu-west-1::document/AWSFIS-Run-CPU-Stress",
                "documentParameters": "{\"DurationSeconds\":\"120\"}",
                "duration": "PT3M",
            })
        );
        assert_eq!(value["targets"]["send-command"]["selectionMode"], "PERCENT(50)");
    }

    #[test]
    fn order_and_waivers() {
        let plan = Action::wait(minutes(1)).then(Action::stop_task().tagged("a", "b")).skip_if_empty();
        let value = template(plan.without_stop_condition("nobody uses it at night"));
        assert_eq!(value["actions"]["stop-task"]["startAfter"], json!(["wait"]));
        assert_eq!(value["actions"]["wait"]["targets"], json!(null));
        assert_eq!(value["stopConditions"], json!([{ "source": "none" }]));
        assert_eq!(value["experimentOptions"]["emptyTargetResolutionMode"], "skip");
    }

    #[test]
    fn a_long_description_is_cut() {
        let mut plan = Plan::from(Action::terminate_instances());
        for _ in 0..40 {
            plan = plan.and(Action::new("aws:café:thing"));
        }
        let description = template(plan)["description"].as_str().expect("a text").to_owned();
        assert_eq!(description.chars().count(), 512);
        assert!(description.ends_with('…'), "{description}");
    }
}
