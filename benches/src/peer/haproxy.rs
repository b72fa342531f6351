//! haproxy as a TCP proxy of one thread.

use crate::bench::{Bench, Side, await_listener, find, free_port};
use crate::process::Child;
use std::path::{Path, PathBuf};

pub(crate) fn installed() -> Option<PathBuf> {
    find("haproxy")
}

/// In front of an address.
pub(crate) fn start(bench: &Bench, haproxy: &Path, upstream: &str) -> Result<(Child, String), String> {
    let address = format!("127.0.0.1:{}", free_port()?);
    // Two descriptors for each, and some of its own.
    let most = bench.descriptors.saturating_sub(100) / 2;
    let config = format!(
        "global
  nbthread 1
  maxconn {most}
defaults
  mode tcp
  maxconn {most}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen proxy
  bind {address} backlog 4096
  server upstream {upstream}\n"
    );
    let file = bench.scratch.join("haproxy.cfg");
    std::fs::write(&file, config).map_err(|error| error.to_string())?;
    let child = Child::start(bench.program(Side::Measured, haproxy, &["-db", "-f", &file.to_string_lossy()]))?;
    await_listener(&address)?;
    Ok((child, address))
}
