//! DynamoDB, DSQL, ElastiCache, Kinesis, MemoryDB and S3.

use super::entry::{ANY_TIME, Chosen, Entry, Kind, LONG, PERCENT, optional, required};
use super::permission::{FIND_BY_TAG, harms, on, reads, when};

const TABLES: &[&str] = &[
    "arn:{partition}:dynamodb:{region}:{account}:table/*",
    "arn:{partition}:dynamodb:{region}:{account}:table/*/stream/*",
];
const STREAMS: &[&str] = &["arn:{partition}:kinesis:{region}:{account}:stream/*"];
const MEMORYDB: &[&str] = &["arn:{partition}:memorydb::{account}:multiregioncluster/*"];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:dsql:cluster-connection-failure", "lets connections to Aurora DSQL clusters fail")
        .on("Clusters", "aws:dsql:cluster")
        .taking(&[required("duration", LONG), required("percentage", PERCENT)])
        .lasting("duration")
        .needing(&[
            harms("dsql:InjectError", &["arn:{partition}:dsql:{region}:{account}:cluster/*"]),
            on("dsql:GetCluster", &["arn:{partition}:dsql:{region}:{account}:cluster/*"]),
            FIND_BY_TAG,
        ]),
    Entry::new("aws:dynamodb:global-table-pause-replication", "pauses the replication of DynamoDB global tables")
        .on("Tables", "aws:dynamodb:global-table")
        .taking(&[required("duration", ANY_TIME)])
        .lasting("duration")
        .needing(&[
            on("dynamodb:PutResourcePolicy", TABLES),
            on("dynamodb:DeleteResourcePolicy", TABLES),
            on("dynamodb:GetResourcePolicy", TABLES),
            on("dynamodb:DescribeTable", TABLES),
            // For strongly consistent global tables only.
            on("dynamodb:InjectError", TABLES),
            FIND_BY_TAG,
        ]),
    Entry::new(
        "aws:elasticache:replicationgroup-interrupt-az-power",
        "takes the power from the nodes of ElastiCache replication groups in one Availability Zone",
    )
    .on("ReplicationGroups", "aws:elasticache:replicationgroup")
    .taking(&[required("duration", LONG)])
    .lasting("duration")
    .needing(&[
        harms(
            "elasticache:InterruptClusterAzPower",
            &["arn:{partition}:elasticache:{region}:{account}:replicationgroup:*"],
        ),
        reads("elasticache:DescribeReplicationGroups"),
        FIND_BY_TAG,
    ]),
    Entry::new(
        "aws:kinesis:stream-expired-iterator-exception",
        "answers readers of Kinesis streams with ExpiredIteratorException",
    )
    .on("KinesisStreams", "aws:kinesis:stream")
    .taking(&[required("duration", LONG), required("percentage", PERCENT)])
    .lasting("duration")
    .needing(&[on("kinesis:InjectApiError", STREAMS)]),
    Entry::new(
        "aws:kinesis:stream-provisioned-throughput-exception",
        "answers requests to Kinesis streams with ProvisionedThroughputExceededException",
    )
    .on("KinesisStreams", "aws:kinesis:stream")
    .taking(&[required("duration", LONG), required("percentage", PERCENT)])
    .lasting("duration")
    .needing(&[on("kinesis:InjectApiError", STREAMS)]),
    Entry::new(
        "aws:memorydb:multi-region-cluster-pause-replication",
        "pauses the replication of MemoryDB multi-Region clusters",
    )
    .on("MultiRegionClusters", "aws:memorydb:multi-region-cluster")
    .taking(&[required("duration", LONG)])
    .lasting("duration")
    .needing(&[
        on("memorydb:DescribeMultiRegionClusters", MEMORYDB),
        on("memorydb:PauseMultiRegionClusterReplication", MEMORYDB),
        FIND_BY_TAG,
    ]),
    Entry::new("aws:s3:bucket-pause-replication", "pauses the replication of S3 buckets")
        .on("Buckets", "aws:s3:bucket")
        .chosen(Chosen::ByTags)
        .taking(&[
            required("duration", LONG),
            required("region", Kind::Text),
            optional("destinationBuckets", Kind::Text),
            optional("prefixes", Kind::Text),
        ])
        .lasting("duration")
        .needing(&[
            when("s3:PutReplicationConfiguration", BUCKETS, PAUSING),
            when("s3:GetReplicationConfiguration", BUCKETS, PAUSING),
            when("s3:PauseReplication", BUCKETS, OURS),
            reads("s3:ListAllMyBuckets"),
            FIND_BY_TAG,
        ]),
];

const BUCKETS: &[&str] = &["arn:{partition}:s3:::*"];
const OURS: &[(&str, &str, &str)] = &[("StringEquals", "aws:ResourceAccount", "{account}")];
const PAUSING: &[(&str, &str, &str)] =
    &[("BoolIfExists", "s3:IsReplicationPauseRequest", "true"), ("StringEquals", "aws:ResourceAccount", "{account}")];
