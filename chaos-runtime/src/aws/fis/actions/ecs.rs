use super::actions;
use crate::aws::fis::value::milliseconds;
use crate::aws::fis::{Protocol, Traffic};
use crate::units::Percent;
use std::time::Duration;

actions! {
    /// Stops ECS tasks; their service starts new ones.
    "aws:ecs:stop-task" => pub fn stop_task() -> Self {
        Self::new("aws:ecs:stop-task")
    }

    /// Drains a share of the container instances of ECS clusters.
    "aws:ecs:drain-container-instances" =>
    pub fn drain_container_instances(share: Percent, lasting: Duration) -> Self {
        Self::new("aws:ecs:drain-container-instances")
            .parameter("drainagePercentage", share)
            .parameter("duration", lasting)
    }

    /// Delays what ECS tasks send. On Fargate: [`ecs_endpoints`](crate::aws::fis::Action::ecs_endpoints).
    "aws:ecs:task-network-latency" => pub fn task_network_latency(delay: Duration, lasting: Duration) -> Self {
        Self::new("aws:ecs:task-network-latency")
            .parameter("delayMilliseconds", milliseconds(delay))
            .parameter("duration", lasting)
    }

    /// Loses a share of the packets that ECS tasks send. On Fargate: [`ecs_endpoints`](crate::aws::fis::Action::ecs_endpoints).
    "aws:ecs:task-network-packet-loss" => pub fn task_network_packet_loss(loss: Percent, lasting: Duration) -> Self {
        Self::new("aws:ecs:task-network-packet-loss").parameter("lossPercent", loss).parameter("duration", lasting)
    }

    /// Drops traffic of ECS tasks on a port. On Fargate: [`ecs_endpoints`](crate::aws::fis::Action::ecs_endpoints).
    "aws:ecs:task-network-blackhole-port" =>
    pub fn task_network_black_hole(traffic: Traffic, protocol: Protocol, port: u16, lasting: Duration) -> Self {
        Self::new("aws:ecs:task-network-blackhole-port")
            .parameter("trafficType", traffic.name())
            .parameter("protocol", protocol.name())
            .parameter("port", port)
            .parameter("duration", lasting)
    }

    /// Keeps the processors of ECS tasks busy.
    "aws:ecs:task-cpu-stress" => pub fn task_cpu_stress(lasting: Duration) -> Self {
        Self::new("aws:ecs:task-cpu-stress").parameter("duration", lasting)
    }

    /// Keeps the disks of ECS tasks busy.
    "aws:ecs:task-io-stress" => pub fn task_io_stress(lasting: Duration) -> Self {
        Self::new("aws:ecs:task-io-stress").parameter("duration", lasting)
    }

    /// Ends a process in ECS tasks, with SIGTERM unless `parameter("signal", "SIGKILL")` says otherwise.
    "aws:ecs:task-kill-process" => pub fn task_kill_process(process: impl Into<String>) -> Self {
        Self::new("aws:ecs:task-kill-process").parameter("processName", process.into())
    }
}

impl crate::aws::fis::Action {
    /// Harms tasks of this ECS cluster.
    pub fn in_cluster(self, cluster: impl Into<String>) -> Self {
        self.target_parameter("cluster", cluster)
    }

    /// Harms tasks of this ECS service.
    pub fn of_service(self, service: impl Into<String>) -> Self {
        self.target_parameter("service", service)
    }

    /// Uses ECS's own fault injection in place of `tc` and `iptables`: the only way on Fargate, and the task
    /// definition has to say `enableFaultInjection`.
    pub fn ecs_endpoints(self) -> Self {
        self.parameter("useEcsFaultInjectionEndpoints", true)
    }

    /// A fault of the network concerns only traffic with these: addresses, CIDR blocks, domain names, Availability
    /// Zones, `DYNAMODB`, `S3`.
    pub fn sources<S: AsRef<str>>(self, sources: impl IntoIterator<Item = S>) -> Self {
        let sources: Vec<S> = sources.into_iter().collect();
        let sources: Vec<&str> = sources.iter().map(AsRef::as_ref).collect();
        self.parameter("sources", sources.join(","))
    }
}
