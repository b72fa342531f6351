//! Asking for experiments.

use super::super::Aws;
use super::source::Source;
use super::{Action, FisAction, FisExperiment, Plan};

/// AWS FIS in the account, from [`Aws::fis`](crate::aws::Aws::fis).
#[derive(Debug, Clone)]
pub struct Fis {
    aws: Aws,
}

impl Aws {
    /// AWS Fault Injection Service: experiments as faults.
    pub fn fis(&self) -> Fis {
        Fis { aws: self.clone() }
    }
}

impl Fis {
    /// A fault: an experiment template that is there already, run as it stands. It stays.
    ///
    /// Its targets must carry the profile's tag: those chosen by tags must require it, too. At least one alarm must stop
    /// it, unless [waived](FisExperiment::without_stop_condition).
    pub fn template(&self, id: impl Into<String>) -> FisExperiment {
        FisExperiment::new(&self.aws, Source::Template(id.into()))
    }

    /// The same, the only one with this tag.
    pub fn template_tagged(&self, key: impl Into<String>, value: impl Into<String>) -> FisExperiment {
        FisExperiment::new(&self.aws, Source::Tagged(key.into(), value.into()))
    }

    /// A fault: an experiment of several actions, built in code.
    ///
    /// ```no_run
    /// # use chaos_runtime::prelude::*;
    /// # async fn body(chaos: &mut Chaos) -> chaos::Result {
    /// use chaos_runtime::aws::fis::{Action, Plan};
    ///
    /// let aws = chaos.aws().await?;
    /// let outage = Action::stop_instances().tagged("service", "orders").availability_zone("eu-west-1a");
    /// let failover = Action::failover_db_cluster().tagged("service", "orders");
    /// let plan = outage.then(failover).stop_on_alarm("orders-error-budget");
    /// chaos.inject(aws.fis().run(plan)).await?;
    /// # Ok(()) }
    /// ```
    pub fn run(&self, plan: impl Into<Plan>) -> FisExperiment {
        FisExperiment::new(&self.aws, Source::Plan(Box::new(plan.into())))
    }

    /// A fault: one action of any kind, also of those that this crate does not know.
    pub fn action(&self, action: Action) -> FisAction {
        FisAction::new(&self.aws, action)
    }
}
