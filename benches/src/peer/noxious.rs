//! noxious, toxiproxy's port to Rust: its library, served by `benches/peers/noxious`, which `benches/run` builds.

use crate::bench::{Bench, Side, find};
use crate::process::Child;
use std::path::{Path, PathBuf};

pub(crate) fn installed() -> Option<PathBuf> {
    find("chaos-noxious-peer")
}

/// In front of an address, with a latency towards the client.
pub(crate) fn start(bench: &Bench, noxious: &Path, upstream: &str, latency: u64) -> Result<(Child, String), String> {
    let args = [upstream, &latency.to_string()];
    let mut child = Child::start(bench.program(Side::Measured, noxious, &args))?;
    let address = child.address()?;
    crate::bench::await_listener(&address)?;
    Ok((child, address))
}
