//! What RDS says of a cluster at a moment.

use aws_sdk_rds::types::{DbCluster, DbInstance};

/// As RDS has it when nothing is under way.
pub(super) const AVAILABLE: &str = "available";

/// A cluster at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) status: String,
    /// Who is the writer; `None` in the middle of a failover, and in a cluster that only follows another one.
    pub(super) writer: Option<String>,
    pub(super) readers: Vec<String>,
}

impl Seen {
    pub(super) fn of(cluster: &DbCluster) -> Self {
        let (mut writer, mut readers) = (None, Vec::new());
        for member in cluster.db_cluster_members() {
            let Some(name) = member.db_instance_identifier() else { continue };
            match member.is_cluster_writer() {
                Some(true) => writer = Some(name.to_owned()),
                _ => readers.push(name.to_owned()),
            }
        }
        Self { status: cluster.status().unwrap_or("unknown").to_owned(), writer, readers }
    }

    pub(super) fn is_available(&self) -> bool {
        self.status == AVAILABLE
    }
}

/// An instance's status.
pub(super) fn status_of(instance: &DbInstance) -> &str {
    instance.db_instance_status().unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::types::DbClusterMember;

    #[test]
    fn roles_are_read_from_the_members() {
        let member = |name: &str, writer: bool| {
            DbClusterMember::builder().db_instance_identifier(name).is_cluster_writer(writer).build()
        };
        let cluster = DbCluster::builder().status("failing-over");
        let cluster =
            cluster.db_cluster_members(member("db-1", false)).db_cluster_members(member("db-2", true)).build();
        let seen = Seen::of(&cluster);
        assert_eq!((seen.writer.as_deref(), &*seen.readers), (Some("db-2"), &["db-1".to_owned()][..]));
        assert!(!seen.is_available());
        assert_eq!(Seen::of(&DbCluster::builder().build()).writer, None);
    }
}
