//! What this process holds: sockets and memory.

use std::collections::HashSet;
use std::net::SocketAddr;

/// Sockets of this process that are a proxy's: those from the port at which it listens, and those to its service.
pub fn sockets_of_proxy(proxy: SocketAddr, service: SocketAddr) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let port = |field: &str| u16::from_str_radix(field.rsplit_once(':')?.1, 16).ok();
    let inodes = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_its_own = port(fields.get(1)?)? == proxy.port() || port(fields.get(2)?)? == service.port();
        is_its_own.then(|| format!("socket:[{}]", fields.get(9)?).into()).flatten()
    });
    let inodes: HashSet<String> = inodes.collect();
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let open = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    open.filter(|to| inodes.contains(to.to_string_lossy().as_ref())).count()
}

/// Memory of this process that is in use, in bytes.
///
/// # Panics
/// If the kernel does not say.
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has a size");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
}
