use super::actions;

actions! {
    /// Fails Aurora clusters over to one of their readers.
    "aws:rds:failover-db-cluster" => pub fn failover_db_cluster() -> Self {
        Self::new("aws:rds:failover-db-cluster")
    }

    /// Reboots RDS instances where they are; with [`force_failover`](crate::aws::fis::Action::force_failover) in another Availability
    /// Zone.
    "aws:rds:reboot-db-instances" => pub fn reboot_db_instances() -> Self {
        Self::new("aws:rds:reboot-db-instances")
    }
}

impl crate::aws::fis::Action {
    /// A reboot fails over to another Availability Zone, where the instance is a Multi-AZ one.
    pub fn force_failover(self) -> Self {
        self.parameter("forceFailover", true)
    }
}
