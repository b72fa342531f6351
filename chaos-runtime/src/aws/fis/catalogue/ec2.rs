//! EC2 instances and Auto Scaling groups.

use super::entry::{ANY_TIME, Chosen, Entry, Kind, LONG, PERCENT, optional, required};
use super::permission::{Permission, harms, reads, when};

const INSTANCES: &[&str] = &["arn:{partition}:ec2:{region}:{account}:instance/*"];
const FIND: Permission = reads("ec2:DescribeInstances");

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        "aws:ec2:api-insufficient-instance-capacity-error",
        "answers requests of IAM roles for instances with InsufficientInstanceCapacity",
    )
    .on("Roles", "aws:iam:role")
    .chosen(Chosen::ByArns)
    .taking(&[
        required("duration", ANY_TIME),
        required("availabilityZoneIdentifiers", Kind::Text),
        required("percentage", PERCENT),
    ])
    .lasting("duration")
    .needing(&[when(
        "ec2:InjectApiError",
        &["*"],
        &[("StringEquals", "ec2:FisActionId", "aws:ec2:api-insufficient-instance-capacity-error")],
    )]),
    Entry::new(
        "aws:ec2:asg-insufficient-instance-capacity-error",
        "lets launches of Auto Scaling groups fail for want of capacity",
    )
    .on("AutoScalingGroups", "aws:ec2:autoscaling-group")
    .taking(&[
        required("duration", ANY_TIME),
        required("availabilityZoneIdentifiers", Kind::Text),
        optional("percentage", PERCENT),
    ])
    .lasting("duration")
    .needing(&[
        when(
            "ec2:InjectApiError",
            &["*"],
            &[("StringEquals", "ec2:FisActionId", "aws:ec2:asg-insufficient-instance-capacity-error")],
        ),
        reads("autoscaling:DescribeAutoScalingGroups"),
    ]),
    Entry::new("aws:ec2:reboot-instances", "reboots EC2 instances")
        .on("Instances", "aws:ec2:instance")
        .needing(&[harms("ec2:RebootInstances", INSTANCES), FIND]),
    Entry::new("aws:ec2:send-spot-instance-interruptions", "interrupts Spot Instances with two minutes' notice")
        .on("SpotInstances", "aws:ec2:spot-instance")
        .taking(&[required("durationBeforeInterruption", Kind::Duration { least: 120, most: 900 })])
        .lasting("durationBeforeInterruption")
        .needing(&[harms("ec2:SendSpotInstanceInterruptions", INSTANCES), FIND]),
    Entry::new("aws:ec2:stop-instances", "stops EC2 instances, and starts them again after a while if told to")
        .on("Instances", "aws:ec2:instance")
        .taking(&[optional("startInstancesAfterDuration", LONG), optional("completeIfInstancesTerminated", Kind::Bool)])
        .lasting("startInstancesAfterDuration")
        .needing(&[
            harms("ec2:StopInstances", INSTANCES),
            harms("ec2:StartInstances", INSTANCES),
            FIND,
            // Without it an instance with encrypted volumes stays stopped.
            when(
                "kms:CreateGrant",
                &["arn:{partition}:kms:{region}:{account}:key/*"],
                &[
                    ("Bool", "kms:GrantIsForAWSResource", "true"),
                    ("StringLike", "kms:ViaService", "ec2.*.amazonaws.com"),
                ],
            ),
        ]),
    Entry::new("aws:ec2:terminate-instances", "terminates EC2 instances")
        .on("Instances", "aws:ec2:instance")
        .needing(&[harms("ec2:TerminateInstances", INSTANCES), FIND]),
];
