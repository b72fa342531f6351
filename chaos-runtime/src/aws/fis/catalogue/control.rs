//! What FIS does by itself: waiting, asserting, errors of AWS APIs, zonal shifts, Direct Connect.

use super::entry::{ANY_TIME, Entry, Kind, LONG, PERCENT, Parameter, optional, required};
use super::permission::{FIND_BY_TAG, on, reads};

const EXPERIMENTS: &[&str] = &["arn:{partition}:fis:{region}:{account}:experiment/*"];
const INTERFACES: &[&str] = &["arn:{partition}:directconnect:{region}:{account}:dxvif/*"];

const OF_AN_API: &[Parameter] = &[
    required("duration", LONG),
    required("service", Kind::OneOf(&["ec2", "kinesis"])),
    required("percentage", PERCENT),
    required("operations", Kind::Text),
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:arc:start-zonal-autoshift", "shifts traffic away from an Availability Zone, as ARC would")
        .on("ManagedResources", "aws:arc:zonal-shift-managed-resource")
        .taking(&[
            required("duration", ANY_TIME),
            required("availabilityZoneIdentifier", Kind::Text),
            optional("managedResourceTypes", Kind::SomeOf(&["ASG", "ALB", "NLB", "EKS"])),
            optional("zonalAutoshiftStatus", Kind::OneOf(&["ENABLED", "DISABLED", "ANY"])),
        ])
        .lasting("duration")
        .needing(&[
            reads("arc-zonal-shift:StartZonalShift"),
            reads("arc-zonal-shift:GetManagedResource"),
            reads("arc-zonal-shift:UpdateZonalShift"),
            reads("arc-zonal-shift:CancelZonalShift"),
            reads("arc-zonal-shift:ListManagedResources"),
            reads("autoscaling:DescribeTags"),
            FIND_BY_TAG,
        ]),
    Entry::new("aws:cloudwatch:assert-alarm-state", "fails unless alarms are in one of some states")
        .taking(&[
            required("alarmArns", Kind::Arns("cloudwatch", 5)),
            required("alarmStates", Kind::SomeOf(&["OK", "ALARM", "INSUFFICIENT_DATA"])),
        ])
        .needing(&[reads("cloudwatch:DescribeAlarms")]),
    Entry::new(
        "aws:directconnect:virtual-interface-disconnect",
        "takes the BGP sessions of Direct Connect virtual interfaces down",
    )
    .on("VirtualInterfaces", "aws:directconnect:virtual-interface")
    .taking(&[required("duration", Kind::Duration { least: 600, most: 43_200 })])
    .lasting("duration")
    .needing(&[
        reads("directconnect:DescribeVirtualInterfaces"),
        on("directconnect:StartBgpFailoverTest", INTERFACES),
        reads("directconnect:ListVirtualInterfaceTestHistory"),
        on("directconnect:StopBgpFailoverTest", INTERFACES),
        FIND_BY_TAG,
    ]),
    Entry::new("aws:fis:inject-api-internal-error", "answers AWS requests of IAM roles with internal errors")
        .on("Roles", "aws:iam:role")
        .taking(OF_AN_API)
        .lasting("duration")
        .needing(&[on("fis:InjectApiInternalError", EXPERIMENTS)]),
    Entry::new("aws:fis:inject-api-throttle-error", "throttles AWS requests of IAM roles")
        .on("Roles", "aws:iam:role")
        .taking(OF_AN_API)
        .lasting("duration")
        .needing(&[on("fis:InjectApiThrottleError", EXPERIMENTS)]),
    Entry::new("aws:fis:inject-api-unavailable-error", "answers AWS requests of IAM roles as unavailable")
        .on("Roles", "aws:iam:role")
        .taking(OF_AN_API)
        .lasting("duration")
        .needing(&[on("fis:InjectApiUnavailableError", EXPERIMENTS)]),
    Entry::new("aws:fis:wait", "waits").taking(&[required("duration", LONG)]).lasting("duration"),
];
