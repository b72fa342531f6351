use super::actions;
use crate::units::Percent;
use std::time::Duration;

actions! {
    /// Waits, 1 minute to 12 hours: for plans of several actions.
    "aws:fis:wait" => pub fn wait(lasting: Duration) -> Self {
        Self::new("aws:fis:wait").parameter("duration", lasting)
    }

    /// Fails unless these alarms, at most five ARNs, are all OK.
    "aws:cloudwatch:assert-alarm-state" =>
    pub fn assert_alarms_ok(alarms: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let alarms: Vec<String> = alarms.into_iter().map(Into::into).collect();
        Self::new("aws:cloudwatch:assert-alarm-state")
            .parameter("alarmArns", alarms.join(","))
            .parameter("alarmStates", "OK")
    }

    /// Shifts traffic away from an Availability Zone, as ARC does when it sees that zone impaired.
    "aws:arc:start-zonal-autoshift" => pub fn start_zonal_autoshift(zone: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:arc:start-zonal-autoshift")
            .parameter("availabilityZoneIdentifier", zone.into())
            .parameter("duration", lasting)
    }

    /// Takes the BGP sessions of Direct Connect virtual interfaces down, for 10 minutes at least.
    "aws:directconnect:virtual-interface-disconnect" =>
    pub fn disconnect_virtual_interfaces(lasting: Duration) -> Self {
        Self::new("aws:directconnect:virtual-interface-disconnect").parameter("duration", lasting)
    }

    /// Answers a share of the calls of IAM roles to these operations of `ec2` or `kinesis` with internal errors.
    "aws:fis:inject-api-internal-error" =>
    pub fn api_internal_error(
        service: impl Into<String>, operations: impl IntoIterator<Item = impl Into<String>>, share: Percent,
        lasting: Duration
    ) -> Self {
        Self::new("aws:fis:inject-api-internal-error").of_an_api(service.into(), operations, share, lasting)
    }

    /// Throttles a share of the calls of IAM roles to these operations of `ec2` or `kinesis`.
    "aws:fis:inject-api-throttle-error" =>
    pub fn api_throttle_error(
        service: impl Into<String>, operations: impl IntoIterator<Item = impl Into<String>>, share: Percent,
        lasting: Duration
    ) -> Self {
        Self::new("aws:fis:inject-api-throttle-error").of_an_api(service.into(), operations, share, lasting)
    }

    /// Answers a share of the calls of IAM roles to these operations of `ec2` or `kinesis` as unavailable.
    "aws:fis:inject-api-unavailable-error" =>
    pub fn api_unavailable_error(
        service: impl Into<String>, operations: impl IntoIterator<Item = impl Into<String>>, share: Percent,
        lasting: Duration
    ) -> Self {
        Self::new("aws:fis:inject-api-unavailable-error").of_an_api(service.into(), operations, share, lasting)
    }
}

impl crate::aws::fis::Action {
    fn of_an_api(
        self,
        service: String,
        operations: impl IntoIterator<Item = impl Into<String>>,
        share: Percent,
        lasting: Duration,
    ) -> Self {
        let operations: Vec<String> = operations.into_iter().map(Into::into).collect();
        self.parameter("service", service)
            .parameter("operations", operations.join(","))
            .parameter("percentage", share)
            .parameter("duration", lasting)
    }
}
