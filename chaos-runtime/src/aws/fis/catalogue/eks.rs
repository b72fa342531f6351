//! EKS pods, clusters and node groups. Within a cluster it is the Kubernetes service account that is granted things,
//! by RBAC.

use super::entry::{ANY_TIME, COUNT, Chosen, Entry, FROM_NOTHING, Kind, LONG, PERCENT, PORT, optional, required};
use super::permission::{FIND_BY_TAG, Permission, harms, on, reads};

const IN_PODS: &[Permission] = &[
    on("eks:DescribeCluster", &["arn:{partition}:eks:{region}:{account}:cluster/*"]),
    reads("ec2:DescribeSubnets"),
    FIND_BY_TAG,
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        "aws:eks:inject-kubernetes-custom-resource",
        "runs an experiment of Chaos Mesh or Litmus on an EKS cluster",
    )
    .on("Cluster", "aws:eks:cluster")
    .chosen(Chosen::ByOneArn)
    .taking(&[
        required("kubernetesApiVersion", Kind::OneOf(&["chaos-mesh.org/v1alpha1", "litmuschaos.io/v1alpha1"])),
        required("kubernetesKind", Kind::Text),
        required("kubernetesNamespace", Kind::Text),
        required("kubernetesSpec", Kind::Json),
        required("maxDuration", LONG),
    ])
    .lasting("maxDuration"),
    Entry::new("aws:eks:pod-cpu-stress", "keeps the processors of Kubernetes pods busy")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            optional("percent", FROM_NOTHING),
            optional("workers", COUNT),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
            optional("fisPodSecurityPolicy", Kind::OneOf(&["privileged", "baseline", "restricted"])),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-delete", "deletes Kubernetes pods")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            optional("gracePeriodSeconds", COUNT),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
            optional("fisPodSecurityPolicy", Kind::OneOf(&["privileged", "baseline", "restricted"])),
        ])
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-io-stress", "keeps the disks of Kubernetes pods busy")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            optional("workers", COUNT),
            optional("percent", FROM_NOTHING),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
            optional("fisPodSecurityPolicy", Kind::OneOf(&["privileged", "baseline"])),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-memory-stress", "fills the memory of Kubernetes pods")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            optional("workers", COUNT),
            optional("percent", FROM_NOTHING),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
            optional("fisPodSecurityPolicy", Kind::OneOf(&["privileged", "baseline", "restricted"])),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-network-blackhole-port", "drops traffic of Kubernetes pods on a port")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            required("protocol", Kind::OneOf(&["tcp", "udp"])),
            required("trafficType", Kind::OneOf(&["ingress", "egress"])),
            required("port", PORT),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-network-latency", "delays the traffic of Kubernetes pods")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            optional("interface", Kind::Text),
            optional("delayMilliseconds", COUNT),
            optional("jitterMilliseconds", COUNT),
            optional("flowsPercent", FROM_NOTHING),
            optional("sources", Kind::Text),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:pod-network-packet-loss", "loses packets of Kubernetes pods")
        .on("Pods", "aws:eks:pod")
        .chosen(Chosen::ByParameters)
        .taking(&[
            required("duration", ANY_TIME),
            optional("interface", Kind::Text),
            optional("lossPercent", FROM_NOTHING),
            optional("flowsPercent", FROM_NOTHING),
            optional("sources", Kind::Text),
            required("kubernetesServiceAccount", Kind::Text),
            optional("fisPodContainerImage", Kind::Text),
            optional("maxErrorsPercent", FROM_NOTHING),
            optional("fisPodLabels", Kind::Text),
            optional("fisPodAnnotations", Kind::Text),
        ])
        .lasting("duration")
        .needing(IN_PODS),
    Entry::new("aws:eks:terminate-nodegroup-instances", "terminates a share of the instances of EKS node groups")
        .on("Nodegroups", "aws:eks:nodegroup")
        .taking(&[required("instanceTerminationPercentage", PERCENT)])
        .needing(&[
            reads("ec2:DescribeInstances"),
            harms("ec2:TerminateInstances", &["arn:{partition}:ec2:{region}:{account}:instance/*"]),
            on("eks:DescribeNodegroup", &["arn:{partition}:eks:{region}:{account}:nodegroup/*"]),
            FIND_BY_TAG,
        ]),
];
