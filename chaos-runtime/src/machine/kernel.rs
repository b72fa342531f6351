//! What process faults ask of the kernel.

use crate::fault::process::cpu_pressure_is_told;
use crate::rollback::mounted;
use crate::target::process::cgroup::{Group, Version};
use crate::target::process::clock;
use crate::{Error, Result};
use std::path::PathBuf;

/// Where a control group with this controller (`cpu`, `memory`) can be made for a child of this process: what
/// `cpu_limit`, `cpu_pressure` and `memory_limit` ask.
///
/// # Errors
/// Why none can be.
pub fn cgroup(controller: &str) -> Result<String> {
    let group = Group::find(controller, std::process::id()).map_err(Error::new)?;
    let version = match group.version() {
        Version::One => 1,
        Version::Two => 2,
    };
    Ok(format!("version {version}, below {}", group.above().display()))
}

/// The library of `clock_ahead` and `clock_behind`.
///
/// # Errors
/// If it is not installed.
pub fn clock_library() -> Result<PathBuf> {
    clock::library()
}

/// Whether this user may mount a small disk, by doing so for a moment: what `small_disk` does.
///
/// # Errors
/// Why not, with the way out.
pub fn small_disk() -> Result {
    let path = std::env::temp_dir().join(format!("{}{:016x}", mounted::PREFIX, fastrand::u64(..)));
    let mounted = crate::target::mount_small_disk(&path, 64 << 10);
    // Also what was half made.
    let unmounted = mounted::unmount(&path);
    mounted.and(unmounted)
}

/// Whether the kernel tells how long a process waits for a CPU: the evidence of `cpu_pressure`.
pub fn tells_waits() -> bool {
    cpu_pressure_is_told(std::process::id())
}
