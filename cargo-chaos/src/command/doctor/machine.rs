//! How well this machine measures.

use super::check::Check;
use chaos_runtime::machine::{self, Lateness};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

const GROUP: &str = "machine";
/// A P99 beyond it shows in measured latencies.
const LATE_US: u64 = 1_000;
/// With fewer descriptors a load of moderate size meets the limit.
const FEW: u64 = 4_096;

pub(super) fn checks() -> Vec<Check> {
    vec![loopback("127.0.0.1"), loopback("::1"), descriptors(), cpus(), resolution(), synchronised()]
}

/// Alone, when nothing else runs: what else the machine does would show in it.
pub(super) fn timer() -> Vec<Check> {
    let (name, why) =
        ("timer", "arrivals of a load; what is late here is charged to the driver and told in the report");
    let late = match machine::lateness(200) {
        Ok(late) => late,
        Err(error) => return vec![Check::because(GROUP, name, true, &error).why(why)],
    };
    let Lateness { arrivals, median_us, p99_us, max_us, .. } = late;
    let figure = machine::duration;
    let found = format!(
        "{arrivals} arrivals 1 ms apart: late by {} (median), {} (P99), {} (max)",
        figure(median_us),
        figure(p99_us),
        figure(max_us)
    );
    let check =
        if p99_us > LATE_US { Check::warning(GROUP, name, found).fix(QUIET) } else { Check::ok(GROUP, name, found) };
    vec![check.why(why)]
}

const QUIET: &str = "close what keeps the cores busy; measure on a machine, or a CI runner, with cores of its own";

fn loopback(address: &str) -> Check {
    let name = if address.contains(':') { "loopback IPv6" } else { "loopback IPv4" };
    let is_needed = !address.contains(':');
    let why = if is_needed { "every proxy listens there" } else { "proxies for services on ::1" };
    match TcpListener::bind((address, 0)).and_then(|listener| std::net::TcpStream::connect(listener.local_addr()?)) {
        Ok(_) => Check::ok(GROUP, name, format!("{address} takes connections")).why(why),
        Err(error) => {
            let make = if is_needed { Check::missing } else { Check::warning };
            let fix = if is_needed {
                "`sudo ip link set lo up`"
            } else {
                "nothing, if no service needs it; else `sysctl net.ipv6.conf.lo.disable_ipv6=0`"
            };
            make(GROUP, name, format!("{address}: {error}")).why(why).fix(fix)
        }
    }
}

fn descriptors() -> Check {
    let name = "file descriptors";
    let why = "each connection through a proxy takes six or seven; a test raises its limit to the hard one itself";
    let limits = match machine::descriptors() {
        Ok(limits) => limits,
        Err(error) => return Check::because(GROUP, name, true, &error).why(why),
    };
    let told = |limit: Option<u64>| limit.map_or_else(|| "no limit".to_owned(), machine::count);
    let found = format!(
        "{} (soft), {} (hard): enough for {} connections through a proxy",
        told(limits.soft),
        told(limits.hard),
        machine::count(limits.connections())
    );
    match limits.hard.filter(|hard| *hard < FEW) {
        Some(_) => Check::warning(GROUP, name, found).why(why).fix(format!(
            "`ulimit -Hn {FEW}` as root before the tests, or `* hard nofile {}` in /etc/security/limits.conf; in a container `--ulimit nofile={}`",
            limits.wanted, limits.wanted
        )),
        None => Check::ok(GROUP, name, found).why(why),
    }
}

fn cpus() -> Check {
    let (name, why) = ("CPU", "load, proxies and often the service share it; a busy one makes tests inconclusive");
    let usable = std::thread::available_parallelism().map_or(1, usize::from);
    let before = Ticks::now();
    std::thread::sleep(Duration::from_millis(500));
    let mut found = format!("{usable} usable");
    let mut trouble = Vec::new();
    if let Some(quota) = quota() {
        found += &format!(", limited to {quota:.2} cores by the control group");
        if quota < 2.0 {
            trouble
                .push("a quota stops the whole test for parts of each 100 ms: give the container or runner two cores");
        }
    }
    let governor = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").unwrap_or_default();
    if !governor.trim().is_empty() {
        found += &format!(", governor {}", governor.trim());
    }
    if governor.trim() == "powersave" && !Path::new("/sys/devices/system/cpu/intel_pstate").exists() {
        trouble.push("slow clock rates show as latency: `sudo cpupower frequency-set -g performance`");
    }
    if let Some((busy, stolen)) = before.zip(Ticks::now()).and_then(|(before, now)| now.since(before)) {
        found += &format!(", {busy:.0} % busy, {stolen:.0} % taken by the hypervisor (over 0.5 s)");
        if busy > 80.0 {
            trouble.push(QUIET);
        }
        if stolen > 5.0 {
            trouble.push("other virtual machines take this one's time: use a runner with dedicated cores");
        }
    }
    if usable < 2 {
        trouble.push("load and service fight for one core: use two or more");
    }
    if trouble.is_empty() {
        Check::ok(GROUP, name, found).why(why)
    } else {
        Check::warning(GROUP, name, found).why(why).fix(trouble.join("; "))
    }
}

/// How many cores' time the control group of this process gets, of version 2 or 1.
fn quota() -> Option<f64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    if let Some(text) = read("/sys/fs/cgroup/cpu.max") {
        return of_cpu_max(&text);
    }
    let number = |path| read(path)?.trim().parse::<f64>().ok();
    let quota = number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").filter(|quota| *quota > 0.0)?;
    Some(quota / number("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?)
}

/// `200000 100000` or `max 100000`.
fn of_cpu_max(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

/// What the machine's CPUs have done, in ticks: all, idle, stolen.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    all: u64,
    idle: u64,
    stolen: u64,
}

impl Ticks {
    fn now() -> Option<Self> {
        Self::of(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// `cpu user nice system idle iowait irq softirq steal guest guest_nice`; a guest's time is in user's.
    fn of(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Vec<u64> = line.split_whitespace().map_while(|tick| tick.parse().ok()).collect();
        let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
        Some(Self { all: ticks.iter().take(8).sum(), idle: at(3) + at(4), stolen: at(7) })
    }

    /// Shares in percent: busy, stolen.
    fn since(self, before: Self) -> Option<(f64, f64)> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)? as f64;
        let idle = self.idle.saturating_sub(before.idle) as f64;
        Some((100.0 * (1.0 - idle / all), 100.0 * self.stolen.saturating_sub(before.stolen) as f64 / all))
    }
}

fn resolution() -> Check {
    let (name, why) = ("monotonic clock", "all latencies are measured with it");
    match machine::resolution() {
        Some(step) if step <= Duration::from_micros(1) => {
            Check::ok(GROUP, name, format!("steps of {} ns", step.as_nanos())).why(why)
        }
        Some(step) => Check::warning(GROUP, name, format!("steps of {} µs", step.as_micros()))
            .why(why)
            .fix("a kernel with high-resolution timers (CONFIG_HIGH_RES_TIMERS)"),
        None => Check::warning(GROUP, name, "this system does not tell its steps").why(why),
    }
}

fn synchronised() -> Check {
    let name = "time of day";
    let why = "AWS refuses calls from a clock that is 5 min wrong; CloudWatch's values are put on the timeline by it";
    let told = super::tools::version("timedatectl", &["show", "--property=NTPSynchronized", "--value"], Path::new("/"));
    match told.as_deref().map(str::trim) {
        Some("yes") => Check::ok(GROUP, name, "synchronised by NTP").why(why),
        Some("no") => {
            Check::warning(GROUP, name, "not synchronised by NTP").why(why).fix("`sudo timedatectl set-ntp true`")
        }
        _ if Path::new("/run/systemd/timesync/synchronized").exists() => {
            Check::ok(GROUP, name, "synchronised by NTP").why(why)
        }
        _ => Check::ok(GROUP, name, "no systemd here that tells whether it is synchronised").why(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_cores() {
        assert_eq!(of_cpu_max("150000 100000\n"), Some(1.5));
        assert_eq!(of_cpu_max("max 100000\n"), None);
    }

    #[test]
    fn shares_are_of_the_time_between() {
        let before = Ticks::of("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1").unwrap();
        let now = Ticks::of("cpu  130 0 110 840 10 0 0 10 30 0\n").unwrap();
        assert_eq!(now.since(before), Some((50.0, 10.0)));
        assert_eq!(before.since(before), None);
    }
}
