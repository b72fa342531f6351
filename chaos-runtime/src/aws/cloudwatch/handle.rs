//! The way to CloudWatch.

use super::alarm::Alarm;
use super::metric::Metric;
use crate::aws::{Aws, Session};
use std::sync::Arc;
use std::time::Duration;

/// CloudWatch of an account and a region, from `aws.cloudwatch()`.
#[derive(Clone)]
pub struct CloudWatch {
    session: Arc<Session>,
}

impl Aws {
    /// CloudWatch: metrics as probes, alarms as gate and guard.
    pub fn cloudwatch(&self) -> CloudWatch {
        CloudWatch { session: self.session.clone() }
    }
}

impl CloudWatch {
    /// A metric, for `chaos.probe(name, …)`.
    pub fn metric(&self, namespace: impl Into<String>, name: impl Into<String>) -> Metric {
        self.settled(Metric::new(self.session.cloudwatch.clone(), namespace.into(), name.into()))
    }

    /// An emulator's values are there at once.
    fn settled(&self, metric: Metric) -> Metric {
        if self.session.emulated { metric.settles_within(Duration::from_secs(2)) } else { metric }
    }

    /// An expression of [metric maths](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html)
    /// over metrics, for `chaos.probe(name, …)`. What is published only where there is something to count, such as
    /// errors, needs `FILL(m1, 0)` in it, as a period without value makes claims inconclusive.
    pub fn math<Id: Into<String>>(
        &self,
        expression: impl Into<String>,
        inputs: impl IntoIterator<Item = (Id, Metric)>,
    ) -> Metric {
        let inputs = inputs.into_iter().map(|(id, metric)| (id.into(), metric)).collect();
        self.settled(Metric::math(self.session.cloudwatch.clone(), expression.into(), inputs))
    }

    /// An alarm by its name or ARN, for [`chaos.require(…)`](crate::Chaos::require) and
    /// [`chaos.abort_on(…)`](crate::Chaos::abort_on). Composite ones too.
    pub fn alarm(&self, name: impl Into<String>) -> Alarm {
        Alarm::new(self.session.clone(), name.into())
    }
}
