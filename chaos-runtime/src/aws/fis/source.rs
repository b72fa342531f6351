//! Where an experiment comes from, and what the guard rails must know of it.

use super::super::error::refused;
use super::super::{Session, Tagged};
use super::iso8601;
use super::{Place, Plan};
use crate::{Error, Result};
use aws_sdk_fis::types::{AccountTargeting, ExperimentTemplate, ExperimentTemplateAction, ExperimentTemplateSummary};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// What is run.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Built in code.
    Plan(Box<Plan>),
    /// A template by its id.
    Template(String),
    /// The only one with this tag.
    Tagged(String, String),
}

/// An experiment as far as guard rails, evidence and reports have to know it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outline {
    /// The ids of its actions by their names.
    pub(super) actions: BTreeMap<String, String>,
    /// Actions that harm something, and do not say what.
    pub(super) targetless: Vec<String>,
    /// Resources that it names.
    pub(super) arns: BTreeSet<String>,
    /// The alarms that stop it: names or ARNs.
    pub(super) alarms: Vec<String>,
    /// `None`: not known.
    pub(super) lasts: Option<Duration>,
}

impl Outline {
    pub(super) fn of_plan(plan: &Plan, place: &Place) -> Self {
        let template = plan.template(place, "");
        let targetless =
            template.actions.values().filter(|action| action.targets.is_empty() && !is_idle(&action.action_id));
        Self {
            targetless: targetless.map(|action| action.action_id.clone()).collect(),
            actions: template.actions.iter().map(|(name, action)| (name.clone(), action.action_id.clone())).collect(),
            arns: template
                .targets
                .values()
                .flat_map(|target| target.resource_arns.iter().cloned().chain(cluster_of_pods(target, place)))
                .collect(),
            alarms: template.stop_conditions.iter().filter_map(|stop| stop.value.clone()).collect(),
            lasts: plan.lasts().or(plan.bound()),
        }
    }

    /// Of a template that is there already; refuses targets that need not carry the tag.
    pub(super) fn of_template(template: &ExperimentTemplate, (key, value): (&str, &str)) -> Result<Self> {
        let id = template.id().unwrap_or_default();
        let mut outline = Self::default();
        let accounts = template.experiment_options().and_then(|options| options.account_targeting());
        if accounts.is_some_and(|accounts| *accounts != AccountTargeting::SingleAccount) {
            return Err(Error::new(format!("the template {id} harms several accounts, and only one was asked for"))
                .help("run one whose account targeting is single-account"));
        }
        for (name, target) in template.targets().into_iter().flatten() {
            outline.arns.extend(target.resource_arns().iter().cloned());
            let required = target.resource_tags().and_then(|tags| tags.get(key)).is_some_and(|found| found == value);
            if target.resource_arns().is_empty() && !required {
                return Err(Error::new(format!(
                    "target `{name}` of the template {id} need not carry the tag {key}={value}"
                ))
                .help("add the tag to the target's resource tags, or name its resources by ARN"));
            }
        }
        let empty = HashMap::new();
        let actions = template.actions().unwrap_or(&empty);
        for (name, action) in actions {
            let action_id = action.action_id().unwrap_or_default().to_owned();
            if action.targets().is_none_or(HashMap::is_empty) && !is_idle(&action_id) {
                outline.targetless.push(action_id.clone());
            }
            outline.actions.insert(name.clone(), action_id);
        }
        let alarms = template.stop_conditions().iter().filter(|stop| stop.source() == Some("aws:cloudwatch:alarm"));
        outline.alarms = alarms.filter_map(|stop| stop.value().map(str::to_owned)).collect();
        let times: Option<BTreeMap<&str, (Duration, &[String])>> =
            actions.iter().map(|(name, action)| Some((&**name, (lasts(action)?, action.start_after())))).collect();
        outline.lasts = times.map(|times| times.keys().map(|name| end_of(name, &times, 0)).max().unwrap_or_default());
        Ok(outline)
    }

    pub(super) fn targets(&self) -> Vec<Tagged> {
        self.arns.iter().map(|arn| Tagged { arn: arn.clone(), tags: None }).collect()
    }
}

/// Whether an action harms nothing.
pub(super) fn is_idle(action_id: &str) -> bool {
    action_id.starts_with("aws:fis:wait") || action_id.starts_with("aws:cloudwatch:")
}

/// How long an action of a template lasts; `None`: it says so in a way that is not understood.
fn lasts(action: &ExperimentTemplateAction) -> Option<Duration> {
    const SAYING: [&str; 3] = ["duration", "maxDuration", "startInstancesAfterDuration"];
    let said = SAYING.iter().find_map(|name| action.parameters()?.get(*name));
    said.map_or(Some(Duration::ZERO), |text| iso8601::read(text))
}

/// Pods have no tags; what may be harmed is told by those of their cluster.
fn cluster_of_pods(target: &super::Target, place: &Place) -> Option<String> {
    let cluster = target.parameters.get("clusterIdentifier").filter(|_| target.resource_type == "aws:eks:pod")?;
    if cluster.starts_with("arn:") {
        return Some(cluster.clone());
    }
    Some(format!("arn:{}:eks:{}:{}:cluster/{cluster}", place.partition(), place.region(), place.account()))
}

/// When an action ends at the latest: its own time after all that it waits for.
fn end_of(name: &str, times: &BTreeMap<&str, (Duration, &[String])>, depth: usize) -> Duration {
    let Some((lasts, after)) = times.get(name).filter(|_| depth <= times.len()) else { return Duration::ZERO };
    *lasts + after.iter().map(|name| end_of(name, times, depth + 1)).max().unwrap_or_default()
}

impl Session {
    /// The template of this id.
    pub(super) async fn template(&self, id: &str) -> Result<ExperimentTemplate> {
        let answer = self.fis.get_experiment_template().id(id).send().await;
        let template = match answer {
            Ok(answer) => answer.experiment_template,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => None,
            Err(error) => return Err(refused(&format!("read the template {id}"), error)),
        };
        template.ok_or_else(|| {
            Error::new(format!("there is no FIS template {id} in account {}, {}", self.account, self.region))
                .help("look at its id (they begin with EXT), and at the region")
        })
    }

    /// The id of the only template with this tag.
    pub(super) async fn template_tagged(&self, key: &str, value: &str) -> Result<String> {
        let has_it = |found: &ExperimentTemplateSummary| {
            found.tags().and_then(|tags| tags.get(key)).is_some_and(|found| found == value)
        };
        let found = super::listing::templates(&self.fis, has_it).await?;
        match &*found {
            [one] => Ok(one.id().unwrap_or_default().to_owned()),
            [] => Err(Error::new(format!("there is no FIS template with the tag {key}={value} in {}", self.region))
                .help("look at the tag's spelling, and at the region")),
            several => {
                let ids: Vec<&str> = several.iter().filter_map(|template| template.id()).collect();
                Err(Error::new(format!("{} FIS templates have the tag {key}={value}: {}", ids.len(), ids.join(", ")))
                    .help("name one by its id: `aws.fis().template(\"EXT…\")`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_fis::types::{ExperimentTemplateAction, ExperimentTemplateStopCondition, ExperimentTemplateTarget};

    fn template(target: ExperimentTemplateTarget) -> ExperimentTemplate {
        let wait = |duration: &str, after: &[&str]| {
            let action = ExperimentTemplateAction::builder().action_id("aws:fis:wait").parameters("duration", duration);
            action.set_start_after(Some(after.iter().map(|name| (*name).to_owned()).collect())).build()
        };
        let alarm =
            ExperimentTemplateStopCondition::builder().source("aws:cloudwatch:alarm").value("arn:alarm").build();
        ExperimentTemplate::builder()
            .id("EXT1")
            .targets("orders", target)
            .actions("a", wait("PT2M", &[]))
            .actions("b", wait("PT1M", &["a"]))
            .actions("c", wait("PT150S", &[]))
            .stop_conditions(alarm)
            .build()
    }

    #[test]
    fn a_template_is_read_with_its_longest_way() {
        let target = ExperimentTemplateTarget::builder().resource_type("aws:ec2:instance").resource_arns("arn:i");
        let outline = Outline::of_template(&template(target.build()), ("chaos", "yes")).unwrap();
        assert_eq!(outline.lasts, Some(Duration::from_secs(180)));
        assert_eq!(outline.alarms, ["arn:alarm"]);
        assert_eq!(outline.arns.into_iter().collect::<Vec<_>>(), ["arn:i"]);
    }

    #[test]
    fn a_template_for_several_accounts_is_refused_and_odd_times_are_unknown() {
        use aws_sdk_fis::types::ExperimentTemplateExperimentOptions;
        let target =
            || ExperimentTemplateTarget::builder().resource_type("aws:ec2:instance").resource_arns("arn:i").build();
        let mut several = template(target());
        let options = ExperimentTemplateExperimentOptions::builder().account_targeting(AccountTargeting::MultiAccount);
        several.experiment_options = Some(options.build());
        let error = Outline::of_template(&several, ("chaos", "yes")).unwrap_err().to_string();
        assert!(error.starts_with("the template EXT1 harms several accounts"), "{error}");
        let stop = |after: &str| {
            let stop =
                ExperimentTemplateAction::builder().action_id("aws:ec2:stop-instances").targets("Instances", "orders");
            let mut template = template(target());
            let stop = stop.parameters("startInstancesAfterDuration", after).build();
            template.actions.get_or_insert_default().insert("stop".into(), stop);
            Outline::of_template(&template, ("chaos", "yes")).unwrap().lasts
        };
        assert_eq!(stop("PT2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(stop("two hours"), None);
    }

    #[test]
    fn targets_by_tags_must_require_the_profiles_tag() {
        let tagged = |key: &str, value: &str| {
            let target =
                ExperimentTemplateTarget::builder().resource_type("aws:ec2:instance").resource_tags(key, value);
            Outline::of_template(&template(target.resource_tags("service", "orders").build()), ("chaos", "yes"))
        };
        assert!(tagged("chaos", "yes").is_ok());
        for (key, value) in [("chaos", "no"), ("kaos", "yes")] {
            let error = tagged(key, value).unwrap_err().to_string();
            assert!(error.contains("target `orders` of the template EXT1 need not carry the tag chaos=yes"), "{error}");
        }
    }
}
