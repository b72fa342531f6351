use super::actions;
use std::time::Duration;

actions! {
    /// Terminates EC2 instances, for good.
    "aws:ec2:terminate-instances" => pub fn terminate_instances() -> Self {
        Self::new("aws:ec2:terminate-instances")
    }

    /// Stops EC2 instances; [`start_again_after`](crate::aws::fis::Action::start_again_after) says that they are started again.
    "aws:ec2:stop-instances" => pub fn stop_instances() -> Self {
        Self::new("aws:ec2:stop-instances")
    }

    /// Reboots EC2 instances.
    "aws:ec2:reboot-instances" => pub fn reboot_instances() -> Self {
        Self::new("aws:ec2:reboot-instances")
    }

    /// Interrupts Spot Instances `after` 2 to 15 minutes, with the notice that Spot gives two minutes before.
    "aws:ec2:send-spot-instance-interruptions" => pub fn send_spot_instance_interruptions(after: Duration) -> Self {
        Self::new("aws:ec2:send-spot-instance-interruptions").parameter("durationBeforeInterruption", after)
    }

    /// Lets launches of Auto Scaling groups in this Availability Zone fail for want of capacity.
    "aws:ec2:asg-insufficient-instance-capacity-error" =>
    pub fn auto_scaling_without_capacity(zone: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:ec2:asg-insufficient-instance-capacity-error")
            .parameter("availabilityZoneIdentifiers", zone.into())
            .parameter("duration", lasting)
    }

    /// Answers requests of IAM roles, chosen by ARN, for instances in this Availability Zone with a want of capacity.
    "aws:ec2:api-insufficient-instance-capacity-error" =>
    pub fn launches_without_capacity(zone: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:ec2:api-insufficient-instance-capacity-error")
            .parameter("availabilityZoneIdentifiers", zone.into())
            .parameter("percentage", 100)
            .parameter("duration", lasting)
    }
}

impl crate::aws::fis::Action {
    /// Stopped instances are started again after this time, 1 minute to 12 hours. Those that an Auto Scaling group
    /// has terminated meanwhile are left alone.
    pub fn start_again_after(self, stopped: Duration) -> Self {
        self.parameter("startInstancesAfterDuration", stopped).parameter("completeIfInstancesTerminated", true)
    }
}
