//! One FIS action with its parameters and its target.

use super::catalogue::{self, Entry};
use super::selection::{Filter, Scope, Selection};
use super::stop::StopOn;
use super::value::Value;
use super::{Plan, iso8601};
use crate::units::Percent;
use std::collections::BTreeMap;
use std::time::Duration;

/// An action of AWS FIS, such as the termination of instances: a plain value, free of any account.
///
/// The constructors know what each action needs; [`Action::new`] takes any other by its id. The target is chosen by
/// tags, ARNs, filters or parameters; nothing is called before the whole [`Plan`] has been
/// [checked](Plan::validate).
///
/// ```
/// use chaos_runtime::aws::fis::{Action, Plan};
/// use chaos_runtime::prelude::*;
///
/// let terminate = Action::terminate_instances()
///     .tagged("aws:autoscaling:groupName", "orders")
///     .count(1)
///     .stop_on_alarm("orders-error-budget");
///
/// Plan::from(terminate).validate()?;
/// # Ok::<(), chaos_runtime::Error>(())
/// ```
///
/// Optional parameters that no method names are set with [`parameter`](Action::parameter).
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an action does nothing until it is injected"]
pub struct Action {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) after: Vec<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// For ids that the catalogue does not know.
    pub(crate) target_type: TargetType,
    pub(crate) selection: Selection,
    pub(crate) skip_if_empty: bool,
    pub(crate) stop_on: Vec<StopOn>,
}

impl Action {
    /// Any action by its id, as [AWS lists them](https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html).
    ///
    /// What an unknown id needs is not checked; it says by [`target_type`](Self::target_type) what it
    /// harms, or [`without_target`](Self::without_target) that it harms nothing.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            description: None,
            after: Vec::new(),
            parameters: BTreeMap::new(),
            target_type: TargetType::Unsaid,
            selection: Selection::default(),
            skip_if_empty: false,
            stop_on: Vec::new(),
        }
    }

    /// Sets a parameter by the name that FIS has for it, replacing what it was.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.into(), value.into().0);
        self
    }

    /// The action's name in the plan. Default: the last part of its id.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Says what it is for, in the template.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Starts it when the action of that name has completed. Several: when all of them have.
    pub fn after(mut self, name: impl Into<String>) -> Self {
        self.after.push(name.into());
        self
    }

    /// The target's key and resource type, such as `"Instances"` and `"aws:ec2:instance"`, of an action that
    /// [`Action::new`] does not know.
    pub fn target_type(mut self, key: impl Into<String>, resource_type: impl Into<String>) -> Self {
        self.target_type = TargetType::Of(key.into(), resource_type.into());
        self
    }

    /// An action that [`Action::new`] does not know harms no resource, as [`wait`](Self::wait) does not.
    pub fn without_target(mut self) -> Self {
        self.target_type = TargetType::Nothing;
        self
    }

    /// Harms resources with this tag. Several: only those with all of them.
    ///
    /// Instances chosen by tag are harmed only while they run, unless a [`filter`](Self::filter) on `State.Name` says
    /// otherwise.
    pub fn tagged(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.selection.tags.push((key.into(), value.into()));
        self
    }

    /// Harms the resource with this ARN, which excludes tags and filters. At most five.
    ///
    /// `{partition}`, `{region}` and `{account}` stand for those of the account that is harmed.
    pub fn arn(mut self, arn: impl Into<String>) -> Self {
        self.selection.arns.push(arn.into());
        self
    }

    /// Harms the resources with these ARNs; see [`arn`](Self::arn).
    pub fn arns<A: Into<String>>(mut self, arns: impl IntoIterator<Item = A>) -> Self {
        self.selection.arns.extend(arns.into_iter().map(Into::into));
        self
    }

    /// Harms only resources whose description by the service has one of these values at this path, in Pascal case:
    /// `filter("VpcId", ["vpc-0a1b2c"])`. Several filters: all of them hold.
    pub fn filter<V: Into<String>>(mut self, path: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.selection.filters.push(Filter { path: path.into(), values: values.into_iter().map(Into::into).collect() });
        self
    }

    /// Harms only what is in this Availability Zone, such as `eu-west-1a`. Of an Aurora cluster that is where its
    /// writer is.
    pub fn availability_zone(mut self, zone: impl Into<String>) -> Self {
        self.selection.zone = Some(zone.into());
        self
    }

    /// Narrows the target by a parameter of its resource type, such as `cluster` and `service` of ECS tasks.
    pub fn target_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.selection.parameters.retain(|(known, _)| *known != name);
        self.selection.parameters.push((name, value));
        self
    }

    /// Harms this many of the chosen resources, drawn by FIS.
    pub fn count(mut self, count: u32) -> Self {
        self.selection.scope = Scope::Count(count);
        self
    }

    /// Harms this share of the chosen resources, drawn by FIS, which rounds down: half of five is two.
    pub fn share(mut self, share: Percent) -> Self {
        self.selection.scope = Scope::Share(share);
        self
    }

    /// Harms all chosen resources, which is the default.
    pub fn all(mut self) -> Self {
        self.selection.scope = Scope::All;
        self
    }

    /// Goes on when nothing is found to harm, instead of failing. In a plan of several actions all of them have to
    /// say so, because FIS knows it only of the whole experiment.
    pub fn skip_if_empty(mut self) -> Self {
        self.skip_if_empty = true;
        self
    }

    /// Stops the experiment when this CloudWatch alarm, by name or ARN, goes off. At most five.
    pub fn stop_on_alarm(mut self, alarm: impl Into<String>) -> Self {
        self.stop_on.push(StopOn::Alarm(alarm.into()));
        self
    }

    /// Runs without a stop condition, and says why that is right.
    pub fn without_stop_condition(mut self, because: impl Into<String>) -> Self {
        self.stop_on.push(StopOn::Nothing { because: because.into() });
        self
    }

    /// This action, then that one: see [`Plan::then`].
    pub fn then(self, next: impl Into<Plan>) -> Plan {
        Plan::from(self).then(next)
    }

    /// This action and that one at the same time: see [`Plan::and`].
    pub fn and(self, other: impl Into<Plan>) -> Plan {
        Plan::from(self).and(other)
    }

    /// The action's id: `aws:ec2:terminate-instances`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the catalogue knows of it.
    pub fn entry(&self) -> Option<&'static Entry> {
        catalogue::find(&self.id)
    }

    /// How long it runs: `Some(0)` for what is done at once, `None` where that is not known.
    pub fn lasts(&self) -> Option<Duration> {
        let read = |name: &str| self.parameters.get(name).and_then(|text| iso8601::read(text));
        match self.entry() {
            Some(entry) => match entry.lasts {
                Some(name) if self.parameters.contains_key(name) || entry.requires(name) => read(name),
                _ => Some(Duration::ZERO),
            },
            None => read("duration").or_else(|| read("maxDuration")),
        }
    }

    /// The target's key and resource type, if it has a target.
    pub(crate) fn target(&self) -> Option<(&str, &str)> {
        match self.entry() {
            Some(entry) => entry.target.map(|target| (target.key, target.resource_type)),
            None => match &self.target_type {
                TargetType::Of(key, resource_type) => Some((key, resource_type)),
                TargetType::Unsaid | TargetType::Nothing => None,
            },
        }
    }
}

/// What an action harms that the catalogue does not know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TargetType {
    Unsaid,
    Nothing,
    /// Key and resource type.
    Of(String, String),
}
