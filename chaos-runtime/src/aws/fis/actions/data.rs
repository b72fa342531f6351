use super::actions;
use crate::units::Percent;
use std::time::Duration;

actions! {
    /// Pauses the replication of DynamoDB global tables.
    "aws:dynamodb:global-table-pause-replication" => pub fn pause_global_table_replication(lasting: Duration) -> Self {
        Self::new("aws:dynamodb:global-table-pause-replication").parameter("duration", lasting)
    }

    /// Lets a share of the connections to Aurora DSQL clusters fail.
    "aws:dsql:cluster-connection-failure" => pub fn dsql_connection_failure(share: Percent, lasting: Duration) -> Self {
        Self::new("aws:dsql:cluster-connection-failure").parameter("percentage", share).parameter("duration", lasting)
    }

    /// Takes the power from the nodes of ElastiCache replication groups in an Availability Zone, which
    /// [`availability_zone`](crate::aws::fis::Action::availability_zone) names.
    "aws:elasticache:replicationgroup-interrupt-az-power" =>
    pub fn elasticache_power_interruption(lasting: Duration) -> Self {
        Self::new("aws:elasticache:replicationgroup-interrupt-az-power").parameter("duration", lasting)
    }

    /// Answers a share of the requests to Kinesis streams with `ProvisionedThroughputExceededException`.
    "aws:kinesis:stream-provisioned-throughput-exception" =>
    pub fn kinesis_throughput_exceeded(share: Percent, lasting: Duration) -> Self {
        Self::new("aws:kinesis:stream-provisioned-throughput-exception")
            .parameter("percentage", share)
            .parameter("duration", lasting)
    }

    /// Answers a share of the `GetRecords` calls to Kinesis streams with `ExpiredIteratorException`.
    "aws:kinesis:stream-expired-iterator-exception" =>
    pub fn kinesis_expired_iterator(share: Percent, lasting: Duration) -> Self {
        Self::new("aws:kinesis:stream-expired-iterator-exception")
            .parameter("percentage", share)
            .parameter("duration", lasting)
    }

    /// Pauses the replication of MemoryDB multi-Region clusters.
    "aws:memorydb:multi-region-cluster-pause-replication" =>
    pub fn pause_memorydb_replication(lasting: Duration) -> Self {
        Self::new("aws:memorydb:multi-region-cluster-pause-replication").parameter("duration", lasting)
    }

    /// Pauses the replication of S3 buckets, chosen by tags, to buckets of this Region.
    "aws:s3:bucket-pause-replication" =>
    pub fn pause_bucket_replication(region: impl Into<String>, lasting: Duration) -> Self {
        Self::new("aws:s3:bucket-pause-replication").parameter("region", region.into()).parameter("duration", lasting)
    }
}
