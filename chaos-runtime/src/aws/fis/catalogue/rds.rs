//! Aurora and RDS.

use super::entry::{Entry, Kind, optional};
use super::permission::{FIND_BY_TAG, harms, reads};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:rds:failover-db-cluster", "fails an Aurora cluster over to one of its readers")
        .on("Clusters", "aws:rds:cluster")
        .needing(&[
            harms("rds:FailoverDBCluster", &["arn:{partition}:rds:{region}:{account}:cluster:*"]),
            reads("rds:DescribeDBClusters"),
            FIND_BY_TAG,
        ]),
    Entry::new("aws:rds:reboot-db-instances", "reboots RDS instances")
        .on("DBInstances", "aws:rds:db")
        .taking(&[optional("forceFailover", Kind::Bool)])
        .needing(&[
            harms("rds:RebootDBInstance", &["arn:{partition}:rds:{region}:{account}:db:*"]),
            reads("rds:DescribeDBInstances"),
            FIND_BY_TAG,
        ]),
];
