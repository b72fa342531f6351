//! ECS tasks and clusters. The actions on what runs in a task need the SSM agent beside it as a container; those on
//! its network need `pidMode: task` too.

use super::entry::{ANY_TIME, COUNT, Entry, FROM_NOTHING, Kind, LONG, PERCENT, PORT, optional, required};
use super::permission::{FIND_BY_TAG, Permission, harms, on, reads};

const TASKS: &[&str] = &["arn:{partition}:ecs:{region}:{account}:task/*/*"];
const CLUSTERS: &[&str] = &["arn:{partition}:ecs:{region}:{account}:cluster/*"];
const CONTAINER_INSTANCES: &[&str] = &["arn:{partition}:ecs:{region}:{account}:container-instance/*/*"];

/// A task is a managed instance of SSM, with tags of its own.
const SEND: Permission = on(
    "ssm:SendCommand",
    &[
        "arn:{partition}:ssm:{region}::document/AWSFIS-Run-*",
        "arn:{partition}:ssm:{region}:{account}:managed-instance/*",
    ],
);
const IN_TASKS: &[Permission] =
    &[on("ecs:DescribeTasks", TASKS), SEND, reads("ssm:ListCommands"), reads("ssm:CancelCommand")];
const TO_SOURCES: &[Permission] = &[
    on("ecs:DescribeTasks", TASKS),
    on("ecs:DescribeContainerInstances", CONTAINER_INSTANCES),
    reads("ec2:DescribeInstances"),
    reads("ec2:DescribeSubnets"),
    SEND,
    reads("ssm:ListCommands"),
    reads("ssm:CancelCommand"),
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:ecs:drain-container-instances", "drains a share of the container instances of ECS clusters")
        .on("Clusters", "aws:ecs:cluster")
        .taking(&[required("drainagePercentage", PERCENT), required("duration", LONG)])
        .lasting("duration")
        .needing(&[
            on("ecs:DescribeClusters", CLUSTERS),
            on("ecs:UpdateContainerInstancesState", CONTAINER_INSTANCES),
            on("ecs:ListContainerInstances", CLUSTERS),
            FIND_BY_TAG,
        ]),
    Entry::new("aws:ecs:stop-task", "stops ECS tasks").on("Tasks", "aws:ecs:task").needing(&[
        on("ecs:DescribeTasks", TASKS),
        reads("ecs:ListTasks"),
        harms("ecs:StopTask", TASKS),
        FIND_BY_TAG,
    ]),
    Entry::new("aws:ecs:task-cpu-stress", "keeps the processors of ECS tasks busy")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("duration", ANY_TIME),
            optional("percent", FROM_NOTHING),
            optional("workers", COUNT),
            optional("installDependencies", Kind::Bool),
        ])
        .lasting("duration")
        .needing(IN_TASKS),
    Entry::new("aws:ecs:task-io-stress", "keeps the disks of ECS tasks busy")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("duration", ANY_TIME),
            optional("percent", FROM_NOTHING),
            optional("workers", COUNT),
            optional("installDependencies", Kind::Bool),
        ])
        .lasting("duration")
        .needing(IN_TASKS),
    Entry::new("aws:ecs:task-kill-process", "ends a process in ECS tasks")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("processName", Kind::Text),
            optional("signal", Kind::OneOf(&["SIGTERM", "SIGKILL"])),
            optional("installDependencies", Kind::Bool),
        ])
        .needing(IN_TASKS),
    Entry::new("aws:ecs:task-network-blackhole-port", "drops traffic of ECS tasks on a port")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("duration", ANY_TIME),
            required("port", PORT),
            required("trafficType", Kind::OneOf(&["ingress", "egress"])),
            optional("protocol", Kind::OneOf(&["tcp", "udp"])),
            optional("installDependencies", Kind::Bool),
            optional("useEcsFaultInjectionEndpoints", Kind::Bool),
        ])
        .lasting("duration")
        .needing(IN_TASKS),
    Entry::new("aws:ecs:task-network-latency", "delays what ECS tasks send")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("duration", ANY_TIME),
            optional("delayMilliseconds", COUNT),
            optional("jitterMilliseconds", COUNT),
            optional("flowsPercent", FROM_NOTHING),
            optional("sources", Kind::Text),
            optional("installDependencies", Kind::Bool),
            optional("useEcsFaultInjectionEndpoints", Kind::Bool),
        ])
        .lasting("duration")
        .needing(TO_SOURCES),
    Entry::new("aws:ecs:task-network-packet-loss", "loses packets that ECS tasks send")
        .on("Tasks", "aws:ecs:task")
        .taking(&[
            required("duration", ANY_TIME),
            optional("lossPercent", FROM_NOTHING),
            optional("flowsPercent", FROM_NOTHING),
            optional("sources", Kind::Text),
            optional("installDependencies", Kind::Bool),
            optional("useEcsFaultInjectionEndpoints", Kind::Bool),
        ])
        .lasting("duration")
        .needing(TO_SOURCES),
];
