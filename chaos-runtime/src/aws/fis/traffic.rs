//! What a fault of the network concerns.

/// The direction of traffic, seen from what is harmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// What comes in.
    Ingress,
    /// What goes out.
    Egress,
}

impl Traffic {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// The protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// Which traffic of subnets is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// Whatever enters or leaves the subnet.
    All,
    /// That with subnets of other Availability Zones in the VPC.
    OtherZones,
    /// That with DynamoDB in this Region.
    DynamoDb,
    /// That with S3 in this Region.
    S3,
    /// That with S3 Express One Zone in the subnet's Availability Zone.
    S3Express,
    /// Whatever enters or leaves the VPC.
    Vpc,
}

impl Denied {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::OtherZones => "availability-zone",
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::S3Express => "s3express",
            Self::Vpc => "vpc",
        }
    }
}
