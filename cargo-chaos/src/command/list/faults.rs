//! Which faults an experiment injects, as far as the methods that its body calls show that.

use chaos_runtime::report::catalogue::CatalogueEntry;

/// Methods that make faults, and what they do. Methods of the body's own objects may be called the same, so they count
/// only beside `inject`.
const FAULTS: [(&str, &str); 55] = [
    ("abort", "aborted requests"),
    ("action", "FIS action"),
    ("bandwidth", "bandwidth"),
    ("black_hole", "black hole"),
    ("clock_ahead", "clock ahead"),
    ("clock_behind", "clock behind"),
    ("connection_limit", "connection limit"),
    ("corruption", "corruption"),
    ("cpu_limit", "CPU limit"),
    ("cpu_pressure", "CPU pressure"),
    ("crash_writer", "crash of the writer"),
    ("cut_body", "cut bodies"),
    ("disconnect", "disconnection"),
    ("disk_full", "full disk"),
    ("dns_failure", "DNS failure"),
    ("dns_flip", "DNS flip"),
    ("dns_nxdomain", "DNS: no such name"),
    ("dns_slow", "slow DNS"),
    ("dns_stale", "stale DNS"),
    ("down", "down"),
    ("drop_connections", "dropped connections"),
    ("duplication", "duplication"),
    ("failover", "failover"),
    ("fd_exhaustion", "no file descriptors"),
    ("full", "full disk"),
    ("grpc_status", "gRPC status"),
    ("http_delay", "delayed requests"),
    ("kill", "kill"),
    ("latency", "latency"),
    ("limit_data", "limited data"),
    ("lose_reader", "loss of a reader"),
    ("loss", "packet loss"),
    ("memory_limit", "memory limit"),
    ("memory_pressure", "memory pressure"),
    ("packet_corruption", "packet corruption"),
    ("packet_loss", "packet loss"),
    ("partition", "partition"),
    ("pause", "pause"),
    ("pids_limit", "process limit"),
    ("rate_limit", "rate limit"),
    ("reboot_instances", "reboot of instances"),
    ("reboot_writer", "reboot of the writer"),
    ("remove_header", "removed header"),
    ("reordering", "reordering"),
    ("replace_body", "replaced bodies"),
    ("replication_lag", "replication lag"),
    ("reset", "resets"),
    ("restart", "restart"),
    ("slicer", "sliced stream"),
    ("slow_close", "slow close"),
    ("slow_connect", "slow connect"),
    ("stall", "stall"),
    ("stop", "stop"),
    ("stop_instances", "stopped instances"),
    ("terminate_instances", "terminated instances"),
];

/// The faults by name; empty where nothing of the body's own lines shows them.
pub(crate) fn of(entry: &CatalogueEntry) -> Vec<&str> {
    let mut faults: Vec<&str> = Vec::new();
    if entry.calls.iter().any(|call| call == "inject") {
        let made = entry.calls.iter().filter_map(|call| FAULTS.iter().find(|(method, _)| method == call));
        faults.extend(made.map(|(_, fault)| *fault));
        faults.dedup();
        if faults.is_empty() {
            faults.push("a fault of its own");
        }
    }
    faults.extend(entry.uses.iter().map(String::as_str));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_in_order_each_once() {
        assert!(FAULTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
