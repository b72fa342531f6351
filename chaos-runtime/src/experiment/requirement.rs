//! `requires(…)`: whether this machine has what an experiment needs, asked before anything else.

use super::spec::Requirement;
use crate::report::journal::{Reason, ReasonKind, Verdict};

/// What is missing, and whether that fails the test or, where `CHAOS_SKIP_MISSING` names it, skips it loudly.
pub(crate) fn missing(requires: &[Requirement]) -> Option<(Verdict, Reason)> {
    let asked = std::env::var("CHAOS_SKIP_MISSING").unwrap_or_default();
    requires.iter().find_map(|requirement| {
        let message = problem(*requirement)?;
        let name = requirement.name();
        let skipped = asked.split([',', ' ']).any(|asked| asked == name);
        let verdict = if skipped { Verdict::Skipped } else { Verdict::Errored };
        let help = format!("{}, or set CHAOS_SKIP_MISSING={name} to skip such tests loudly", way_out(*requirement));
        let help = (!skipped).then_some(help);
        Some((verdict, Reason { kind: ReasonKind::Requirement, message, help }))
    })
}

impl Requirement {
    /// As in the attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Aws => "aws",
            Self::Kafka => "kafka",
        }
    }
}

fn problem(requirement: Requirement) -> Option<String> {
    match requirement {
        Requirement::Docker => docker(),
        Requirement::Aws | Requirement::Kafka => {
            Some(format!("requires {}, which this version of chaos-runtime can't reach yet", requirement.name()))
        }
    }
}

fn way_out(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::Docker => "start a Docker engine, or point DOCKER_HOST at one",
        Requirement::Aws | Requirement::Kafka => "remove the requirement",
    }
}

/// Whether an engine listens where the clients look for one.
fn docker() -> Option<String> {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let connected = match host.split_once("://") {
        #[cfg(unix)]
        Some(("unix", path)) => std::os::unix::net::UnixStream::connect(path).map(drop),
        Some(("tcp", address)) => std::net::TcpStream::connect(address).map(drop),
        // Named pipes and ssh are left to the client that uses them.
        _ => Ok(()),
    };
    connected.err().map(|error| format!("requires a Docker engine, but none answers at {host}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_reached_fails_with_the_way_out() {
        assert!(missing(&[]).is_none());
        let (verdict, reason) = missing(&[Requirement::Kafka]).unwrap();
        assert_eq!(verdict, Verdict::Errored);
        assert_eq!(reason.kind, ReasonKind::Requirement);
        assert!(reason.help.unwrap().contains("CHAOS_SKIP_MISSING=kafka"));
    }
}
