//! An Availability Zone without power.

use super::{Action, Denied, Plan};
use crate::units::minutes;
use std::time::Duration;

/// Everything that an Availability Zone loses with its power, after AWS's scenario
/// [AZ Availability: Power Interruption](https://docs.aws.amazon.com/fis/latest/userguide/az-availability-scenario.html),
/// from [`Plan::power_interruption`]. What is not there is skipped.
///
/// | action | on | tagged `AzImpairmentPower` |
/// |---|---|---|
/// | stop, and start again at the end | instances in the zone | `StopInstances` |
/// | stop, and start again at the end | instances of Auto Scaling groups in the zone | `IceAsg` |
/// | launches without capacity | Auto Scaling groups, in the zone | `IceAsg` |
/// | launches without capacity | [roles](Self::roles), in the zone | |
/// | deny all traffic, for the first two minutes | subnets in the zone | `DisruptSubnet` |
/// | fail over | Aurora clusters whose writer is in the zone | `DisruptRds` |
/// | interrupt the power | ElastiCache nodes in the zone | `ElasticacheImpact` |
/// | pause reading and writing, when the power is back | one EBS volume of the zone that outlives its instance | `ApiPauseVolume` |
/// | shift traffic away, after a sixth of the time | [on request](Self::with_zonal_autoshift) | `RecoverAutoshiftResources` |
///
/// AWS's scenario cuts S3 Express One Zone off too; that action is left out here. Power is away for 30 minutes unless
/// [`lasting`](Self::lasting) says otherwise, and the volume stays paused for as long once more, as it may in a recovery.
///
/// ```
/// use chaos_runtime::aws::fis::Plan;
/// use chaos_runtime::prelude::*;
///
/// let outage = Plan::power_interruption("eu-west-1a").lasting(minutes(10)).tagged("service", "orders");
/// outage.stop_on_alarm("orders-error-budget").validate()?;
/// # Ok::<(), chaos_runtime::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a plan does nothing until it is injected"]
pub struct PowerInterruption {
    zone: String,
    lasting: Duration,
    tag: Option<(String, String)>,
    roles: Vec<String>,
    autoshift: bool,
}

impl PowerInterruption {
    pub(super) fn of(zone: String) -> Self {
        Self { zone, lasting: minutes(30), tag: None, roles: Vec::new(), autoshift: false }
    }

    /// How long the power is away: two minutes at least, or else the network comes back after it.
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.lasting = duration;
        self
    }

    /// Harms what carries this tag, whatever it is, in place of AWS's tags for this scenario.
    pub fn tagged(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tag = Some((key.into(), value.into()));
        self
    }

    /// Roles, by ARN, whose requests for instances in the zone find no capacity: those that launch instances by
    /// themselves. Service-linked roles cannot be harmed.
    pub fn roles<A: Into<String>>(mut self, arns: impl IntoIterator<Item = A>) -> Self {
        self.roles.extend(arns.into_iter().map(Into::into));
        self
    }

    /// Lets ARC shift traffic away from the zone after a sixth of the time, as it would in earnest.
    pub fn with_zonal_autoshift(mut self) -> Self {
        self.autoshift = true;
        self
    }

    /// Stops the experiment when this CloudWatch alarm goes off; see [`Plan::stop_on_alarm`].
    pub fn stop_on_alarm(self, alarm: impl Into<String>) -> Plan {
        Plan::from(self).stop_on_alarm(alarm)
    }

    /// Runs without a stop condition, and says why; see [`Plan::without_stop_condition`].
    pub fn without_stop_condition(self, because: impl Into<String>) -> Plan {
        Plan::from(self).without_stop_condition(because)
    }

    fn tag(&self, action: Action, value: &str) -> Action {
        match &self.tag {
            Some((key, value)) => action.tagged(key, value),
            None => action.tagged("AzImpairmentPower", value),
        }
    }
}

impl From<PowerInterruption> for Plan {
    fn from(outage: PowerInterruption) -> Self {
        let (zone, lasting) = (&*outage.zone, outage.lasting);
        let tagged = |action, value| outage.tag(action, value);
        let stopped = || Action::stop_instances().availability_zone(zone).start_again_after(lasting);
        let mut plan = Plan::new()
            .description(format!("The Availability Zone {zone} loses its power"))
            .with(tagged(stopped().named("stop-instances"), "StopInstances"));
        // With one tag for everything these are the same instances, and a second stop would fail.
        let mut until = vec!["stop-instances"];
        if outage.tag.is_none() {
            plan = plan.with(tagged(stopped().named("stop-asg-instances"), "IceAsg"));
            until.push("stop-asg-instances");
        }
        let scaling = Action::auto_scaling_without_capacity(zone, lasting).parameter("percentage", 100);
        plan = plan
            .with(tagged(scaling.named("pause-asg-scaling"), "IceAsg"))
            .with(tagged(
                Action::disrupt_connectivity(Denied::All, lasting.min(minutes(2)))
                    .availability_zone(zone)
                    .named("pause-network-connectivity"),
                "DisruptSubnet",
            ))
            .with(tagged(Action::failover_db_cluster().availability_zone(zone).named("failover-rds"), "DisruptRds"))
            .with(tagged(
                Action::elasticache_power_interruption(lasting).availability_zone(zone).named("pause-elasticache"),
                "ElasticacheImpact",
            ));
        let mut volume = Action::pause_volume_io(lasting)
            .availability_zone(zone)
            .filter("Attachments.DeleteOnTermination", ["false"])
            .count(1)
            .named("pause-ebs-io");
        for name in until {
            volume = volume.after(name);
        }
        plan = plan.with(tagged(volume, "ApiPauseVolume"));
        if !outage.roles.is_empty() {
            let launches = Action::launches_without_capacity(zone, lasting).arns(&outage.roles);
            plan = plan.with(launches.named("pause-instance-launches"));
        }
        if outage.autoshift {
            let noticed = Duration::from_secs((lasting.as_secs() / 6).max(60));
            let shift = Action::start_zonal_autoshift(zone, lasting.saturating_sub(noticed))
                .named("start-zonal-autoshift")
                .after("notice-the-outage");
            plan = plan
                .with(Action::wait(noticed).named("notice-the-outage"))
                .with(tagged(shift, "RecoverAutoshiftResources"));
        }
        plan.skip_if_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_of_aws() {
        let plan = Plan::power_interruption("eu-west-1a").stop_on_alarm("budget");
        plan.validate().expect("it is whole");
        let names: Vec<&str> = plan.actions().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "stop-instances",
                "stop-asg-instances",
                "pause-asg-scaling",
                "pause-network-connectivity",
                "failover-rds",
                "pause-elasticache",
                "pause-ebs-io",
            ]
        );
        assert_eq!(plan.lasts(), Some(minutes(60)));
        assert!(plan.tags().all(|(key, _)| key == "AzImpairmentPower"));
        assert!(plan.actions().all(|(_, action)| action.skip_if_empty));
    }

    #[test]
    fn everything_on_request_with_a_tag_of_ones_own() {
        let plan = Plan::power_interruption("eu-west-1a")
            .lasting(minutes(12))
            .tagged("service", "orders")
            .roles(["arn:aws:iam::123456789012:role/launcher"])
            .with_zonal_autoshift()
            .stop_on_alarm("budget");
        plan.validate().expect("it is whole");
        assert!(plan.tags().all(|tag| tag == ("service", "orders")));
        let shift = plan.actions().find(|(name, _)| *name == "start-zonal-autoshift").expect("it is there").1;
        assert_eq!(shift.lasts(), Some(minutes(10)));
    }
}
