//! Packet filter rules in a container's network namespace, set from beside it.

use super::shaping::ONE_AT_A_TIME;
use crate::rollback::{Beside, ContainerStep};
use crate::target::Container;
use crate::target::container::Helper;
use crate::{Error, Result};

/// A queue that nobody reads. What goes there is lost without the sender knowing, as in a network; `DROP` in `OUTPUT`
/// would fail the sender's call with EPERM instead.
const SILENT: &str = "NFQUEUE --queue-num 47313";

/// What becomes of a packet that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is lost.
    Lost,
    /// Its sender is told that nobody is there.
    Refused,
}

/// One rule: a match in the words of iptables.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    matching: String,
    /// For packets that come in, or for those that go out.
    incoming: bool,
    fate: Fate,
    /// `None`: for both families.
    version: Option<Version>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

impl Rule {
    pub(super) fn incoming(matching: impl Into<String>) -> Self {
        Self { matching: matching.into(), incoming: true, fate: Fate::Lost, version: None }
    }

    pub(super) fn outgoing(matching: impl Into<String>) -> Self {
        Self { incoming: false, ..Self::incoming(matching) }
    }

    pub(super) fn fate(self, fate: Fate) -> Self {
        Self { fate, ..self }
    }

    pub(super) fn version(self, version: Version) -> Self {
        Self { version: Some(version), ..self }
    }
}

/// Rules that are set and removed together, in chains of their own.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    helper: Helper,
    chain: String,
    rules: Vec<Rule>,
    /// Whether what a container says to itself is meant too.
    loopback: bool,
}

/// What the rules have seen, in packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counted {
    pub(super) seen: u64,
    pub(super) hit: u64,
}

impl Rules {
    /// Starts what is needed to set them.
    pub(super) async fn prepare(container: &Container, rules: Vec<Rule>) -> Result<Self> {
        container.own_network().await?;
        Ok(Self::in_helper(Helper::beside(container, Beside::Network).await?, rules))
    }

    /// In the network of this helper.
    pub(super) fn in_helper(helper: Helper, rules: Vec<Rule>) -> Self {
        Self { helper, chain: format!("CHAOS-{:08x}", fastrand::u32(..)), rules, loopback: false }
    }

    pub(super) fn with_loopback(self) -> Self {
        Self { loopback: true, ..self }
    }

    /// Sets all of them at once. Gives `false` if packets could not be lost silently on their way out, so that senders
    /// are told.
    pub(super) async fn set(&self) -> Result<bool> {
        let said = self.helper.run(&self.set_script()).await?;
        Ok(!said.contains("not silent"))
    }

    /// Removes them, whether set, half set or not.
    pub(super) fn undo(&self) -> ContainerStep {
        self.helper.step(clear_script(&self.chain))
    }

    /// Reads the counters; `None` if the rules are gone.
    pub(super) async fn count(&self) -> Result<Option<Counted>> {
        if self.helper.is_outdated().await? {
            return Ok(None);
        }
        let saved =
            self.helper.run("iptables-save -c -t filter; ip6tables-save -c -t filter 2>/dev/null; true").await?;
        parse_counters(&saved, &self.chain)
    }

    fn set_script(&self) -> String {
        let table = |version, silent| self.table(version, silent);
        // IPv6 rules only where there are IPv6 addresses: a kernel without IPv6 has no such tables.
        format!(
            "{ONE_AT_A_TIME}set_rules() {{ $1 -w 5 -n <<RULES\n$2\nRULES\n}}\n\
             set_rules iptables-restore '{}' 2>/tmp/said || {{ set_rules iptables-restore '{}' && echo not silent; }} || {{ cat /tmp/said >&2; exit 1; }}\n\
             [ -n \"$(ip -6 -o addr show scope global 2>/dev/null)\" ] || exit 0\n\
             set_rules ip6tables-restore '{}' 2>/dev/null || {{ set_rules ip6tables-restore '{}' && echo not silent; }}",
            table(Version::V4, true),
            table(Version::V4, false),
            table(Version::V6, true),
            table(Version::V6, false),
        )
    }

    /// The input of `iptables-restore`, which takes all of it or nothing.
    fn table(&self, version: Version, silent: bool) -> String {
        let chain = &self.chain;
        let mut lines = vec!["*filter".to_owned(), format!(":{chain}-I - [0:0]"), format!(":{chain}-O - [0:0]")];
        for rule in self.rules.iter().filter(|rule| rule.version.is_none_or(|of| of == version)) {
            let side = if rule.incoming { 'I' } else { 'O' };
            let append =
                |protocol: &str, target: &str| format!("-A {chain}-{side} {protocol}{} -j {target}", rule.matching);
            match rule.fate {
                Fate::Lost if rule.incoming || !silent => lines.push(append("", "DROP")),
                Fate::Lost => lines.push(append("", SILENT)),
                // Each protocol has its own way to say it.
                Fate::Refused => {
                    lines.push(append("-p tcp ", "REJECT --reject-with tcp-reset"));
                    let unreachable =
                        if version == Version::V4 { "icmp-port-unreachable" } else { "icmp6-port-unreachable" };
                    lines.push(append("-p udp ", &format!("REJECT --reject-with {unreachable}")));
                }
            }
        }
        // The interface is matched here: in OUTPUT there is no incoming one, and a rule that names it never matches.
        let (inside, outside) = if self.loopback { ("", "") } else { ("! -i lo ", "! -o lo ") };
        lines.push(format!("-I INPUT 1 {inside}-j {chain}-I"));
        lines.push(format!("-I OUTPUT 1 {outside}-j {chain}-O"));
        lines.push("COMMIT".to_owned());
        lines.join("\n")
    }
}

/// Succeeds only if nothing of the chains is left, in both families.
fn clear_script(chain: &str) -> String {
    format!(
        "{ONE_AT_A_TIME}for t in iptables ip6tables; do\n\
           s=$($t-save -t filter 2>/dev/null)\n\
           echo \"$s\" | sed -n 's/^-A \\(.* -j {chain}-[IO]\\)$/-D \\1/p' | while read -r rule; do $t -w 5 $rule; done\n\
           for c in {chain}-I {chain}-O; do echo \"$s\" | grep -q \"^:$c \" && {{ $t -w 5 -F $c; $t -w 5 -X $c; }}; done\n\
         done\n\
         ! {{ iptables-save -t filter; ip6tables-save -t filter; }} 2>/dev/null | grep {chain}"
    )
}

/// From `iptables-save -c`: `[12:840] -A CHAOS-0a1b2c3d-I -m statistic … -j DROP`.
fn parse_counters(saved: &str, chain: &str) -> Result<Option<Counted>> {
    let mut counted = Counted::default();
    let mut there = false;
    for line in saved.lines().filter(|line| line.contains(chain)) {
        there = true;
        let Some((packets, rest)) = line.strip_prefix('[').and_then(|line| line.split_once(':')) else { continue };
        let Some((_, rule)) = rest.split_once("] ") else { continue };
        let packets: u64 = packets.parse().map_err(|error| {
            Error::new(format!("the counters of the packet filter make no sense: {line}")).caused_by(error)
        })?;
        if rule.starts_with(&format!("-A {chain}-")) {
            counted.hit += packets;
        } else {
            counted.seen += packets;
        }
    }
    Ok(there.then_some(counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_exactly() {
        let saved = "*filter\n:INPUT ACCEPT [0:0]\n:CHAOS-0a-I - [0:0]\n[10000:1280000] -A INPUT ! -i lo -j CHAOS-0a-I\n\
                     [6:936] -A OUTPUT ! -o lo -j CHAOS-0a-O\n[2003:256412] -A CHAOS-0a-I -m statistic -j DROP\n\
                     [1:60] -A CHAOS-0a-O -m statistic -j NFQUEUE --queue-num 47313\n[9:9] -A INPUT -j OTHER\nCOMMIT";
        assert_eq!(parse_counters(saved, "CHAOS-0a").unwrap(), Some(Counted { seen: 10_006, hit: 2_004 }));
        assert_eq!(parse_counters(saved, "CHAOS-0b").unwrap(), None);
        assert!(parse_counters("[x:1] -A CHAOS-0a-I -j DROP", "CHAOS-0a").is_err());
    }
}
