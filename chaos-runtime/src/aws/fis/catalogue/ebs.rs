//! EBS volumes.

use super::entry::{Entry, Kind, optional, required};
use super::permission::{FIND_BY_TAG, harms, reads};

const VOLUMES: &[&str] = &["arn:{partition}:ec2:{region}:{account}:volume/*"];
const SHARE: Kind = Kind::Percent { least: 0.1 };
const DELAY: Kind = Kind::Number { least: 1, most: 60_000 };
/// One second to twelve hours.
const WHILE: Kind = Kind::Duration { least: 1, most: 43_200 };

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:ebs:pause-volume-io", "pauses reading from and writing to EBS volumes of one Availability Zone")
        .on("Volumes", "aws:ec2:ebs-volume")
        .taking(&[required("duration", WHILE)])
        .lasting("duration")
        .needing(&[harms("ec2:PauseVolumeIO", VOLUMES), reads("ec2:DescribeVolumes"), FIND_BY_TAG]),
    Entry::new("aws:ebs:volume-io-latency", "delays reading from and writing to EBS volumes of one Availability Zone")
        .on("Volumes", "aws:ec2:ebs-volume")
        .taking(&[
            optional("readIOPercentage", SHARE),
            optional("readIOLatencyMilliseconds", DELAY),
            optional("writeIOPercentage", SHARE),
            optional("writeIOLatencyMilliseconds", DELAY),
            required("duration", WHILE),
        ])
        .lasting("duration")
        .needing(&[harms("ec2:InjectVolumeIOLatency", VOLUMES), reads("ec2:DescribeVolumes"), FIND_BY_TAG]),
];
