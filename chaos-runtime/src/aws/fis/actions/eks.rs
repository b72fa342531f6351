use super::actions;
use crate::aws::fis::value::milliseconds;
use crate::aws::fis::{Pods, Protocol, Traffic};
use crate::units::Percent;
use std::time::Duration;

actions! {
    /// Delays the traffic of pods.
    "aws:eks:pod-network-latency" =>
    pub fn pod_network_latency(pods: Pods, delay: Duration, lasting: Duration) -> Self {
        pods.harmed_by("aws:eks:pod-network-latency")
            .parameter("delayMilliseconds", milliseconds(delay))
            .parameter("duration", lasting)
    }

    /// Loses a share of the packets of pods.
    "aws:eks:pod-network-packet-loss" =>
    pub fn pod_network_packet_loss(pods: Pods, loss: Percent, lasting: Duration) -> Self {
        pods.harmed_by("aws:eks:pod-network-packet-loss").parameter("lossPercent", loss).parameter("duration", lasting)
    }

    /// Drops traffic of pods on a port.
    "aws:eks:pod-network-blackhole-port" =>
    pub fn pod_network_black_hole(
        pods: Pods, traffic: Traffic, protocol: Protocol, port: u16, lasting: Duration
    ) -> Self {
        pods.harmed_by("aws:eks:pod-network-blackhole-port")
            .parameter("trafficType", traffic.name())
            .parameter("protocol", protocol.name())
            .parameter("port", port)
            .parameter("duration", lasting)
    }

    /// Keeps the processors of pods busy.
    "aws:eks:pod-cpu-stress" => pub fn pod_cpu_stress(pods: Pods, lasting: Duration) -> Self {
        pods.harmed_by("aws:eks:pod-cpu-stress").parameter("duration", lasting)
    }

    /// Keeps the disks of pods busy.
    "aws:eks:pod-io-stress" => pub fn pod_io_stress(pods: Pods, lasting: Duration) -> Self {
        pods.harmed_by("aws:eks:pod-io-stress").parameter("duration", lasting)
    }

    /// Fills a share of the memory of pods.
    "aws:eks:pod-memory-stress" => pub fn pod_memory_stress(pods: Pods, share: Percent, lasting: Duration) -> Self {
        pods.harmed_by("aws:eks:pod-memory-stress").parameter("percent", share).parameter("duration", lasting)
    }

    /// Deletes pods, with the time to end that they are given by default.
    "aws:eks:pod-delete" => pub fn pod_delete(pods: Pods) -> Self {
        pods.harmed_by("aws:eks:pod-delete")
    }

    /// Terminates a share of the instances of EKS managed node groups.
    "aws:eks:terminate-nodegroup-instances" => pub fn terminate_nodegroup_instances(share: Percent) -> Self {
        Self::new("aws:eks:terminate-nodegroup-instances").parameter("instanceTerminationPercentage", share)
    }

    /// Runs a custom resource of Chaos Mesh or Litmus on one EKS cluster, chosen by ARN: API version, kind, namespace
    /// and `spec` as JSON.
    "aws:eks:inject-kubernetes-custom-resource" =>
    pub fn inject_kubernetes_custom_resource(
        api_version: impl Into<String>,
        kind: impl Into<String>,
        namespace: impl Into<String>,
        spec: impl Into<String>,
        at_most: Duration
    ) -> Self {
        Self::new("aws:eks:inject-kubernetes-custom-resource")
            .parameter("kubernetesApiVersion", api_version.into())
            .parameter("kubernetesKind", kind.into())
            .parameter("kubernetesNamespace", namespace.into())
            .parameter("kubernetesSpec", spec.into())
            .parameter("maxDuration", at_most)
    }
}
