use super::actions;
use crate::aws::fis::value::{in_percent, milliseconds};
use crate::aws::fis::{Action, Protocol, Traffic};
use crate::units::Percent;
use std::time::Duration;

actions! {
    /// Keeps the processors of EC2 instances busy, through Systems Manager.
    "aws:ssm:send-command" => pub fn instance_cpu_stress(lasting: Duration) -> Self {
        faulty("AWSFIS-Run-CPU-Stress", lasting)
    }

    /// Fills a share of the memory of EC2 instances, through Systems Manager.
    "aws:ssm:send-command" => pub fn instance_memory_stress(share: Percent, lasting: Duration) -> Self {
        faulty("AWSFIS-Run-Memory-Stress", lasting).document_parameter("Percent", in_percent(share))
    }

    /// Keeps the disks of EC2 instances busy, through Systems Manager.
    "aws:ssm:send-command" => pub fn instance_io_stress(lasting: Duration) -> Self {
        faulty("AWSFIS-Run-IO-Stress", lasting)
    }

    /// Fills a share of the root disk of EC2 instances, through Systems Manager. A disk that is wholly full may keep
    /// the fault from being ended early.
    "aws:ssm:send-command" => pub fn instance_disk_fill(share: Percent, lasting: Duration) -> Self {
        faulty("AWSFIS-Run-Disk-Fill", lasting).document_parameter("Percent", in_percent(share))
    }

    /// Ends a process on EC2 instances, through Systems Manager.
    "aws:ssm:send-command" => pub fn instance_kill_process(process: impl Into<String>) -> Self {
        Self::run_document("AWSFIS-Run-Kill-Process", Duration::from_secs(60))
            .document_parameter("ProcessName", process)
    }

    /// Delays the traffic of EC2 instances with these: addresses, CIDR blocks, domain names, Availability Zones,
    /// `DYNAMODB`, `S3`, `ALL`. Through Systems Manager.
    "aws:ssm:send-command" =>
    pub fn instance_network_latency(
        delay: Duration, sources: impl IntoIterator<Item = impl Into<String>>, lasting: Duration
    ) -> Self {
        faulty("AWSFIS-Run-Network-Latency-Sources", lasting)
            .document_parameter("DelayMilliseconds", milliseconds(delay).to_string())
            .document_parameter("Sources", listed(sources))
    }

    /// Loses a share of the packets of EC2 instances with these; see
    /// [`instance_network_latency`](Self::instance_network_latency). Through Systems Manager.
    "aws:ssm:send-command" =>
    pub fn instance_network_packet_loss(
        loss: Percent, sources: impl IntoIterator<Item = impl Into<String>>, lasting: Duration
    ) -> Self {
        faulty("AWSFIS-Run-Network-Packet-Loss-Sources", lasting)
            .document_parameter("LossPercent", in_percent(loss))
            .document_parameter("Sources", listed(sources))
    }

    /// Drops traffic of EC2 instances on a port, through Systems Manager.
    "aws:ssm:send-command" =>
    pub fn instance_network_black_hole(
        traffic: Traffic, protocol: Protocol, port: u16, lasting: Duration
    ) -> Self {
        faulty("AWSFIS-Run-Network-Blackhole-Port", lasting)
            .document_parameter("TrafficType", traffic.name())
            .document_parameter("Protocol", protocol.name())
            .document_parameter("Port", port.to_string())
    }
}

/// A document of FIS that ends by itself. Its time begins when what it needs is installed, so FIS watches it a
/// minute longer.
fn faulty(document: &str, lasting: Duration) -> Action {
    Action::run_document(document, lasting.saturating_add(Duration::from_secs(60)))
        .document_parameter("DurationSeconds", lasting.as_secs().to_string())
}

fn listed(sources: impl IntoIterator<Item = impl Into<String>>) -> String {
    sources.into_iter().map(Into::into).collect::<Vec<String>>().join(",")
}
