use super::actions;
use crate::aws::fis::Denied;
use std::time::Duration;

actions! {
    /// Denies traffic of subnets.
    "aws:network:disrupt-connectivity" => pub fn disrupt_connectivity(traffic: Denied, lasting: Duration) -> Self {
        Self::new("aws:network:disrupt-connectivity").parameter("scope", traffic.name()).parameter("duration", lasting)
    }

    /// Blocks the traffic of interface VPC endpoints.
    "aws:network:disrupt-vpc-endpoint" => pub fn disrupt_vpc_endpoint(lasting: Duration) -> Self {
        Self::new("aws:network:disrupt-vpc-endpoint").parameter("duration", lasting)
    }

    /// Blocks traffic from subnets to another Region.
    "aws:network:route-table-disrupt-cross-region-connectivity" =>
    pub fn disrupt_cross_region_routes(region: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:network:route-table-disrupt-cross-region-connectivity")
            .parameter("region", region.into())
            .parameter("duration", lasting)
    }

    /// Blocks traffic from transit gateways to another Region.
    "aws:network:transit-gateway-disrupt-cross-region-connectivity" =>
    pub fn disrupt_cross_region_transit_gateways(region: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:network:transit-gateway-disrupt-cross-region-connectivity")
            .parameter("region", region.into())
            .parameter("duration", lasting)
    }
}
