//! An action in an account: what `aws.fis().terminate_instances()` gives.

use super::super::Aws;
use super::source::Source;
use super::{Action, FisExperiment, Plan};
use crate::fault::{Evidence, Fault, Held, InjectCx, OneShot};
use crate::rollback::Undo;
use crate::units::Percent;
use crate::{Error, Result};
use std::time::Duration;

/// One action of FIS as a fault: an experiment is made of it, run, and its template deleted.
///
/// Its methods are those of [`Action`]. See [`FisExperiment`] for how it is confirmed and ended.
#[derive(Debug)]
#[must_use = "a fault does nothing until it is injected"]
pub struct FisAction {
    aws: Aws,
    action: Action,
    untagged: Option<String>,
    /// From the preparation on.
    experiment: Option<FisExperiment>,
}

impl FisAction {
    pub(super) fn new(aws: &Aws, action: Action) -> Self {
        Self { aws: aws.clone(), action, untagged: None, experiment: None }
    }

    /// Runs an action that has no targets: [`FisExperiment::harms_untagged`].
    pub fn harms_untagged(mut self, because: impl Into<String>) -> Self {
        self.untagged = Some(because.into());
        self
    }

    fn map(mut self, change: impl FnOnce(Action) -> Action) -> Self {
        self.action = change(self.action);
        self
    }

    fn made(&mut self) -> &mut FisExperiment {
        let Self { aws, action, untagged, experiment } = self;
        experiment.get_or_insert_with(|| {
            let made = FisExperiment::new(aws, Source::Plan(Box::new(Plan::from(action.clone()))));
            untagged.iter().fold(made, |made, because| made.harms_untagged(because))
        })
    }
}

macro_rules! forward {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl FisAction {
            $($(#[$doc])*
            pub fn $name(self, $($argument: $type),*) -> Self {
                self.map(|action| action.$name($($argument),*))
            })*
        }
    };
}

forward! {
    /// Sets a parameter: [`Action::parameter`].
    parameter(name: impl Into<String>, value: impl Into<super::Value>);
    /// Harms resources with this tag: [`Action::tagged`].
    tagged(key: impl Into<String>, value: impl Into<String>);
    /// Harms the resource with this ARN: [`Action::arn`].
    arn(arn: impl Into<String>);
    /// Harms only resources that fit: [`Action::filter`].
    filter(path: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>);
    /// Harms only what is in this zone: [`Action::availability_zone`].
    availability_zone(zone: impl Into<String>);
    /// Narrows the target by a parameter of its type: [`Action::target_parameter`].
    target_parameter(name: impl Into<String>, value: impl Into<String>);
    /// Harms this many of the chosen resources: [`Action::count`].
    count(count: u32);
    /// Harms this share of the chosen resources: [`Action::share`].
    share(share: Percent);
    /// Harms all chosen resources: [`Action::all`].
    all();
    /// Stops the experiment when this alarm goes off: [`Action::stop_on_alarm`].
    stop_on_alarm(alarm: impl Into<String>);
    /// Runs without a stop condition, and says why: [`Action::without_stop_condition`].
    without_stop_condition(because: impl Into<String>);
    /// Reboots with a failover: [`Action::force_failover`].
    force_failover();
    /// Starts stopped instances again: [`Action::start_again_after`].
    start_again_after(stopped: Duration);
    /// ECS tasks in this cluster: [`Action::in_cluster`].
    in_cluster(cluster: impl Into<String>);
    /// ECS tasks of this service: [`Action::of_service`].
    of_service(service: impl Into<String>);
}

impl Fault for FisAction {
    fn describe(&self) -> String {
        format!("FIS {}: {}", self.action.id(), self.action.describe())
    }

    fn target(&self) -> String {
        format!("AWS account {}, {}", self.aws.account(), self.aws.region())
    }

    async fn prepare(&mut self, cx: &InjectCx) -> Result<()> {
        self.made().prepare(cx).await
    }

    async fn preview(&mut self, cx: &InjectCx) -> Result<String> {
        self.made().preview(cx).await
    }

    fn undo(&self) -> Undo {
        self.experiment.as_ref().map_or_else(Undo::nothing, Fault::undo)
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.made().inject(cx).await
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.experiment.as_ref()?.confirm_within()
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        match &mut self.experiment {
            Some(experiment) => experiment.evidence().await,
            None => Err(Error::new("it was not prepared")),
        }
    }

    fn lasts(&self) -> bool {
        self.experiment.as_ref().is_some_and(Fault::lasts)
    }

    async fn completion(&mut self) -> Result<Option<Evidence>> {
        self.made().completion().await
    }
}

impl OneShot for FisAction {}

impl Held for FisAction {}
