//! Systems Manager, and the documents with faults that FIS brings.

use super::entry::{Entry, Kind, LONG, optional, required};
use super::permission::{Condition, Permission, on, reads};

/// AWS's own documents have no account in their ARN.
const DOCUMENTS: &[&str] =
    &["arn:{partition}:ssm:{region}::document/*", "arn:{partition}:ssm:{region}:{account}:document/*"];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:ssm:send-command", "runs a document of Systems Manager on EC2 instances")
        .on("Instances", "aws:ec2:instance")
        .taking(&[
            required("documentArn", Kind::Arn("ssm")),
            optional("documentVersion", Kind::Text),
            optional("documentParameters", Kind::Json),
            required("duration", LONG),
        ])
        .lasting("duration")
        .needing(&[
            on("ssm:SendCommand", DOCUMENTS),
            Permission {
                action: "ssm:SendCommand",
                resources: &["arn:{partition}:ec2:{region}:{account}:instance/*"],
                condition: Condition::RequiredTag("ssm:resourceTag/"),
            },
            reads("ssm:ListCommands"),
            reads("ssm:CancelCommand"),
            reads("ec2:DescribeInstances"),
            reads("ec2:DescribeSubnets"),
        ]),
    Entry::new("aws:ssm:start-automation-execution", "runs an automation of Systems Manager")
        .taking(&[
            required("documentArn", Kind::Arn("ssm")),
            optional("documentVersion", Kind::Text),
            optional("documentParameters", Kind::Json),
            required("maxDuration", LONG),
        ])
        .lasting("maxDuration")
        .needing(&[
            on(
                "ssm:StartAutomationExecution",
                &[
                    "arn:{partition}:ssm:{region}:*:automation-definition/*:*",
                    "arn:{partition}:ssm:{region}:*:document/*",
                    "arn:{partition}:ssm:{region}:{account}:automation-execution/*",
                ],
            ),
            on("ssm:GetAutomationExecution", &["arn:{partition}:ssm:{region}:{account}:automation-execution/*"]),
            on("ssm:StopAutomationExecution", &["arn:{partition}:ssm:{region}:{account}:automation-execution/*"]),
        ]),
];

/// A document of AWS with a fault for instances.
pub(crate) struct Document {
    /// `AWSFIS-Run-CPU-Stress`
    pub(crate) name: &'static str,
    /// Its parameters and which are required.
    pub(crate) parameters: &'static [(&'static str, bool)],
}

/// What is known of the document with this name.
pub(crate) fn document(name: &str) -> Option<&'static Document> {
    DOCUMENTS_OF_FIS.iter().find(|known| known.name == name)
}

/// From <https://docs.aws.amazon.com/fis/latest/userguide/actions-ssm-agent.html>, sorted by name.
pub(super) const DOCUMENTS_OF_FIS: [Document; 10] = [
    Document {
        name: "AWSFIS-Run-CPU-Stress",
        parameters: &[
            ("DurationSeconds", true),
            ("CPU", false),
            ("LoadPercent", false),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Disk-Fill",
        parameters: &[("DurationSeconds", true), ("Percent", false), ("InstallDependencies", false)],
    },
    Document {
        name: "AWSFIS-Run-IO-Stress",
        parameters: &[
            ("DurationSeconds", true),
            ("Workers", false),
            ("Percent", false),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Kill-Process",
        parameters: &[("ProcessName", true), ("Signal", false), ("InstallDependencies", false)],
    },
    Document {
        name: "AWSFIS-Run-Memory-Stress",
        parameters: &[("DurationSeconds", true), ("Workers", false), ("Percent", true), ("InstallDependencies", false)],
    },
    Document {
        name: "AWSFIS-Run-Network-Blackhole-Port",
        parameters: &[
            ("Protocol", true),
            ("Port", true),
            ("TrafficType", false),
            ("DurationSeconds", true),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Network-Latency",
        parameters: &[
            ("Interface", false),
            ("DelayMilliseconds", false),
            ("DurationSeconds", true),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Network-Latency-Sources",
        parameters: &[
            ("Interface", false),
            ("DelayMilliseconds", false),
            ("JitterMilliseconds", false),
            ("FlowsPercent", false),
            ("Sources", true),
            ("TrafficType", false),
            ("DurationSeconds", true),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Network-Packet-Loss",
        parameters: &[
            ("Interface", false),
            ("LossPercent", false),
            ("DurationSeconds", true),
            ("InstallDependencies", false),
        ],
    },
    Document {
        name: "AWSFIS-Run-Network-Packet-Loss-Sources",
        parameters: &[
            ("Interface", false),
            ("LossPercent", false),
            ("FlowsPercent", false),
            ("Sources", true),
            ("TrafficType", false),
            ("DurationSeconds", true),
            ("InstallDependencies", false),
        ],
    },
];
