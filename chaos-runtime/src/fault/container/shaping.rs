//! Queueing disciplines on a container's interfaces, set from beside it.

use crate::rollback::{Beside, ContainerStep};
use crate::target::Container;
use crate::target::container::Helper;
use crate::{Error, Result};
use serde::Deserialize;

/// The interfaces that a container has, but loopback and ours.
const INTERFACES: &str = "$(ip -o link | sed -n 's/^[0-9]*: \\([^:@]*\\)[:@].*/\\1/p' | grep -v -e '^lo$' -e '^chaos')";

/// One script at a time: an undo waits for a setting that is under way, even if whoever began it has died.
pub(super) const ONE_AT_A_TIME: &str = "exec 9>/tmp/chaos.lock; flock 9\n";

/// A discipline on all interfaces of a container.
#[derive(Debug, Clone)]
pub(super) struct Shaping {
    helper: Helper,
    /// The number by which ours is known.
    handle: u16,
    /// In the words of `tc`: `tbf rate 1000bps …`.
    discipline: String,
    /// For what comes in too.
    both_ways: bool,
}

/// What passed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Passed {
    pub(super) packets: u64,
    /// How often a packet had to wait.
    pub(super) waits: u64,
    pub(super) drops: u64,
}

#[derive(Deserialize)]
struct Discipline {
    dev: String,
    handle: String,
    #[serde(default)]
    root: bool,
    #[serde(default)]
    packets: u64,
    #[serde(default)]
    overlimits: u64,
    #[serde(default)]
    drops: u64,
}

impl Shaping {
    /// Starts what is needed to set it. `None` if the host's kernel does not have the discipline.
    pub(super) async fn prepare(container: &Container, discipline: String, both_ways: bool) -> Result<Option<Self>> {
        container.own_network().await?;
        let helper = Helper::beside(container, Beside::Network).await?;
        let there = is_there(&helper, &discipline).await.map_err(|error| {
            Error::new(format!("no interface to try things on beside {container}: {}", error.message()))
                .help("the kernel of the engine's host needs the module `ifb` or `dummy`; faults on the container's proxies need neither")
        })?;
        let handle = fastrand::u16(0x1000..0x7fff);
        Ok(there.then_some(Self { helper, handle, discipline, both_ways }))
    }

    /// Sets it. Gives `false` if what comes in could not be shaped.
    pub(super) async fn set(&self) -> Result<bool> {
        let Self { handle, discipline, both_ways, .. } = self;
        let script = format!(
            "{ONE_AT_A_TIME}set -e\n\
             n=0\n\
             for i in {INTERFACES}; do\n\
               if tc qdisc show dev $i | grep ' root ' | grep -qv ' 0: '; then echo \"$i has a queueing discipline: $(tc qdisc show dev $i)\" >&2; exit 1; fi\n\
               tc qdisc add dev $i root handle {handle:x}: {discipline}\n\
               {both_ways} || continue\n\
               n=$((n + 1)); b=chaos{handle:x}-$n\n\
               if ip link add $b type ifb 2>/dev/null; then\n\
                 ip link set $b up; tc qdisc add dev $b root handle {handle:x}: {discipline}; tc qdisc add dev $i handle ffff: ingress\n\
                 tc filter add dev $i parent ffff: protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev $b\n\
               else echo one way; fi\n\
             done"
        );
        Ok(!self.helper.run(&script).await?.contains("one way"))
    }

    /// Removes it, whether set, half set or not.
    pub(super) fn undo(&self) -> ContainerStep {
        let handle = self.handle;
        self.helper.step(format!(
            "{ONE_AT_A_TIME}for i in {INTERFACES}; do\n\
               if tc qdisc show dev $i | grep -q ' {handle:x}: root '; then tc qdisc del dev $i root; fi\n\
               if tc filter show dev $i parent ffff: 2>/dev/null | grep -q chaos{handle:x}-; then tc qdisc del dev $i ingress; fi\n\
             done\n\
             for b in $(ip -o link | sed -n 's/^[0-9]*: \\(chaos{handle:x}-[0-9]*\\)[:@].*/\\1/p'); do ip link del $b; done\n\
             ! {{ tc qdisc show; ip link; }} | grep -e ' {handle:x}: root ' -e chaos{handle:x}-"
        ))
    }

    /// Reads the counters; `None` if it is gone.
    pub(super) async fn count(&self) -> Result<Option<Passed>> {
        if self.helper.is_outdated().await? {
            return Ok(None);
        }
        let shown = self.helper.run("tc -s -j qdisc show").await?;
        parse(&shown, self.handle)
    }
}

/// Whether the kernel has a discipline, tried on an interface that nobody uses.
pub(super) async fn is_there(helper: &Helper, discipline: &str) -> Result<bool> {
    let probe = format!(
        "{ONE_AT_A_TIME}ip link add chaosprobe type ifb || ip link add chaosprobe type dummy || exit 1\n\
         tc qdisc add dev chaosprobe root {discipline} >/dev/null && echo there\n\
         ip link del chaosprobe"
    );
    Ok(helper.run(&probe).await?.contains("there"))
}

fn parse(shown: &str, handle: u16) -> Result<Option<Passed>> {
    let all: Vec<Discipline> = serde_json::from_str(shown.trim())
        .map_err(|error| Error::new(format!("what tc says makes no sense: {shown}")).caused_by(error))?;
    let handle = format!("{handle:x}:");
    let ours: Vec<&Discipline> = all.iter().filter(|one| one.root && one.handle == handle && one.dev != "lo").collect();
    let sum = |of: fn(&Discipline) -> u64| ours.iter().map(|one| of(one)).sum();
    let passed =
        Passed { packets: sum(|one| one.packets), waits: sum(|one| one.overlimits), drops: sum(|one| one.drops) };
    Ok((!ours.is_empty()).then_some(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_both_ways_are_added_and_those_of_others_are_not() {
        let shown = r#"[{"kind":"noqueue","handle":"0:","dev":"lo","root":true,"options":{}},
            {"kind":"tbf","handle":"1f2e:","dev":"eth0","root":true,"options":{"rate":125000},"bytes":9,"packets":4,"drops":1,"overlimits":3},
            {"kind":"tbf","handle":"1f2e:","dev":"chaos1f2e-1","root":true,"options":{},"bytes":9,"packets":2,"drops":0,"overlimits":1},
            {"kind":"tbf","handle":"1:","dev":"eth1","root":true,"options":{},"packets":100,"drops":100,"overlimits":100},
            {"kind":"ingress","handle":"ffff:","dev":"eth0","parent":"ffff:fff1","options":{},"packets":7}]"#;
        let passed = parse(shown, 0x1f2e).unwrap();
        assert_eq!(passed, Some(Passed { packets: 6, waits: 4, drops: 1 }));
        assert_eq!(parse(shown, 0x1f2f).unwrap(), None);
        assert!(parse("Error", 1).is_err());
    }
}
