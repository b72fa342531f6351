//! What becomes an experiment template.

use super::stop::StopOn;
use super::{Action, PowerInterruption, order};
use std::time::Duration;

/// Actions in their order, what stops them, and who carries them out.
///
/// ```
/// use chaos_runtime::aws::fis::{Action, Plan};
/// use chaos_runtime::prelude::*;
///
/// let failover = Action::failover_db_cluster().tagged("service", "payments");
/// let outage = Action::stop_instances().tagged("service", "payments").start_again_after(minutes(5));
/// let plan = outage.and(Action::wait(minutes(1)).then(failover)).stop_on_alarm("payments-error-budget");
///
/// assert_eq!(plan.lasts(), Some(minutes(5)));
/// plan.validate()?;
/// # Ok::<(), chaos_runtime::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a plan does nothing until it is injected"]
pub struct Plan {
    /// Names are unique here unless the author repeats one, which the check reports.
    pub(crate) steps: Vec<Step>,
    pub(crate) stop_on: Vec<StopOn>,
    pub(crate) description: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) at_most: Option<Duration>,
}

/// An action under its name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) action: Action,
}

impl Plan {
    /// A plan without actions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action, which starts at once unless it says [`after`](Action::after).
    pub fn with(mut self, mut action: Action) -> Self {
        self.stop_on.append(&mut action.stop_on);
        let name = match action.name.take() {
            Some(name) => name,
            None => self.free_name(action.id.rsplit(':').next().unwrap_or_default()),
        };
        self.steps.push(Step { name, action });
        self
    }

    /// Carries out `next` when all of this has completed.
    pub fn then(self, next: impl Into<Plan>) -> Self {
        let last: Vec<String> = order::leaves(&self).map(str::to_owned).collect();
        self.join(next.into(), &last)
    }

    /// Carries out `other` at the same time.
    pub fn and(self, other: impl Into<Plan>) -> Self {
        self.join(other.into(), &[])
    }

    /// Adds the other's steps, those that begin it after `last`. A name that is taken gets a number.
    fn join(mut self, other: Plan, last: &[String]) -> Self {
        let mut names = Vec::new();
        for Step { name, action } in other.steps {
            let free = self.free_name(&name);
            names.push((name, free.clone()));
            self.steps.push(Step { name: free, action });
        }
        let first = self.steps.len() - names.len();
        for Step { action, .. } in &mut self.steps[first..] {
            if action.after.is_empty() {
                action.after = last.to_vec();
                continue;
            }
            for after in &mut action.after {
                if let Some((_, new)) = names.iter().find(|(old, _)| old == after) {
                    after.clone_from(new);
                }
            }
        }
        for condition in other.stop_on {
            if !self.stop_on.contains(&condition) {
                self.stop_on.push(condition);
            }
        }
        self.description = self.description.or(other.description);
        self.role = self.role.or(other.role);
        self.at_most = self.at_most.into_iter().chain(other.at_most).min();
        self
    }

    /// `stop-instances`, or `stop-instances-2` where that is taken.
    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.steps.iter().any(|step| step.name == name);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2_u64..).map(|number| format!("{wanted}-{number}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Says what it is for, in the template. Default: its actions in words.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The ARN of the IAM role by which FIS carries it out. Default: the profile's.
    pub fn role(mut self, arn: impl Into<String>) -> Self {
        self.role = Some(arn.into());
        self
    }

    /// Refuses to run it when it would take longer.
    pub fn at_most(mut self, duration: Duration) -> Self {
        self.at_most = Some(duration);
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

    /// Goes on when an action finds nothing to harm, instead of failing.
    pub fn skip_if_empty(mut self) -> Self {
        self.steps.iter_mut().for_each(|step| step.action.skip_if_empty = true);
        self
    }

    /// Everything that an Availability Zone loses with its power; see [`PowerInterruption`].
    pub fn power_interruption(zone: impl Into<String>) -> PowerInterruption {
        PowerInterruption::of(zone.into())
    }

    /// How long it runs from its first action to the end of its last, without what FIS needs around them. `None`
    /// where an action's time is not known, or the order makes no sense.
    pub fn lasts(&self) -> Option<Duration> {
        order::lasts(self)
    }

    /// Its actions with their names, in the order in which they were added.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = (&str, &Action)> {
        self.steps.iter().map(|step| (&*step.name, &step.action))
    }

    /// Its stop conditions.
    pub fn stop_conditions(&self) -> &[StopOn] {
        &self.stop_on
    }

    /// The role it names itself.
    pub fn own_role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// The longest time that it allows itself.
    pub fn bound(&self) -> Option<Duration> {
        self.at_most
    }
}

impl From<Action> for Plan {
    fn from(action: Action) -> Self {
        Self::new().with(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::minutes;

    fn names(plan: &Plan) -> Vec<(&str, Vec<&str>)> {
        plan.actions().map(|(name, action)| (name, action.after.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn actions_are_named_after_their_ids() {
        let plan = Plan::from(Action::wait(minutes(1))).and(Action::wait(minutes(2))).and(Action::stop_task());
        assert_eq!(names(&plan), [("wait", vec![]), ("wait-2", vec![]), ("stop-task", vec![])]);
    }

    #[test]
    fn then_waits_for_everything_that_is_last() {
        let first = Action::stop_task().and(Action::terminate_instances());
        let plan = first.then(Action::wait(minutes(1)).then(Action::failover_db_cluster()));
        assert_eq!(
            names(&plan),
            [
                ("stop-task", vec![]),
                ("terminate-instances", vec![]),
                ("wait", vec!["stop-task", "terminate-instances"]),
                ("failover-db-cluster", vec!["wait"]),
            ]
        );
    }

    #[test]
    fn a_name_that_is_taken_changes_where_it_is_referred_to() {
        let one = || Action::wait(minutes(1)).named("wait").then(Action::stop_task().named("stop"));
        let plan = one().and(one());
        assert_eq!(
            names(&plan),
            [("wait", vec![]), ("stop", vec!["wait"]), ("wait-2", vec![]), ("stop-2", vec!["wait-2"])]
        );
    }

    #[test]
    fn stop_conditions_of_all_parts_count_once() {
        let one = || Action::stop_task().stop_on_alarm("budget");
        let plan = one().and(one()).stop_on_alarm("latency");
        let alarms = ["budget", "latency"].map(|alarm| StopOn::Alarm(alarm.to_owned()));
        assert_eq!(plan.stop_conditions(), alarms);
    }

    #[test]
    fn the_longest_way_counts() {
        let plan = Action::stop_instances()
            .start_again_after(minutes(5))
            .and(Action::wait(minutes(2)).then(Action::pause_volume_io(minutes(4))));
        assert_eq!(plan.lasts(), Some(minutes(6)));
        assert_eq!(Plan::from(Action::stop_instances()).lasts(), Some(Duration::ZERO));
        assert_eq!(Plan::from(Action::new("aws:new:thing")).lasts(), None);
        assert_eq!(
            Plan::from(Action::new("aws:new:thing").parameter("duration", minutes(3))).lasts(),
            Some(minutes(3))
        );
    }
}
