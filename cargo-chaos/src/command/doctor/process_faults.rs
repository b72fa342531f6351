//! What faults on child processes ask of the kernel.

use super::check::Check;
#[cfg(target_os = "linux")]
use chaos_runtime::machine;

const GROUP: &str = "faults";

#[cfg(not(target_os = "linux"))]
pub(super) fn checks() -> Vec<Check> {
    let found = "of the faults on processes only kill, restart, pause and a CPU limit by turns are made outside Linux";
    vec![
        Check::warning(GROUP, "processes", found)
            .why("cpu_pressure, memory_limit, fd_exhaustion, clock_ahead, small_disk")
            .fix("run tests with these on Linux, or in a container"),
    ]
}

#[cfg(target_os = "linux")]
pub(super) fn checks() -> Vec<Check> {
    vec![
        group(
            "cpu",
            "cpu_limit and cpu_pressure",
            "without: the limit by turns of SIGSTOP, the pressure on the whole machine",
        ),
        group("memory", "memory_limit", "without: memory is refused by RLIMIT_DATA, and nobody is killed"),
        waits(),
        clock(),
        disk(),
    ]
}

#[cfg(target_os = "linux")]
fn group(controller: &str, needs: &str, without: &str) -> Check {
    let name = format!("cgroup {controller}");
    let why = format!("{needs}; {without}");
    match machine::cgroup(controller) {
        Ok(found) => Check::ok(GROUP, name, found).why(why),
        Err(error) => Check::because(GROUP, name, false, &error).why(why).fix(
            "run the tests as root, or in a session that may: `systemd-run --user --scope -p Delegate=yes cargo test`",
        ),
    }
}

#[cfg(target_os = "linux")]
fn waits() -> Check {
    let (name, why) = ("waits for a CPU", "the evidence of cpu_pressure");
    if machine::tells_waits() {
        return Check::ok(GROUP, name, "the kernel tells them").why(why);
    }
    let fix = "a kernel with CONFIG_SCHED_INFO, or `cpu_limit` instead";
    Check::warning(GROUP, name, "this kernel does not tell them").why(why).fix(fix)
}

#[cfg(target_os = "linux")]
fn clock() -> Check {
    let (name, why) = ("libfaketime", "clock_ahead and clock_behind of processes");
    match machine::clock_library() {
        Ok(path) => Check::ok(GROUP, name, path.display().to_string()).why(why),
        Err(error) => Check::because(GROUP, name, false, &error).why(why),
    }
}

#[cfg(target_os = "linux")]
fn disk() -> Check {
    let (name, why) = ("mounting", "chaos.small_disk(…), a disk to be filled");
    match machine::small_disk() {
        Ok(()) => Check::ok(GROUP, name, "a tmpfs was mounted and unmounted").why(why),
        Err(error) => Check::because(GROUP, name, false, &error).why(why),
    }
}
