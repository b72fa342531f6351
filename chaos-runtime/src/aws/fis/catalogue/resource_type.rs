//! What is known of the types of resources that actions harm, from the
//! [targets reference](https://docs.aws.amazon.com/fis/latest/userguide/targets.html).

/// A type of resources.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ResourceType {
    /// `aws:ec2:instance`
    pub name: &'static str,
    /// Several of them, in words.
    pub plural: &'static str,
    /// Service and beginning of the resource part of its ARNs; `None` where it has none or many.
    pub arn: Option<(&'static str, &'static str)>,
    /// Its parameters and which are required.
    pub parameters: &'static [(&'static str, bool)],
    /// How its Availability Zone is chosen.
    pub zone: Zone,
    /// Whether it can be chosen by tags.
    pub tags: bool,
    /// The filter by which those are left out that do not run.
    pub running: Option<(&'static str, &'static str)>,
}

/// How the Availability Zone of a target is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Zone {
    /// By a filter on this path.
    Filter(&'static str),
    /// By this parameter.
    Parameter(&'static str),
    /// Not by the target.
    None,
}

const fn named(name: &'static str, plural: &'static str) -> ResourceType {
    ResourceType { name, plural, arn: None, parameters: &[], zone: Zone::None, tags: true, running: None }
}

impl ResourceType {
    const fn arn(mut self, service: &'static str, resource: &'static str) -> Self {
        self.arn = Some((service, resource));
        self
    }

    const fn taking(mut self, parameters: &'static [(&'static str, bool)]) -> Self {
        self.parameters = parameters;
        self
    }

    const fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    const fn untagged(mut self) -> Self {
        self.tags = false;
        self
    }

    const fn running(mut self, path: &'static str, value: &'static str) -> Self {
        self.running = Some((path, value));
        self
    }
}

const INSTANCE_ZONE: Zone = Zone::Filter("Placement.AvailabilityZone");

/// Sorted by name.
pub(super) const TYPES: [ResourceType; 24] = [
    named("aws:arc:zonal-shift-managed-resource", "resources under zonal shift"),
    named("aws:directconnect:virtual-interface", "Direct Connect virtual interfaces").arn("directconnect", "dxvif/"),
    named("aws:dsql:cluster", "Aurora DSQL clusters").arn("dsql", "cluster/"),
    named("aws:dynamodb:global-table", "DynamoDB global tables").arn("dynamodb", "table/"),
    named("aws:ec2:autoscaling-group", "Auto Scaling groups").arn("autoscaling", "autoScalingGroup:"),
    named("aws:ec2:ebs-volume", "EBS volumes")
        .arn("ec2", "volume/")
        .taking(&[("availabilityZoneIdentifier", false)])
        .in_zone(Zone::Parameter("availabilityZoneIdentifier")),
    named("aws:ec2:instance", "EC2 instances")
        .arn("ec2", "instance/")
        .in_zone(INSTANCE_ZONE)
        .running("State.Name", "running"),
    named("aws:ec2:spot-instance", "Spot Instances")
        .arn("ec2", "instance/")
        .in_zone(INSTANCE_ZONE)
        .running("State.Name", "running"),
    named("aws:ec2:subnet", "subnets")
        .arn("ec2", "subnet/")
        .taking(&[("availabilityZoneIdentifier", false), ("vpc", false)])
        .in_zone(Zone::Parameter("availabilityZoneIdentifier")),
    named("aws:ec2:transit-gateway", "transit gateways").arn("ec2", "transit-gateway/"),
    named("aws:ec2:vpc-endpoint", "VPC endpoints").arn("ec2", "vpc-endpoint/"),
    named("aws:ecs:cluster", "ECS clusters").arn("ecs", "cluster/"),
    named("aws:ecs:task", "ECS tasks")
        .arn("ecs", "task/")
        .taking(&[("cluster", false), ("service", false)])
        .in_zone(Zone::Filter("AvailabilityZone")),
    named("aws:eks:cluster", "EKS clusters").arn("eks", "cluster/"),
    named("aws:eks:nodegroup", "EKS node groups").arn("eks", "nodegroup/"),
    named("aws:eks:pod", "Kubernetes pods")
        .taking(&[
            ("availabilityZoneIdentifier", false),
            ("clusterIdentifier", true),
            ("namespace", true),
            ("selectorType", true),
            ("selectorValue", true),
            ("targetContainerName", false),
        ])
        .in_zone(Zone::Parameter("availabilityZoneIdentifier"))
        .untagged(),
    named("aws:elasticache:replicationgroup", "ElastiCache replication groups")
        .arn("elasticache", "replicationgroup:")
        .taking(&[("availabilityZoneIdentifier", true)])
        .in_zone(Zone::Parameter("availabilityZoneIdentifier")),
    named("aws:iam:role", "IAM roles").arn("iam", "role/"),
    named("aws:kinesis:stream", "Kinesis streams").arn("kinesis", "stream/"),
    named("aws:lambda:function", "Lambda functions").arn("lambda", "function:").taking(&[("functionQualifier", false)]),
    named("aws:memorydb:multi-region-cluster", "MemoryDB multi-Region clusters").arn("memorydb", "multiregioncluster/"),
    named("aws:rds:cluster", "Aurora clusters")
        .arn("rds", "cluster:")
        .taking(&[("writerAvailabilityZoneIdentifiers", false)])
        .in_zone(Zone::Parameter("writerAvailabilityZoneIdentifiers")),
    named("aws:rds:db", "RDS instances")
        .arn("rds", "db:")
        .taking(&[("availabilityZoneIdentifiers", false)])
        .in_zone(Zone::Parameter("availabilityZoneIdentifiers")),
    named("aws:s3:bucket", "S3 buckets").arn("s3", ""),
];
